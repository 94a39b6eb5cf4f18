//! The X-Ray daemon, as functions see it: datagrams from their SDKs, each a line that says the format and a segment or a part of one
//! ("Sending trace data to X-Ray", the daemon's protocol).

use crate::{XRayService, document::Document};
use lambent_types::Scope;
use serde::Deserialize;
use std::{io, time::Duration};
use tokio::net::UdpSocket;

/// The largest datagram there is.
const LARGEST: usize = 65_535;
/// What one environment may tell in a tick. AWS takes 2,600 segments a second of a whole account ("AWS X-Ray endpoints and quotas").
const PER_TICK: u32 = 250;
/// So many bytes of it at most.
const BYTES_PER_TICK: usize = 512 << 10;
/// How long a tick is.
const TICK: Duration = Duration::from_millis(100);
/// What is read and thrown away in a tick after that. The kernel throws away the rest.
const THROWN_AWAY: u32 = 1_000;

/// The first line of a datagram.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl XRayService {
    /// Takes what the function of one environment sends to the daemon's address, for as long as it is polled. One that waits holds no
    /// buffer. A function that sends too much loses what is too much; others notice nothing.
    ///
    /// # Errors
    /// The kernel's, when the socket cannot be watched.
    pub fn serve_daemon(
        &self,
        socket: std::net::UdpSocket,
        scope: Scope,
    ) -> io::Result<impl Future<Output = ()> + Send + use<>> {
        let socket = UdpSocket::from_std(socket)?;
        let service = self.clone();
        Ok(async move {
            while socket.readable().await.is_ok() {
                service.tick(&socket, &scope);
                tokio::time::sleep(TICK).await;
            }
        })
    }

    /// Reads what there is, so much of it as one tick allows.
    fn tick(&self, socket: &UdpSocket, scope: &Scope) {
        let mut buffer = vec![0; LARGEST];
        let (mut read, mut bytes) = (0, 0);
        while read < PER_TICK + THROWN_AWAY
            && let Ok(size) = socket.try_recv(&mut buffer)
        {
            (read, bytes) = (read + 1, bytes + size);
            let within = read <= PER_TICK && bytes <= BYTES_PER_TICK;
            let document = if within { document(&buffer[..size]) } else { None };
            match document {
                Some(document) => self.keeper.take(scope.clone(), document, size),
                None => self.keeper.lose(1),
            }
        }
    }
}

/// The document in a datagram; `None` where there is none.
fn document(datagram: &[u8]) -> Option<Document> {
    let end = datagram.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&datagram[..end]).ok()?;
    if head.format != "json" || head.version != 1 {
        return None;
    }
    serde_json::from_slice(&datagram[end + 1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_datagram_has_a_head_and_a_document() {
        let whole = b"{\"format\": \"json\", \"version\": 1}\n{\"id\":\"1\",\"name\":\"n\"}";
        assert_eq!(document(whole).map(|document| document.name), Some("n".to_owned()));
        for bad in [
            &b""[..],
            b"{\"format\":\"json\",\"version\":1}",
            b"{\"format\":\"json\",\"version\":2}\n{}",
            b"{\"format\":\"xml\",\"version\":1}\n{}",
            b"{\"format\":\"json\",\"version\":1}\n[]x",
            b"\n\n",
        ] {
            assert!(document(bad).is_none());
        }
    }

    proptest! {
        #[test]
        fn anything_may_come(body in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            document(&bytes);
            document(format!("{{\"format\":\"json\",\"version\":1}}\n{body}").as_bytes());
        }
    }
}
