//! The floor: a bare HTTP server that hands each request to a runtime client waiting at `/next` and returns its response.
//!
//! It checks nothing, limits nothing, logs nothing and isolates nothing: the least that one hop through a runtime costs on this machine.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    rc::Rc,
    sync::mpsc,
    thread::JoinHandle,
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinSet, LocalSet},
};
use tokio_util::sync::CancellationToken;

/// A running floor, on a thread of its own. Ends when it is dropped.
pub(crate) struct Floor {
    /// Where requests go.
    pub(crate) front: SocketAddr,
    /// Where runtime clients ask for work.
    pub(crate) runtime_api: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Runtime clients and requests, whichever has to wait for the other.
#[derive(Default)]
struct Desk {
    idle: Vec<oneshot::Sender<(u64, Bytes)>>,
    waiting: VecDeque<(u64, Bytes)>,
    replies: HashMap<u64, oneshot::Sender<Bytes>>,
    count: u64,
}

impl Floor {
    pub(crate) fn start() -> Result<Self> {
        let stop = CancellationToken::new();
        let (stopped, (sender, addresses)) = (stop.clone(), mpsc::channel());
        let thread = std::thread::Builder::new().name("floor".to_owned()).spawn(move || {
            // A floor that cannot start is noticed by the addresses that do not come.
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                let _ = LocalSet::new().block_on(&runtime, serve(sender, stopped));
            }
        })?;
        let (front, runtime_api) = addresses.recv().context("the floor could not start")?;
        Ok(Self {
            front,
            runtime_api,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(addresses: mpsc::Sender<(SocketAddr, SocketAddr)>, stop: CancellationToken) -> Result<()> {
    let front = TcpListener::bind("127.0.0.1:0").await?;
    let runtime_api = TcpListener::bind("127.0.0.1:0").await?;
    addresses.send((front.local_addr()?, runtime_api.local_addr()?))?;
    let desk = Rc::new(RefCell::new(Desk::default()));
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            accepted = front.accept() => accepted?,
            accepted = runtime_api.accept() => accepted?,
        };
        stream.set_nodelay(true)?;
        let desk = Rc::clone(&desk);
        let service = service_fn(move |request| answer(Rc::clone(&desk), request));
        connections.spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(desk: Rc<RefCell<Desk>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if path.ends_with("/invocation/next") {
        return Ok(next(&desk).await);
    }
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let id = path
        .strip_prefix("/2018-06-01/runtime/invocation/")
        .and_then(|rest| rest.strip_suffix("/response"));
    if let Some(id) = id {
        let reply = id
            .parse()
            .ok()
            .and_then(|id: u64| desk.borrow_mut().replies.remove(&id));
        let _ = reply.map(|reply| reply.send(body));
        return Ok(Response::new(Full::default()));
    }
    let (reply, answered) = oneshot::channel();
    desk.borrow_mut().hand_over(body, reply);
    Ok(Response::new(Full::new(answered.await.unwrap_or_default())))
}

async fn next(desk: &RefCell<Desk>) -> Response<Full<Bytes>> {
    let waiting = desk.borrow_mut().waiting.pop_front();
    let job = match waiting {
        Some(job) => Some(job),
        None => {
            let (sender, given) = oneshot::channel();
            desk.borrow_mut().idle.push(sender);
            given.await.ok()
        }
    };
    let (id, payload) = job.unwrap_or_default();
    let mut response = Response::new(Full::new(payload));
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("lambda-runtime-aws-request-id", id.into());
    headers.insert("lambda-runtime-deadline-ms", u64::from(u32::MAX).into());
    response
}

impl Desk {
    fn hand_over(&mut self, payload: Bytes, reply: oneshot::Sender<Bytes>) {
        self.count += 1;
        self.replies.insert(self.count, reply);
        let mut job = (self.count, payload);
        while let Some(idle) = self.idle.pop() {
            match idle.send(job) {
                Ok(()) => return,
                Err(returned) => job = returned,
            }
        }
        self.waiting.push_back(job);
    }
}
