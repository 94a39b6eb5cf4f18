//! Web servers that subscribed: one connection a message.

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambent_events::Undelivered;
use std::{collections::BTreeMap, time::Duration};
use tokio::net::TcpStream;

/// AWS waits as long for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
const AGENT: &str = "Amazon Simple Notification Service Agent";

/// Posts a message. It has arrived once the server answers with 2xx.
///
/// # Errors
/// When the server refuses it, which is to say answers with 4xx but 429, or cannot be reached, or answers with anything else.
pub async fn post(url: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<(), Undelivered> {
    let refused = |error: &dyn std::fmt::Display| Undelivered::Refused(error.to_string());
    let uri: Uri = url.parse().map_err(|error| refused(&error))?;
    let (Some(host), Some("http")) = (uri.authority().cloned(), uri.scheme_str()) else {
        return Err(Undelivered::Refused(format!("{url} is no http URL")));
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, host.as_str())
        .header(header::USER_AGENT, AGENT)
        .header(header::CONTENT_TYPE, "text/plain; charset=UTF-8");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(body)))
        .map_err(|error| refused(&error))?;
    let address = (
        host.host().trim_matches(['[', ']']).to_owned(),
        host.port_u16().unwrap_or(80),
    );
    match tokio::time::timeout(PATIENCE, exchange(address, request)).await {
        Ok(answered) => answered,
        Err(_) => Err(Undelivered::Unreachable(format!("{url} did not answer in time"))),
    }
}

async fn exchange(address: (String, u16), request: Request<Full<Bytes>>) -> Result<(), Undelivered> {
    let unreachable = |error: &dyn std::fmt::Display| Undelivered::Unreachable(error.to_string());
    let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
    let connected = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| unreachable(&error))?;
    // The connection is driven here, and ends here with the answer's head: nobody wants its body.
    let mut asked = std::pin::pin!(sender.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut asked => answer,
        _ = connection => asked.await,
    };
    let answer = answer.map_err(|error| unreachable(&error))?;
    let status = answer.status();
    match status.as_u16() {
        200..300 => Ok(()),
        429 => Err(Undelivered::Unreachable(status.to_string())),
        400..500 => Err(Undelivered::Refused(status.to_string())),
        _ => Err(Undelivered::Unreachable(status.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// Answers one request with this status line; returns what was asked.
    async fn answered(status: &str) -> (Result<(), Undelivered>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/path?q=1", listener.local_addr().unwrap());
        let headers = [("x-amz-sns-message-type".to_owned(), "Notification".to_owned())].into();
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            while !asked.ends_with("hello") {
                let mut buffer = [0; 1024];
                let read = stream.read(&mut buffer).await.unwrap();
                asked.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            stream
                .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
                .await
                .unwrap();
            asked
        };
        tokio::join!(post(&url, &headers, b"hello"), serving)
    }

    #[tokio::test]
    async fn a_message_is_posted() {
        let (answer, asked) = answered("204 No Content").await;
        assert_eq!(answer, Ok(()));
        assert!(asked.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("x-amz-sns-message-type: Notification\r\n") && asked.contains("host: 127.0.0.1:"));
    }

    #[tokio::test]
    async fn what_fails_is_told_from_what_is_refused() {
        for refused in ["400 Bad Request", "404 Not Found"] {
            assert!(
                matches!(answered(refused).await.0, Err(Undelivered::Refused(_))),
                "{refused}"
            );
        }
        for failed in ["500 Oops", "429 Slow", "302 Found"] {
            assert!(
                matches!(answered(failed).await.0, Err(Undelivered::Unreachable(_))),
                "{failed}"
            );
        }
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", nobody.local_addr().unwrap());
        drop(nobody);
        assert!(matches!(
            post(&url, &BTreeMap::new(), b"").await,
            Err(Undelivered::Unreachable(_))
        ));
        assert!(matches!(
            post("https://x/", &BTreeMap::new(), b"").await,
            Err(Undelivered::Refused(_))
        ));
    }
}
