//! Connections.

use crate::{Edge, stream::UnderWay, url::Peer};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use std::{convert::Infallible, io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Connections at one time; more wait in the listener's queue.
const CONNECTIONS: usize = 10_000;
/// A client that does not finish its request's head in this time is given up.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// After the last request of a stopping server is answered, its connections have this long to send what is left.
const FLUSH: Duration = Duration::from_secs(1);
/// Out of descriptors, most likely: others will close some.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// AWS's limit on a request's head is of this order.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// Serves until told to stop, then lets the requests under way finish. Connections that carry none hold nothing up.
pub async fn serve(listener: TcpListener, edge: Arc<Edge>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let requests = TaskTracker::new();
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, seat)) => {
                let connection = connection(stream, &edge, &graceful, &requests);
                connections.spawn(async move {
                    connection.await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let closing = graceful.shutdown();
    tokio::pin!(closing);
    requests.close();
    tokio::select! {
        () = requests.wait() => drop(tokio::time::timeout(FLUSH, closing).await),
        () = &mut closing => {}
    }
    connections.shutdown().await;
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let seat = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, seat))
}

fn connection(
    stream: TcpStream,
    edge: &Arc<Edge>,
    graceful: &GracefulShutdown,
    requests: &TaskTracker,
) -> impl Future<Output = ()> + Send + use<> {
    let open = edge.traffic.connection();
    let (edge, requests) = (Arc::clone(edge), requests.clone());
    let peer = stream.peer_addr().ok().map(|peer| Peer(peer.ip()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(UnderWay(requests.token()));
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let edge = Arc::clone(&edge);
        requests.track_future(async move { Ok::<_, Infallible>(edge.handle(request).await) })
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = graceful.watch(connection);
    async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(open);
    }
}
