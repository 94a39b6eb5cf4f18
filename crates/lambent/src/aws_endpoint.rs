//! The server's own API, where functions reach it.

use lambent_http::Edge;
use lambent_invoker::AwsEndpoint;
use lambent_sandbox::BoxFuture;
use lambent_types::FunctionKey;
use std::{
    io,
    net::TcpListener,
    sync::{Arc, OnceLock, Weak},
};

/// Stands for the edge where the invoker is made, which the edge is made of.
#[derive(Default)]
pub(crate) struct Inside(OnceLock<Weak<Edge>>);

impl Inside {
    /// Once, before any function runs.
    pub(crate) fn leads_to(&self, edge: &Arc<Edge>) {
        self.0.get_or_init(|| Arc::downgrade(edge));
    }
}

impl AwsEndpoint for Inside {
    fn serve(&self, listener: TcpListener, function: &FunctionKey) -> io::Result<BoxFuture<'static, ()>> {
        let edge = self.0.get().and_then(Weak::upgrade);
        let edge = edge.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(Box::pin(lambent_http::serve_inside(
            listener,
            edge.inside(function.scope.account),
        )))
    }
}
