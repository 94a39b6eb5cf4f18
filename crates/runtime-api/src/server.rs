//! Accepts the environment's connections.

use crate::{
    RuntimeApi, delivery,
    pipeline::{Parked, Pipeline},
    service,
};
use http::{HeaderValue, Request, header::CONNECTION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A runtime needs one connection, a careless one a few. The rest are closed at once: all are the same function's.
const MAX_CONNECTIONS: usize = 64;

/// Python's client sends an X-Ray document of up to 1 MiB as a header.
const MAX_HEAD_BYTES: usize = (1 << 20) + (64 << 10);

/// So many connections may send such heads at a time. The server keeps what has come of each: it would be 68 MiB for all of them.
const LARGE_HEADS: usize = 4;

/// How long a head may be on the others.
const SMALL_HEAD_BYTES: usize = 64 << 10;

/// How long to wait when the server is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

impl RuntimeApi {
    /// Serves the API on `listener` until `stop` resolves. All connections end with it, or when the future is dropped.
    ///
    /// No request is timed out: a runtime may work for a quarter of an hour before it says its next word, and a slow writer keeps only
    /// its own environment from answering, which ends at the function's timeout.
    pub async fn serve(self: Arc<Self>, listener: Arc<TcpListener>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                () = self.subscribed.notified() => self.serve_subscribers(&mut connections),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                        let head = if connections.len() < LARGE_HEADS { MAX_HEAD_BYTES } else { SMALL_HEAD_BYTES };
                        connections.spawn(connection(Arc::clone(&self), stream, head));
                    }
                    Ok(_) => tracing::debug!("a connection too many to the Runtime API is closed"),
                    Err(error) => {
                        tracing::warn!(%error, "the Runtime API cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        connections.shutdown().await;
    }

    /// Begins to deliver telemetry to those who have subscribed.
    fn serve_subscribers(&self, tasks: &mut JoinSet<()>) {
        let mut core = self.core();
        while let Some(subscriber) = core.hub.take_fresh() {
            let host = &core.extensions.host;
            if let Some(inside) = &host.inside {
                tasks.spawn(delivery::deliver(subscriber, inside.clone(), Arc::clone(&host.clock)));
            }
        }
    }
}

async fn connection(api: Arc<RuntimeApi>, stream: TcpStream, head: usize) {
    // Without it an answer waits for the client's delayed acknowledgement, 40 ms. Failing costs only that.
    let _ = stream.set_nodelay(true);
    let parked = Parked::default();
    let service = service_fn(|request: Request<Incoming>| {
        let (api, parked) = (Arc::clone(&api), parked.clone());
        async move {
            let mut response = service::handle(&api, &parked, request).await;
            if parked.is_last() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .max_buf_size(head)
        .title_case_headers(true)
        .auto_date_header(false)
        .pipeline_flush(true)
        .serve_connection(Pipeline::new(stream, parked.clone()), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the Runtime API broke");
    }
}
