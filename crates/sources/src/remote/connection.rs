//! Connections to the endpoint, kept open while they are of use.

use super::InvalidEndpoint;
use crate::queue::Trouble;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header, uri::Authority};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

/// Ten messages of the largest size, as JSON may write them.
const LONGEST_ANSWER: usize = 64 << 20;
/// Connections that are kept while nobody needs them.
const MOST_IDLE: usize = 32;
/// Where systems keep the certificates of the authorities that they believe.
const AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where the queues are.
pub(super) struct Endpoint {
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authority: Authority,
    /// Before a path; empty or without a slash at its end.
    prefix: String,
    idle: Mutex<Vec<Connection>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url("/"))
    }
}

/// An open connection. What drives it ends with it.
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

impl Endpoint {
    pub(super) fn new(endpoint: &str) -> Result<Self, InvalidEndpoint> {
        let uri: Uri = endpoint.parse().map_err(|_| InvalidEndpoint::NoUrl)?;
        let authority = uri.authority().cloned().ok_or(InvalidEndpoint::NoUrl)?;
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(tls(authority.host())?),
            _ => return Err(InvalidEndpoint::NoUrl),
        };
        Ok(Self {
            tls,
            authority,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            idle: Mutex::default(),
        })
    }

    /// A URL here.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.authority, self.prefix)
    }

    /// The URL here of a queue that calls itself so.
    pub(super) fn of_queue(&self, url: &str) -> String {
        let uri: Option<Uri> = url.parse().ok();
        let path = uri.as_ref().map_or("/", Uri::path);
        self.url(
            path.strip_prefix(self.prefix.as_str())
                .filter(|path| path.starts_with('/'))
                .unwrap_or(path),
        )
    }

    /// Sends a request with an absolute URI and returns the whole answer.
    pub(super) async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Trouble> {
        let request = to_origin(request)?;
        while let Some(connection) = self.kept() {
            // The other side may have closed it without our noticing: then the request is made again.
            if let Ok(answer) = self.over(connection, request.clone()).await {
                return Ok(answer);
            }
        }
        self.over(self.connect().await?, request).await
    }

    async fn over(
        &self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Trouble> {
        connection.sender.ready().await.map_err(unreachable)?;
        let answer = connection.sender.send_request(request).await.map_err(unreachable)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| Trouble::Garbled(error.to_string()))?.to_bytes();
        let mut idle = self.idle();
        if !connection.sender.is_closed() && idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        Ok(Response::from_parts(head, body))
    }

    async fn connect(&self) -> Result<Connection, Trouble> {
        let host = self.authority.host().trim_matches(['[', ']']);
        let port = self
            .authority
            .port_u16()
            .unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        match &self.tls {
            None => shake(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                shake(stream.map_err(unreachable)?).await
            }
        }
    }

    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| !connection.sender.is_closed());
        idle.pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn shake(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Connection, Trouble> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Whoever sends over it is told what broke it.
        let _ = connection.await;
    });
    Ok(Connection {
        sender,
        _driver: driver,
    })
}

/// A request to an origin names the path only; the host is a header.
fn to_origin(request: Request<Bytes>) -> Result<Request<Full<Bytes>>, Trouble> {
    let (mut parts, body) = request.into_parts();
    if let Some(authority) = parts
        .uri
        .authority()
        .filter(|_| !parts.headers.contains_key(header::HOST))
    {
        let host = HeaderValue::from_str(authority.as_str()).map_err(unreachable)?;
        parts.headers.insert(header::HOST, host);
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    parts.uri = path.parse().map_err(unreachable)?;
    Ok(Request::from_parts(parts, Full::new(body)))
}

fn unreachable(error: impl fmt::Display) -> Trouble {
    Trouble::Unreachable(error.to_string())
}

/// What speaks TLS to a host, and believes whom the system believes.
fn tls(host: &str) -> Result<(TlsConnector, ServerName<'static>), InvalidEndpoint> {
    let refused = |error: &dyn fmt::Display| InvalidEndpoint::Tls(error.to_string());
    let file = AUTHORITIES.iter().map(Path::new).find(|path| path.exists());
    let file = file.ok_or_else(|| InvalidEndpoint::Tls(format!("there is none of {}", AUTHORITIES.join(", "))))?;
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| refused(&error))?;
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|error| refused(&error))?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}
