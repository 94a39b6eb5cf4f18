//! The world outside of environments, carried to them on a thread of its own.

use crate::aws_endpoint::{Inside, calls_as};
use lambent_authority::Authority;
use lambent_invoker::Outside;
use lambent_relay::{AwsConnection, Reach, Relay};
use lambent_sandbox::{BoxFuture, Gate};
use lambent_types::FunctionRecord;
use rustix::process::{Resource, getrlimit};
use std::{io, sync::Arc};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

/// A conversation takes two descriptors; together they leave half of those that the server may have.
const SHARE_OF_FILES: u64 = 4;
/// Where the host sets no limit.
const MOST_CONVERSATIONS: u64 = 65_536;

/// Stands at all gates. What functions pump through takes this one thread's time, and not that of those who serve invocations.
pub(crate) struct World {
    relay: Relay,
    inside: Arc<Inside>,
    authority: Option<Authority>,
    /// `None` while it is dropped.
    runtime: Option<Runtime>,
}

impl World {
    /// Starts the thread.
    pub(crate) fn start(reach: Reach, inside: Arc<Inside>, authority: Option<Authority>) -> io::Result<Self> {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let conversations = (files / SHARE_OF_FILES).min(MOST_CONVERSATIONS);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("network")
            .enable_all()
            .build()?;
        Ok(Self {
            relay: Relay::new(reach, usize::try_from(conversations).unwrap_or(usize::MAX)),
            inside,
            authority,
            runtime: Some(runtime),
        })
    }
}

impl Outside for World {
    fn stand_at(&self, gate: Gate, function: &FunctionRecord) -> BoxFuture<'static, ()> {
        let Some(runtime) = &self.runtime else {
            return Box::pin(std::future::ready(()));
        };
        let (inside, caller) = (Arc::clone(&self.inside), calls_as(function));
        let authority = self.authority.clone();
        let aws: AwsConnection =
            Arc::new(move |stream, port| inside.connection(stream, port, &caller, authority.clone()));
        let relay = self.relay.clone();
        // Dropping the set ends what is in it.
        let mut standing = JoinSet::new();
        standing.spawn_on(
            async move {
                if let Err(error) = relay.serve(gate, aws).await {
                    tracing::warn!(%error, "an environment is cut off from the network");
                }
            },
            runtime.handle(),
        );
        Box::pin(async move {
            standing.join_next().await;
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last holder may be a task of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}
