//! Measures what the Runtime API adds to an invocation: the time from `invoke` to its answer with a client that answers at once.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use bytes::Bytes;
use lambent_runtime_api::{Invocation, RuntimeApi};
use lambent_types::{Clock, RandomIds, RequestId, SystemClock, Timestamp};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};
use tokio::{net::TcpListener, task::JoinSet};

const ROUNDS: usize = 20_000;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        for payload in [2, 6 << 20] {
            measure(payload, if payload < 1_000 { ROUNDS } else { 200 }).await?;
        }
        Ok(())
    })
}

async fn measure(payload: usize, rounds: usize) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (api, address) = (
        RuntimeApi::new(lambent_runtime_api::ExtensionHost::default()),
        listener.local_addr()?,
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&api).serve(Arc::new(listener), std::future::pending()));
    std::thread::spawn(move || client(address));
    let (clock, payload) = (SystemClock::default(), Bytes::from(vec![b' '; payload]));
    let mut taken = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        api.waiting().await;
        let start = clock.monotonic_micros();
        api.invoke(invocation(payload.clone())).await;
        taken.push(clock.monotonic_micros() - start);
    }
    taken.sort_unstable();
    let (least, median, late) = (taken[0], taken[rounds / 2], taken[rounds * 99 / 100]);
    println!(
        "{:>8} bytes: least {least} us, median {median} us, 99 of 100 below {late} us",
        payload.len()
    );
    tasks.shutdown().await;
    Ok(())
}

fn invocation(payload: Bytes) -> Invocation {
    Invocation {
        request_id: RequestId::new(&RandomIds),
        deadline: Timestamp::default(),
        invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
        trace_id: None,
        client_context: None,
        cognito_identity: None,
        tenant_id: None,
        content_type: "application/json".to_owned(),
        payload,
    }
}

/// A runtime as small as can be: answers every invocation with `{}` and asks for the next in the same write.
fn client(address: SocketAddr) -> std::io::Result<()> {
    const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(NEXT.as_bytes())?;
    let mut buffer = vec![0; 1 << 20];
    let mut filled = 0;
    loop {
        let (head, length) = loop {
            let text = String::from_utf8_lossy(&buffer[..filled.min(2_048)]).into_owned();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: "))
                    .unwrap_or("0");
                break (head.to_owned(), length.parse::<usize>().unwrap_or(0));
            }
            filled += read(&mut stream, &mut buffer[filled..])?;
        };
        let mut missing = (head.len() + 4 + length).saturating_sub(filled);
        let rest = (head.len() + 4 + length).min(filled);
        buffer.copy_within(rest..filled, 0);
        filled -= rest;
        while missing > 0 {
            let part = missing.min(buffer.len());
            missing -= read(&mut stream, &mut buffer[..part])?;
        }
        if let Some(id) = head
            .lines()
            .find_map(|line| line.strip_prefix("Lambda-Runtime-Aws-Request-Id: "))
        {
            write!(
                stream,
                "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}{NEXT}"
            )?;
        }
    }
}

fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    match stream.read(buffer)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        count => Ok(count),
    }
}
