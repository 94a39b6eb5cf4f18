//! The load: some connections, each with one request under way at a time, driven by one thread.

use crate::http::Answer;
pub(crate) use crate::http::request;
use anyhow::{Result, ensure};
use lambent_types::{Clock as _, SystemClock};
use rustix::event::{Timespec, epoll};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::Duration,
};

/// A server that answers nothing for so long has failed.
const PATIENCE: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// The latencies of one measurement.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Microseconds, sorted.
    latencies: Vec<u64>,
    seconds: f64,
}

impl Samples {
    pub(crate) fn new(mut latencies: Vec<u64>, elapsed_micros: u64) -> Self {
        latencies.sort_unstable();
        Self {
            latencies,
            seconds: Duration::from_micros(elapsed_micros).as_secs_f64(),
        }
    }

    /// Adds another round of the same measurement.
    pub(crate) fn join(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.seconds += other.seconds;
    }

    /// The latency that `percent` of 100 requests stay below or at.
    pub(crate) fn percentile(&self, percent: usize) -> Option<u64> {
        let index = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).copied()
    }

    /// How many requests were answered.
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds.max(1e-6)
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    sent_at: u64,
}

/// When a load ends.
#[derive(Clone, Copy)]
enum End {
    /// No request is sent after this moment.
    At(u64),
    /// So many requests are sent.
    After(usize),
}

/// Sends `request` over and over on `connections` connections for `duration`, then lets the last ones finish.
pub(crate) fn run(address: SocketAddr, request: &[u8], connections: usize, duration: Duration) -> Result<Samples> {
    run_each(address, |_| request.to_vec(), connections, duration)
}

/// The same with a request of its own for each count.
pub(crate) fn run_each(
    address: SocketAddr,
    request: impl FnMut(usize) -> Vec<u8>,
    connections: usize,
    duration: Duration,
) -> Result<Samples> {
    let clock = SystemClock::default();
    let end = clock.monotonic_micros() + u64::try_from(duration.as_micros())?;
    drive(address, request, connections, &clock, End::At(end))
}

/// Sends the requests of the counts below `count`.
pub(crate) fn run_count(
    address: SocketAddr,
    request: impl FnMut(usize) -> Vec<u8>,
    connections: usize,
    count: usize,
) -> Result<Samples> {
    drive(
        address,
        request,
        connections,
        &SystemClock::default(),
        End::After(count),
    )
}

fn drive(
    address: SocketAddr,
    mut request: impl FnMut(usize) -> Vec<u8>,
    connections: usize,
    clock: &SystemClock,
    end: End,
) -> Result<Samples> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::with_capacity(connections);
    for index in 0..connections {
        open.push(connect(&poll, address, index)?);
    }
    let (mut latencies, mut events) = (Vec::with_capacity(1 << 20), Vec::with_capacity(connections));
    let mut chunk = [0; 16_384];
    let began = clock.monotonic_micros();
    let mut sent = 0;
    for connection in &mut open {
        connection.send(&request(sent), clock.monotonic_micros())?;
        sent += 1;
    }
    let mut under_way = connections;
    while under_way > 0 {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&PATIENCE))?;
        ensure!(!events.is_empty(), "no answer in {} s", PATIENCE.tv_sec);
        for event in &events {
            let connection = &mut open[usize::try_from(event.data.u64())?];
            if !connection.receive(&mut chunk)? {
                continue;
            }
            let now = clock.monotonic_micros();
            latencies.push(now - connection.sent_at);
            let more = match end {
                End::At(end) => now < end,
                End::After(count) => sent < count,
            };
            if more {
                connection.send(&request(sent), now)?;
                sent += 1;
            } else {
                under_way -= 1;
            }
        }
    }
    Ok(Samples::new(latencies, clock.monotonic_micros() - began))
}

fn connect(poll: &OwnedFd, address: SocketAddr, index: usize) -> Result<Connection> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    epoll::add(
        poll,
        &stream,
        epoll::EventData::new_u64(index as u64),
        epoll::EventFlags::IN,
    )?;
    Ok(Connection {
        stream,
        received: Vec::new(),
        sent_at: 0,
    })
}

impl Connection {
    /// Requests are far smaller than a socket's buffer, so that they never wait.
    fn send(&mut self, request: &[u8], now: u64) -> Result<()> {
        self.sent_at = now;
        Ok(self.stream.write_all(request)?)
    }

    /// Whether the answer has come.
    fn receive(&mut self, chunk: &mut [u8]) -> Result<bool> {
        match self.stream.read(chunk) {
            Ok(0) => anyhow::bail!("the server closed a connection"),
            Ok(count) => self.received.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let Some(answer) = Answer::parse(&self.received) else {
            return Ok(false);
        };
        ensure!(
            answer.is_success(),
            "not a success: {}",
            String::from_utf8_lossy(&self.received)
        );
        self.received.drain(..answer.length);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_rounds() {
        let mut samples = Samples::new((1..=50).collect(), 500_000);
        samples.join(Samples::new((51..=100).rev().collect(), 500_000));
        assert_eq!((samples.percentile(50), samples.percentile(99)), (Some(51), Some(100)));
        assert!((samples.per_second() - 100.0).abs() < 1e-9);
        assert_eq!(Samples::default().percentile(50), None);
    }
}
