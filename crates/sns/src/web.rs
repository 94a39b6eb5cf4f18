//! Web servers that subscribed: one connection a message.

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambent_events::Undelivered;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// AWS waits as long for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
const AGENT: &str = "Amazon Simple Notification Service Agent";

/// The way to web servers.
#[derive(Default)]
pub struct Web {
    /// Made when the first server with https is posted to: the host's certificates are many.
    tls: OnceLock<TlsConnector>,
}

impl Web {
    /// Posts a message. It has arrived once the server answers with 2xx. A server with https must have a certificate that the host's
    /// authorities vouch for (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
    ///
    /// # Errors
    /// When the server refuses it, which is to say answers with 4xx but 429, or cannot be reached, or answers with anything else.
    pub async fn post(&self, url: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<(), Undelivered> {
        let refused = |error: &dyn std::fmt::Display| Undelivered::Refused(error.to_string());
        let uri: Uri = url.parse().map_err(|error| refused(&error))?;
        let authority = uri.authority().cloned();
        let (authority, tls) = match (authority, uri.scheme_str()) {
            (Some(authority), Some("http")) => (authority, None),
            (Some(authority), Some("https")) => (authority, Some(self.tls()?)),
            _ => return Err(Undelivered::Refused(format!("{url} is no http URL"))),
        };
        let request = request(&uri, authority.as_str(), headers, body).map_err(|error| refused(&error))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        match tokio::time::timeout(PATIENCE, deliver(host, port, tls, request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Undelivered::Unreachable(format!("{url} did not answer in time"))),
        }
    }

    fn tls(&self) -> Result<&TlsConnector, Undelivered> {
        if let Some(made) = self.tls.get() {
            return Ok(made);
        }
        let made = connector().map_err(|error| Undelivered::Unreachable(format!("TLS cannot be set up: {error}")))?;
        Ok(self.tls.get_or_init(|| made))
    }
}

/// Believes whom the host believes.
fn connector() -> Result<TlsConnector, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::warn!(%error, "some of the host's certificates cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn request(
    uri: &Uri,
    host: &str,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, AGENT);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::copy_from_slice(body)))
}

fn unreachable(error: &dyn std::fmt::Display) -> Undelivered {
    Undelivered::Unreachable(error.to_string())
}

async fn deliver(
    host: String,
    port: u16,
    tls: Option<&TlsConnector>,
    request: Request<Full<Bytes>>,
) -> Result<(), Undelivered> {
    let stream = TcpStream::connect((host.as_str(), port)).await;
    let stream = stream.map_err(|error| unreachable(&error))?;
    let Some(tls) = tls else {
        return exchange(stream, request).await;
    };
    let name = ServerName::try_from(host).map_err(|error| Undelivered::Refused(error.to_string()))?;
    let stream = tls.connect(name, stream).await.map_err(|error| unreachable(&error))?;
    exchange(stream, request).await
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<(), Undelivered> {
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
        let web = Web::default();
        tokio::join!(web.post(&url, &headers, b"hello"), serving)
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
            Web::default().post(&url, &BTreeMap::new(), b"").await,
            Err(Undelivered::Unreachable(_))
        ));
        assert!(matches!(
            Web::default().post("ftp://x/", &BTreeMap::new(), b"").await,
            Err(Undelivered::Refused(_))
        ));
    }
}
