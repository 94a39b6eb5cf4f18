//! HTTP/1.1 from the client's side, on plain sockets: as little as possible, so that the machine is the server's.

use anyhow::{Context as _, Result, ensure};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(30);
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Any well-formed signature is accepted on a loopback address.
const SIGNATURE: &str =
    "SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// A request as it goes over the wire, with the headers that AWS's clients send.
pub(crate) fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    request_to("lambda", "Content-Type: application/json", method, path, body)
}

/// The same to a service, with headers of one's own that are joined by line ends.
pub(crate) fn request_to(service: &str, headers: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\nX-Amz-Date: 20260101T000000Z\r\n\
         {headers}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, {SIGNATURE}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What a client must know of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the function failed rather than the server.
    pub(crate) function_error: bool,
    pub(crate) head: usize,
    /// Head and body together.
    pub(crate) length: usize,
}

impl Answer {
    /// The answer that `received` begins with, once it is there as a whole.
    pub(crate) fn parse(received: &[u8]) -> Option<Self> {
        let head_end = received.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
        let head = std::str::from_utf8(&received[..head_end]).ok()?;
        let header = |wanted: &str| {
            head.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value)
        };
        let body: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let head = head_end + HEAD_END.len();
        Some(Self {
            status: received
                .get(9..12)
                .and_then(|digits| std::str::from_utf8(digits).ok())?
                .parse()
                .ok()?,
            function_error: header("x-amz-function-error").is_some(),
            head,
            length: head + body,
        })
        .filter(|answer| received.len() >= answer.length)
    }

    pub(crate) fn is_success(self) -> bool {
        (200..300).contains(&self.status) && !self.function_error
    }
}

/// One request on a connection of its own; its answer's status and body.
pub(crate) fn call(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
    exchange(address, &request(method, path, body)).with_context(|| format!("no answer to {method} {path}"))
}

/// One request, as it goes over the wire, on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let (mut received, mut chunk) = (Vec::new(), [0; 16_384]);
    loop {
        if let Some(answer) = Answer::parse(&received) {
            return Ok((answer.status, received[answer.head..answer.length].to_vec()));
        }
        let count = stream.read(&mut chunk)?;
        ensure!(count > 0, "the connection ended within the answer");
        received.extend_from_slice(&chunk[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_parsed_once_it_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Function-Error: Unhandled\r\n\r\n{}";
        assert_eq!(Answer::parse(&text[..text.len() - 1]), None);
        let answer = Answer::parse(text).unwrap();
        assert_eq!((answer.status, answer.length), (200, text.len()));
        assert!(!answer.is_success());
    }
}
