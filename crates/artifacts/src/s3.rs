//! Reads and writes objects of an S3-compatible store over HTTP/1.1, one connection a request: it is asked rarely.

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambent_store::{BoxFuture, ObjectError, ObjectName, ObjectStore};
use lambent_types::Timestamp;
use lambent_wire::{
    sigv4::{Credentials, sign},
    uri::percent_encode,
};
use std::{error::Error, fmt, time::Duration};
use tokio::net::TcpStream;

/// For one object, from the connection to the last byte.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer error documents are cut off.
const LONGEST_ERROR: usize = 64 << 10;

/// An S3-compatible store.
pub struct S3 {
    /// `host:port`.
    authority: String,
    /// Before the bucket; empty or without a slash at its end.
    prefix: String,
    keys: Option<Keys>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

/// What requests are signed with.
#[derive(Clone)]
pub struct Keys {
    /// The access key id.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
}

/// An endpoint that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an S3 endpoint is an http URL such as http://127.0.0.1:9000; https is not supported yet")]
pub struct InvalidEndpoint;

impl S3 {
    /// A store at a URL. Requests are signed if there are keys.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn new(endpoint: &str, keys: Option<Keys>) -> Result<Self, InvalidEndpoint> {
        let uri: Uri = endpoint.parse().map_err(|_| InvalidEndpoint)?;
        let authority = uri
            .authority()
            .filter(|_| uri.scheme_str() == Some("http"))
            .ok_or(InvalidEndpoint)?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            authority: format!("{}:{port}", authority.host()),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            keys,
        })
    }

    fn request(
        &self,
        method: Method,
        object: &ObjectName,
        body: Bytes,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ObjectError> {
        let version = object.version.as_ref();
        let query = version.map(|version| format!("?versionId={}", percent_encode(version, false)));
        let (bucket, key) = (percent_encode(&object.bucket, false), percent_encode(&object.key, true));
        let path = format!("{}/{bucket}/{key}{}", self.prefix, query.unwrap_or_default());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.authority));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(body).map_err(unreachable)?;
        let (access_key, secret) = match &self.keys {
            Some(keys) => (keys.access_key.as_str(), keys.secret_key.as_str()),
            None => return Ok(request),
        };
        let credentials = Credentials {
            access_key,
            secret,
            session_token: None,
        };
        sign(&mut request, credentials, object.region.as_str(), "s3", now).map_err(unreachable)?;
        Ok(request)
    }

    async fn exchange(&self, request: Request<Bytes>, limit: usize) -> Result<Bytes, ObjectError> {
        let stream = TcpStream::connect(&self.authority).await.map_err(unreachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        let exchange = async move {
            let (mut parts, body) = request.into_parts();
            // A request to an origin names the path only; the host is a header.
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            let host = self.authority.parse().map_err(unreachable)?;
            parts.headers.entry(header::HOST).or_insert(host);
            parts.uri = path.parse().map_err(unreachable)?;
            let answer = sender.send_request(Request::from_parts(parts, Full::new(body))).await;
            let answer = answer.map_err(unreachable)?;
            let status = answer.status();
            let limit = if status == StatusCode::OK { limit } else { LONGEST_ERROR };
            let body = Limited::new(answer.into_body(), limit).collect().await;
            let body = body.map_err(|error| too_large(error.as_ref()))?.to_bytes();
            if status == StatusCode::OK {
                Ok(body)
            } else {
                Err(refused(status, &body))
            }
        };
        // The connection ends with the sender, which the exchange holds.
        let (_, answered) = tokio::join!(connection, exchange);
        answered
    }

    async fn ask(&self, request: Request<Bytes>, limit: usize) -> Result<Bytes, ObjectError> {
        let answered = tokio::time::timeout(PATIENCE, self.exchange(request, limit)).await;
        answered.unwrap_or_else(|_| Err(unreachable("it took too long")))
    }
}

