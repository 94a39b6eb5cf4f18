//! The smallest runtime client: answers every invocation with `{}` and asks for the next one in the same write. The benchmark uploads it
//! as the `bootstrap` of a `provided` function; `cargo xtask bench` links it statically.
//!
//! With the handler `clock` it also prints, for each moment that an event says it was sent at, the microseconds since.

use rustix::time::{ClockId, clock_gettime};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Before a moment of the machine's monotonic clock, in microseconds.
const SENT_AT: &str = "sent-at=";

#[expect(
    clippy::disallowed_methods,
    reason = "a function learns everything from its environment"
)]
fn main() -> io::Result<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let clock = std::env::var("_HANDLER").is_ok_and(|handler| handler == "clock");
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(NEXT.as_bytes())?;
    let (mut received, mut outgoing) = (Vec::with_capacity(65_536), Vec::with_capacity(1_024));
    loop {
        let message = read_message(&mut stream, &mut received)?;
        if let Some(id) = message.request_id {
            if clock {
                tell_delays(&received[..message.length])?;
            }
            outgoing.clear();
            write!(
                outgoing,
                "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: lambda\r\nContent-Length: 2\r\n\r\n{{}}{NEXT}"
            )?;
            stream.write_all(&outgoing)?;
        }
        received.drain(..message.length);
    }
}

/// Prints how long each thing that says when it was sent has been on its way.
fn tell_delays(event: &[u8]) -> io::Result<()> {
    let now = clock_gettime(ClockId::Monotonic);
    let now = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
    let mut lines = String::new();
    for piece in String::from_utf8_lossy(event).split(SENT_AT).skip(1) {
        let digits = piece.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        if let Ok(sent) = digits.parse::<i64>() {
            lines.push_str(&format!("delay={}\n", now - sent));
        }
    }
    io::stdout().write_all(lines.as_bytes())
}

/// An answer of the Runtime API: an invocation, or the receipt of a response.
struct Message {
    request_id: Option<String>,
    /// Head and body together.
    length: usize,
}

/// Reads until `received` begins with one whole message.
fn read_message(stream: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<Message> {
    let mut chunk = [0; 16_384];
    loop {
        if let Some(message) = parse(received).filter(|message| received.len() >= message.length) {
            return Ok(message);
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => received.extend_from_slice(&chunk[..count]),
        }
    }
}

fn parse(received: &[u8]) -> Option<Message> {
    let head_end = received.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
    let head = std::str::from_utf8(&received[..head_end]).ok()?;
    let header = |wanted: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let body: usize = header("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0);
    Some(Message {
        request_id: header("Lambda-Runtime-Aws-Request-Id").map(str::to_owned),
        length: head_end + HEAD_END.len() + body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_with_its_body() {
        let text = b"HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 7\r\ncontent-length: 2\r\n\r\n{}HTTP";
        let message = parse(text).unwrap();
        assert_eq!(
            (message.request_id.as_deref(), message.length),
            (Some("7"), text.len() - 4)
        );
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
