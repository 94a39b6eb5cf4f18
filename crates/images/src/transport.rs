//! HTTP/1.1 and HTTPS, one connection a request: an image is fetched rarely.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body_util::Empty;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

/// For a connection, and for the head of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where distributions keep the certificates of whom they believe, in one file.
const AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// What goes wrong between here and a registry.
#[derive(Debug, thiserror::Error)]
#[error("{host}: {cause}")]
pub(crate) struct TransportError {
    host: String,
    cause: String,
}

/// An answer; its connection lives as long as it.
pub(crate) struct Answer {
    pub(crate) head: Response<()>,
    pub(crate) body: Incoming,
    pub(crate) connection: JoinSet<()>,
}

/// Connects to registries.
#[derive(Clone)]
pub(crate) struct Transport {
    tls: TlsConnector,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Transport {
    /// One that believes whom this host believes, and the certificates in `authorities`.
    ///
    /// # Errors
    /// When TLS cannot be had at all.
    pub(crate) fn new(authorities: Option<PathBuf>) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let hosts = AUTHORITIES.iter().map(PathBuf::from).find(|file| file.is_file());
        for file in hosts.into_iter().chain(authorities) {
            let certificates = CertificateDer::pem_file_iter(&file).into_iter().flatten().flatten();
            let (_, unfit) = roots.add_parsable_certificates(certificates);
            if unfit > 0 {
                tracing::debug!(unfit, file = %file.display(), "certificates that cannot be used");
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Asks for `uri`, and returns when the head of the answer is there.
    pub(crate) async fn get(&self, uri: &Uri, headers: HeaderMap) -> Result<Answer, TransportError> {
        let failed = |cause: String| TransportError {
            host: uri.authority().map_or_else(|| uri.to_string(), ToString::to_string),
            cause,
        };
        let asked = tokio::time::timeout(PATIENCE, self.ask(uri, headers)).await;
        asked
            .unwrap_or_else(|_| Err("it took too long".to_owned()))
            .map_err(failed)
    }

    async fn ask(&self, uri: &Uri, headers: HeaderMap) -> Result<Answer, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let authority = uri.authority().ok_or("a URL without a host")?;
        let stream = self.connect(uri).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| text(&error))?;
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            // What goes wrong on it is seen by who reads the answer.
            let _ = connection.await;
        });
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::get(path)
            .body(Empty::<Bytes>::new())
            .map_err(|error| text(&error))?;
        *request.headers_mut() = headers;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| text(&error))?;
        request.headers_mut().insert(header::HOST, host);
        request
            .headers_mut()
            .insert(header::USER_AGENT, HeaderValue::from_static("lambent"));
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(|error| text(&error))?
            .into_parts();
        Ok(Answer {
            head: Response::from_parts(head, ()),
            body,
            connection: driving,
        })
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, String> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port))
            .await
            .map_err(|error| error.to_string())?;
        if !secure {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Box::new(stream))
    }
}
