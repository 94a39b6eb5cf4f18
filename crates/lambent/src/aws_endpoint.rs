//! The server's own API, where functions reach it.

use lambent_authority::Authority;
use lambent_http::{Edge, FunctionCaller};
use lambent_invoker::AwsEndpoint;
use lambent_sandbox::BoxFuture;
use lambent_types::FunctionRecord;
use lambent_wire::RoleSession;
use std::{
    io,
    net::TcpListener,
    sync::{Arc, OnceLock, Weak},
};
use tokio::net::TcpStream;

/// The port of AWS's APIs without TLS.
const HTTP: u16 = 80;
/// With it.
const HTTPS: u16 = 443;

/// As whom a function calls AWS: its account, in a session of its role that is called as the function is.
pub(crate) fn calls_as(function: &FunctionRecord) -> FunctionCaller {
    let key = &function.key.function;
    FunctionCaller {
        account: key.scope.account,
        session: RoleSession::of_function(function.config.role.clone(), key.name.as_str()),
    }
}

/// Stands for the edge where the invoker is made, which the edge is made of.
#[derive(Default)]
pub(crate) struct Inside(OnceLock<Weak<Edge>>);

impl Inside {
    /// Once, before any function runs.
    pub(crate) fn leads_to(&self, edge: &Arc<Edge>) {
        self.0.get_or_init(|| Arc::downgrade(edge));
    }
}

impl Inside {
    /// Serves a connection that a function made, who calls as `caller`, to one of AWS's own names, for which `authority` vouches.
    pub(crate) fn connection(
        &self,
        stream: TcpStream,
        port: u16,
        caller: &FunctionCaller,
        authority: Option<Authority>,
    ) -> BoxFuture<'static, ()> {
        let edge = self
            .0
            .get()
            .and_then(Weak::upgrade)
            .map(|edge| edge.inside(caller.clone()));
        Box::pin(async move {
            let (Some(edge), Ok(peer)) = (edge, stream.peer_addr()) else {
                return;
            };
            // Without it an answer waits for the client's delayed acknowledgement, 40 ms. Failing costs only that.
            let _ = stream.set_nodelay(true);
            match (port, authority) {
                (HTTP, _) => lambent_http::serve_connection(stream, peer, edge).await,
                (HTTPS, Some(authority)) => match authority.accept(stream).await {
                    Ok(stream) => lambent_http::serve_connection(stream, peer, edge).await,
                    Err(error) => tracing::debug!(%error, "a function did not take the server for AWS"),
                },
                _ => {}
            }
        })
    }
}

impl AwsEndpoint for Inside {
    fn serve(&self, listener: TcpListener, function: &FunctionRecord) -> io::Result<BoxFuture<'static, ()>> {
        let edge = self.0.get().and_then(Weak::upgrade);
        let edge = edge.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(Box::pin(lambent_http::serve_inside(
            listener,
            edge.inside(calls_as(function)),
        )))
    }
}
