//! The server's own API, where functions reach it.

use lambent_http::Edge;
use lambent_invoker::AwsEndpoint;
use lambent_sandbox::BoxFuture;
use lambent_types::{AccountId, FunctionKey};
use std::{
    io,
    net::TcpListener,
    sync::{Arc, OnceLock, Weak},
};
use tokio::net::TcpStream;

/// The port of AWS's APIs without TLS.
const HTTP: u16 = 80;

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
    /// Serves a connection that a function of `account` made to one of AWS's own names.
    pub(crate) fn connection(&self, stream: TcpStream, port: u16, account: AccountId) -> BoxFuture<'static, ()> {
        let edge = self.0.get().and_then(Weak::upgrade);
        Box::pin(async move {
            if let Some(edge) = edge.filter(|_| port == HTTP) {
                lambent_http::serve_connection(stream, edge.inside(account)).await;
            }
        })
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
