//! One request to the collector.

use bytes::Bytes;
use http::{
    Request, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST},
};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// A collector that has not answered by then is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a collector listens: `http://127.0.0.1:4318`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// With the port.
    authority: String,
    host: String,
    port: u16,
    /// Without a slash at its end.
    path: String,
}

/// Why a text names no collector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not the HTTP address of a collector, such as http://127.0.0.1:4318")]
pub struct InvalidEndpoint(String);

/// Why a collector has not taken something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("the collector cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("the collector does not speak HTTP: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the collector answered {0}")]
    Refused(StatusCode),
    #[error("the collector did not answer in time")]
    Late,
    #[error("no request can be made of it: {0}")]
    Unsayable(#[from] http::Error),
}

impl std::str::FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidEndpoint(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let authority = uri
            .authority()
            .filter(|_| uri.scheme_str() == Some("http"))
            .ok_or_else(invalid)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(invalid());
        }
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Endpoint {
    /// Posts a message. There is one every second at most, so each has a connection of its own.
    pub(crate) async fn post(&self, path: &str, body: Bytes) -> Result<(), PostError> {
        let request = Request::post(format!("{}{path}", self.path))
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(Full::new(body))?;
        let posting = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let asking = sender.send_request(request);
            tokio::pin!(asking);
            let answer = tokio::select! {
                answer = &mut asking => answer?,
                // The connection may be over once the answer is there.
                ended = connection => {
                    ended?;
                    asking.await?
                }
            };
            Ok(answer.status())
        };
        match timeout(PATIENCE, posting).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(PostError::Refused(status)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(PostError::Late),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_address_of_an_http_server() {
        let read = |text: &str| text.parse::<Endpoint>().ok().map(|end| (end.host, end.port, end.path));
        let host = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(read("http://127.0.0.1:4318"), host("127.0.0.1", 4318, ""));
        assert_eq!(read("http://[::1]:4318/otlp/"), host("::1", 4318, "/otlp"));
        assert_eq!(read("http://collector"), host("collector", 80, ""));
        for wrong in ["", "collector:4318", "https://collector", "http://a@b", "http://a?b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