impl ObjectStore for S3 {
    fn get<'a>(
        &'a self,
        object: &'a ObjectName,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Bytes, ObjectError>> {
        Box::pin(async move {
            let request = self.request(Method::GET, object, Bytes::new(), now)?;
            self.ask(request, limit).await
        })
    }

    fn put<'a>(
        &'a self,
        object: &'a ObjectName,
        body: Bytes,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            let request = self.request(Method::PUT, object, body, now)?;
            self.ask(request, LONGEST_ERROR).await.map(drop)
        })
    }
}

fn unreachable(error: impl ToString) -> ObjectError {
    ObjectError::Unreachable(error.to_string())
}

fn too_large(error: &(dyn Error + Send + Sync + 'static)) -> ObjectError {
    if error.is::<LengthLimitError>() {
        ObjectError::TooLarge
    } else {
        unreachable(error)
    }
}

/// Reads S3's error document.
fn refused(status: StatusCode, body: &[u8]) -> ObjectError {
    let text = String::from_utf8_lossy(body);
    match (element(&text, "Code"), element(&text, "Message")) {
        (Some(code), message) => ObjectError::Refused {
            code,
            message: message.unwrap_or_default(),
        },
        // Some stores send their client errors without a document.
        (None, _) if status.is_client_error() => ObjectError::Refused {
            code: status.as_str().to_owned(),
            message: status.canonical_reason().unwrap_or_default().to_owned(),
        },
        (None, _) => unreachable(format!("it answered {status}")),
    }
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let unescape = |text: String, (escaped, plain): (&str, &str)| text.replace(escaped, plain);
    Some(plain.into_iter().fold(text.to_owned(), unescape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    fn object() -> ObjectName {
        ObjectName {
            region: lambent_types::Region::default(),
            bucket: "bucket".to_owned(),
            key: "a folder/key+1.zip".to_owned(),
            version: Some("v/1".to_owned()),
        }
    }

    /// Answers one request and returns what was asked.
    async fn exchange(answer: &'static str, limit: usize) -> (String, Result<Bytes, ObjectError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let keys = Keys {
            access_key: "AKID".to_owned(),
            secret_key: "secret".to_owned(),
        };
        let s3 = S3::new(&format!("http://{}/", listener.local_addr().unwrap()), Some(keys)).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(asked).unwrap()
        };
        let object = object();
        tokio::join!(serve, s3.get(&object, limit, Timestamp::from_micros(0)))
    }

    #[tokio::test]
    async fn an_object_is_asked_for_by_path_and_signed() {
        let (asked, got) = exchange("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nzip", 3).await;
        assert_eq!(got.unwrap(), "zip");
        assert!(
            asked.starts_with("GET /bucket/a%20folder/key%2B1.zip?versionId=v%2F1 HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked.contains("Credential=AKID/19700101/us-east-1/s3/aws4_request"),
            "{asked}"
        );
        assert_eq!(asked.matches("host: 127.0.0.1:").count(), 1, "{asked}");
    }

    #[tokio::test]
    async fn errors_and_sizes_are_told_apart() {
        let missing = "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n<?xml?><Error><Code>NoSuchKey</Code><Message>a &amp; b</Message></Error>";
        let (code, message) = ("NoSuchKey".to_owned(), "a & b".to_owned());
        assert_eq!(
            exchange(missing, 9).await.1,
            Err(ObjectError::Refused { code, message })
        );
        let large = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nzip";
        assert_eq!(exchange(large, 2).await.1, Err(ObjectError::TooLarge));
        let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        let (code, message) = ("403".to_owned(), "Forbidden".to_owned());
        assert_eq!(
            exchange(forbidden, 9).await.1,
            Err(ObjectError::Refused { code, message })
        );
        let odd = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
        assert!(matches!(exchange(odd, 2).await.1, Err(ObjectError::Unreachable(_))));
        let broken = "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nzip";
        assert!(matches!(exchange(broken, 99).await.1, Err(ObjectError::Unreachable(_))));
    }

    #[test]
    fn endpoints_are_http_urls() {
        assert!(S3::new("http://minio", None).is_ok_and(|s3| s3.authority == "minio:80"));
        for bad in ["https://s3.amazonaws.com", "127.0.0.1:9000", "", "ftp://x"] {
            assert!(S3::new(bad, None).is_err(), "{bad}");
        }
    }
}
