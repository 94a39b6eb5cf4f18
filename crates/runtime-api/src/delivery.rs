//! Takes a subscriber's batches to it, inside the environment.

use crate::{hub::Subscriber, subscription::Destination};
use bytes::Bytes;
use lambent_sandbox::SandboxControl;
use lambent_types::Clock;
use std::{
    io,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long to wait before the next attempt, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// The longest head of an answer.
const HEAD: usize = 16_384;

/// Delivers for as long as it is polled. A batch that is not taken is tried again; meanwhile the buffer drops what is too much.
pub(crate) async fn deliver(subscriber: Arc<Subscriber>, inside: Weak<dyn SandboxControl>, clock: Arc<dyn Clock>) {
    let destination = subscriber.subscription.destination.clone();
    loop {
        let batch = subscriber.next_batch(|| clock.now()).await;
        let mut pause = BACKOFF.0;
        while let Err(error) = send(&destination, &batch, &inside).await {
            tracing::debug!(%error, "telemetry was not taken");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }
}

async fn send(destination: &Destination, batch: &[Bytes], inside: &Weak<dyn SandboxControl>) -> io::Result<()> {
    let (Destination::Http { port, .. } | Destination::Tcp { port }) = destination;
    let control = inside.upgrade().ok_or(io::ErrorKind::NotConnected)?;
    let mut stream = TcpStream::from_std(control.connect(*port).await?)?;
    drop(control);
    match destination {
        Destination::Tcp { .. } => {
            stream.write_all(&joined(batch, b"", b"\n", b"\n")).await?;
            stream.shutdown().await
        }
        Destination::Http { port, path, put } => {
            let method = if *put { "PUT" } else { "POST" };
            let body = joined(batch, b"[", b",", b"]");
            let head = format!(
                "{method} /{path} HTTP/1.1\r\nHost: sandbox.localdomain:{port}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), &body].concat()).await?;
            acknowledged(&mut stream).await
        }
    }
}

fn joined(batch: &[Bytes], before: &[u8], between: &[u8], behind: &[u8]) -> Vec<u8> {
    [before, &batch.join(between), behind].concat()
}

/// Waits for the answer's first line.
async fn acknowledged(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.contains(&b'\n') && head.len() < HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    // HTTP/1.1 200 OK
    let accepted = head.starts_with(b"HTTP/1.") && head.get(9) == Some(&b'2');
    if accepted {
        Ok(())
    } else {
        Err(io::Error::other("the subscriber refused"))
    }
}
