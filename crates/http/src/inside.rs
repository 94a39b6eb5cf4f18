//! The listener inside an environment, by which a function calls AWS's APIs.

use crate::{
    Edge,
    server::{ACCEPT_PAUSE, HEAD_BYTES, HEAD_TIMEOUT},
    url::Peer,
};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Connections of one environment at one time; more wait in the listener's queue. An SDK's client keeps up to 50.
const CONNECTIONS: usize = 256;

/// Serves what [`Edge::inside`] made until it is dropped, which ends all connections. A request that is broken off so has the fate of
/// any whose client goes away: what it began to invoke runs to its end.
///
/// HTTP/1.1 alone, which is what SDKs speak without TLS.
pub async fn serve(listener: TcpListener, edge: Edge) {
    let edge = Arc::new(edge);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, peer)) => drop(connections.spawn(connection(stream, peer, Arc::clone(&edge)))),
                Err(error) => {
                    tracing::warn!(%error, "a function's connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// Serves one connection of `peer`'s, which may be encrypted, with what [`Edge::inside`] made.
pub async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr, edge: Edge) {
    conversation(stream, peer, Arc::new(edge)).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, edge: Arc<Edge>) {
    // Without it an answer waits for the client's delayed acknowledgement, 40 ms. Failing costs only that.
    let _ = stream.set_nodelay(true);
    conversation(stream, peer, edge).await;
}

async fn conversation(stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr, edge: Arc<Edge>) {
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(edge.handle(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a function's connection ended");
    }
}
