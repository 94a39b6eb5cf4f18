//! A client of the OCI distribution API: manifests and blobs, read only, as nobody or as somebody.
//!
//! Small enough to be written here: two kinds of requests and the dance for a token, on the HTTP and TLS that the server has anyway. The
//! crate that does it brings 230 others along, a second HTTP client among them.

use crate::{
    layout::verified,
    manifest::{LONGEST_DOCUMENT, MANIFESTS},
    transport::{Answer, Transport, TransportError},
};
use base64::Engine as _;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Limited};
use lambent_store::ImageError;
use lambent_types::Sha256Digest;
use serde::Deserialize;
use std::{fmt, path::Path, time::Duration};
use tokio::{fs::File, io::AsyncWriteExt as _, sync::Mutex};

/// As often a request is answered with another place to ask.
const MOST_REDIRECTS: usize = 5;
/// A connection over which nothing comes for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// Breaks before what failed is tried again.
const BREAKS: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// Who asks a registry.
#[derive(Clone)]
pub struct Account {
    /// The user's name; `AWS` at ECR.
    pub user: String,
    /// The password or token.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)
    }
}

/// A URL that names no registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a registry is an http or https URL such as https://registry.example.com or http://127.0.0.1:5000, not {0:?}")]
pub struct InvalidRegistry(pub String);

/// A registry.
#[derive(Clone)]
pub(crate) struct Registry {
    /// Scheme, host and whatever stands before `/v2`.
    base: Uri,
    account: Option<Account>,
    transport: Transport,
}

/// A repository that is being read.
pub(crate) struct Repository<'a> {
    registry: &'a Registry,
    path: &'a str,
    /// What the last challenge was answered with.
    authorization: Mutex<Option<HeaderValue>>,
}

impl Registry {
    pub(crate) fn new(url: &str, account: Option<Account>, transport: Transport) -> Result<Self, InvalidRegistry> {
        let invalid = || InvalidRegistry(url.to_owned());
        let base: Uri = url.trim_end_matches('/').parse().map_err(|_| invalid())?;
        if base.authority().is_none() || !matches!(base.scheme_str(), Some("http" | "https")) || base.query().is_some()
        {
            return Err(invalid());
        }
        Ok(Self {
            base,
            account,
            transport,
        })
    }

    pub(crate) fn repository<'a>(&'a self, path: &'a str) -> Repository<'a> {
        Repository {
            registry: self,
            path,
            authorization: Mutex::new(None),
        }
    }

    fn basic(&self) -> Option<HeaderValue> {
        let Account { user, password } = self.account.as_ref()?;
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        secret(&format!("Basic {encoded}"))
    }
}

impl Repository<'_> {
    /// A manifest by tag or digest: its digest, its bytes, and what the registry calls it.
    pub(crate) async fn manifest(
        &self,
        reference: &str,
    ) -> Result<(Sha256Digest, Vec<u8>, Option<String>), ImageError> {
        let mut accepted = HeaderMap::new();
        accepted.insert(
            header::ACCEPT,
            HeaderValue::from_str(&MANIFESTS.join(", ")).map_err(unreachable)?,
        );
        let answer = self.ask(&format!("manifests/{reference}"), accepted).await?;
        let said = answer
            .head
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let said = said.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned());
        let bytes = document(answer).await?;
        let digest = Sha256Digest::of(&bytes);
        if let Some(Ok(wanted)) = reference.strip_prefix("sha256:").map(str::parse) {
            return Ok((wanted, verified(bytes, wanted)?, said));
        }
        Ok((digest, bytes, said))
    }

    /// A blob that is a document.
    pub(crate) async fn document(&self, digest: Sha256Digest) -> Result<Vec<u8>, ImageError> {
        let answer = self
            .ask(&format!("blobs/sha256:{}", digest.to_hex()), HeaderMap::new())
            .await?;
        verified(document(answer).await?, digest)
    }

    /// Fetches a blob of `size` bytes into `file`, from where an earlier try broke off.
    pub(crate) async fn download(&self, digest: Sha256Digest, size: u64, file: &Path) -> Result<(), ImageError> {
        let mut breaks = BREAKS.iter();
        loop {
            match (self.download_once(digest, size, file).await, breaks.next()) {
                (Err(ImageError::Unreachable(cause)), Some(pause)) => {
                    tracing::debug!(cause, "a layer did not come whole; the rest is asked for");
                    tokio::time::sleep(*pause).await;
                }
                (done, _) => return done,
            }
        }
    }

    async fn download_once(&self, digest: Sha256Digest, size: u64, path: &Path) -> Result<(), ImageError> {
        let mut file = File::options().create(true).append(true).open(path).await?;
        let mut have = file.metadata().await?.len();
        if have >= size {
            if have > size {
                file.set_len(0).await?;
                return Err(unreachable("more came than the blob has"));
            }
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        if have > 0 {
            headers.insert(
                header::RANGE,
                HeaderValue::from_str(&format!("bytes={have}-")).map_err(unreachable)?,
            );
        }
        let mut answer = self.ask(&format!("blobs/sha256:{}", digest.to_hex()), headers).await?;
        if have > 0 && answer.head.status() != StatusCode::PARTIAL_CONTENT {
            file.set_len(0).await?;
            have = 0;
        }
        while have < size {
            let frame = tokio::time::timeout(SILENCE, answer.body.frame())
                .await
                .map_err(unreachable)?;
            let Some(frame) = frame else {
                file.flush().await?;
                return Err(unreachable("the connection ended early"));
            };
            if let Some(bytes) = frame.map_err(unreachable)?.data_ref() {
                have += bytes.len() as u64;
                if have > size {
                    return Err(ImageError::Invalid(
                        "a layer is longer than its manifest says".to_owned(),
                    ));
                }
                file.write_all(bytes).await?;
            }
        }
        Ok(file.flush().await?)
    }

    /// Asks, answers a challenge, and follows where the registry sends.
    async fn ask(&self, what: &str, headers: HeaderMap) -> Result<Answer, ImageError> {
        let base = &self.registry.base;
        let prefix = base.path().trim_end_matches('/');
        let uri = with_path(base, &format!("{prefix}/v2/{}/{what}", self.path))?;
        let known = self.authorization.lock().await.clone();
        let answer = self.follow(&uri, &headers, known).await?;
        if answer.head.status() != StatusCode::UNAUTHORIZED {
            return self.judge(answer);
        }
        let challenge = answer
            .head
            .headers()
            .get(header::WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok());
        let authorization = self.meet(challenge.unwrap_or_default()).await?;
        *self.authorization.lock().await = Some(authorization.clone());
        let answer = self.follow(&uri, &headers, Some(authorization)).await?;
        self.judge(answer)
    }

    fn judge(&self, answer: Answer) -> Result<Answer, ImageError> {
        match answer.head.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => Err(ImageError::NotFound),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ImageError::AccessDenied),
            status => Err(unreachable(format!("{} answered {status}", self.registry.base))),
        }
    }

    async fn follow(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, ImageError> {
        let (mut uri, mut headers) = (uri.clone(), headers.clone());
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        for _ in 0..MOST_REDIRECTS {
            let answer = self.registry.transport.get(&uri, headers.clone()).await?;
            let Some(place) = redirection(&answer, &uri)? else {
                return Ok(answer);
            };
            // Who stores the blobs is not told who asks.
            if place.authority() != uri.authority() {
                headers.remove(header::AUTHORIZATION);
            }
            uri = place;
        }
        Err(unreachable("it sends from one place to the next"))
    }

    /// What is said to a challenge.
    async fn meet(&self, challenge: &str) -> Result<HeaderValue, ImageError> {
        let basic = self.registry.basic();
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return basic.ok_or(ImageError::AccessDenied);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ImageError::AccessDenied);
        }
        let parameters = parameters(rest);
        let parameter = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let realm: Uri = parameter("realm")
            .and_then(|realm| realm.parse().ok())
            .ok_or_else(|| unreachable("a challenge without a realm"))?;
        let scope = format!("repository:{}:pull", self.path);
        let mut query: Vec<String> = realm.query().map(str::to_owned).into_iter().collect();
        query.extend(parameter("service").map(|service| format!("service={}", escaped(service))));
        query.push(format!("scope={}", escaped(parameter("scope").unwrap_or(&scope))));
        let uri = with_path(&realm, &format!("{}?{}", realm.path(), query.join("&")))?;
        let mut headers = HeaderMap::new();
        headers.extend(basic.map(|value| (header::AUTHORIZATION, value)));
        let answer = self.judge(self.registry.transport.get(&uri, headers).await?)?;
        let token: Token = serde_json::from_slice(&document(answer).await?).map_err(unreachable)?;
        let token = token.token.or(token.access_token).unwrap_or_default();
        secret(&format!("Bearer {token}")).ok_or(ImageError::AccessDenied)
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Where an answer sends to, if it does. Never from a connection that is secure to one that is not.
fn redirection(answer: &Answer, from: &Uri) -> Result<Option<Uri>, ImageError> {
    let status = answer.head.status();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let place = answer
        .head
        .headers()
        .get(header::LOCATION)
        .and_then(|place| place.to_str().ok());
    let place = place.ok_or_else(|| unreachable("it sends nowhere"))?;
    let place = if place.starts_with('/') {
        with_path(from, place)?
    } else {
        place.parse().map_err(unreachable)?
    };
    let secure = |uri: &Uri| uri.scheme_str() == Some("https");
    if place.authority().is_none() || (secure(from) && !secure(&place)) {
        return Err(unreachable("it sends to a place that is not safe to ask"));
    }
    Ok(Some(place))
}

async fn document(answer: Answer) -> Result<Vec<u8>, ImageError> {
    let Answer {
        body,
        connection: _connection,
        ..
    } = answer;
    let limit = usize::try_from(LONGEST_DOCUMENT).unwrap_or(usize::MAX);
    let whole = tokio::time::timeout(SILENCE, Limited::new(body, limit).collect())
        .await
        .map_err(unreachable)?;
    Ok(whole.map_err(unreachable)?.to_bytes().to_vec())
}

fn with_path(uri: &Uri, path: &str) -> Result<Uri, ImageError> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse::<PathAndQuery>().map_err(unreachable)?);
    Uri::from_parts(parts).map_err(unreachable)
}

/// The parameters of a challenge: `name="value"`, separated by commas, which values may contain.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((name, behind)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_owned();
        let (value, left) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_once(',').unwrap_or((behind, "")),
        };
        all.push((name, value.trim().to_owned()));
        rest = left;
    }
    all
}

/// For a query.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// A header that is not shown.
fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl From<TransportError> for ImageError {
    fn from(error: TransportError) -> Self {
        unreachable(error)
    }
}

fn unreachable(error: impl fmt::Display) -> ImageError {
    ImageError::Unreachable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
    };

    async fn request(stream: &mut TcpStream) -> String {
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(asked).unwrap()
    }

    /// A registry that gives these answers, one after the other, and what it is asked.
    async fn exchange<T>(
        answers: &[&str],
        account: Option<Account>,
        act: impl AsyncFnOnce(Repository<'_>) -> T,
    ) -> (Vec<String>, T) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let registry = Registry::new(&here, account, Transport::new(None).unwrap()).unwrap();
        let serve = async {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                asked.push(request(&mut stream).await);
                stream
                    .write_all(answer.replace("HERE", &here).as_bytes())
                    .await
                    .unwrap();
            }
            asked
        };
        tokio::join!(serve, act(registry.repository("team/app")))
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_challenge_is_met_with_a_token_and_a_redirection_without() {
        let account = Account {
            user: "AWS".to_owned(),
            password: "secret".to_owned(),
        };
        let challenge = "HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Bearer realm=\"HERE/token?a=b\",service=\"x y\",scope=\"repository:team/app:pull,push\"\r\n\r\n";
        let moved = "HTTP/1.1 307 There\r\nContent-Length: 0\r\nLocation: /elsewhere?x=1\r\n\r\n";
        let (token, body) = (ok(r#"{"access_token":"t0"}"#), ok("{}"));
        let (asked, got) = exchange(&[challenge, &token, moved, &body], Some(account), async |repository| {
            repository.manifest("v1").await
        })
        .await;
        assert_eq!(got.unwrap().0, Sha256Digest::of(b"{}"));
        assert!(
            asked[0].starts_with("GET /v2/team/app/manifests/v1 HTTP/1.1\r\n"),
            "{}",
            asked[0]
        );
        assert!(
            asked[1].starts_with("GET /token?a=b&service=x%20y&scope=repository:team/app:pull,push "),
            "{}",
            asked[1]
        );
        assert!(asked[1].contains("authorization: Basic QVdTOnNlY3JldA=="));
        assert!(asked[2].contains("authorization: Bearer t0") && asked[2].contains("image.index.v1+json"));
        assert!(asked[3].starts_with("GET /elsewhere?x=1 "));
    }

    #[tokio::test]
    async fn refusals_are_told_apart() {
        let answers = [
            ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "NotFound"),
            ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "AccessDenied"),
            (
                "HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n",
                "AccessDenied",
            ),
            ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "Unreachable"),
            ("nonsense\r\n\r\n", "Unreachable"),
        ];
        for (answer, kind) in answers {
            let (_, got) = exchange(&[answer], None, async |repository| repository.manifest("v1").await).await;
            assert!(format!("{:?}", got.unwrap_err()).starts_with(kind), "{answer}");
        }
        let other = ok("another");
        let (_, got) = exchange(&[&other], None, async |repository| {
            repository.document(Sha256Digest::of(b"x")).await
        })
        .await;
        assert!(matches!(got, Err(ImageError::Invalid(_))));
    }

    #[tokio::test]
    async fn a_download_goes_on_where_it_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("blob");
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
        let rest = "HTTP/1.1 206 Partial\r\nContent-Length: 5\r\n\r\n56789";
        let (asked, got) = exchange(&[cut, rest], None, async |repository| {
            repository.download(Sha256Digest::of(b"0123456789"), 10, &file).await
        })
        .await;
        got.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"0123456789");
        assert!(asked[1].contains("range: bytes=5-\r\n"), "{}", asked[1]);
        let long = ok("0123456789");
        let small = folder.path().join("small");
        let (_, got) = exchange(&[&long], None, async |repository| {
            repository.download(Sha256Digest::of(b"x"), 5, &small).await
        })
        .await;
        assert!(matches!(got, Err(ImageError::Invalid(_))));
    }

    #[test]
    fn registries_are_urls() {
        let transport = Transport::new(None).unwrap();
        for good in ["http://127.0.0.1:5000", "https://registry.example.com/proxy/"] {
            assert!(Registry::new(good, None, transport.clone()).is_ok(), "{good}");
        }
        for bad in ["registry.example.com", "ftp://x", "", "http://x/?a=b"] {
            assert!(Registry::new(bad, None, transport.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn challenges_have_parameters() {
        let got = parameters(r#"realm="https://a/b",service=x, scope="a,b""#);
        let names: Vec<_> = got.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["realm=https://a/b", "service=x", "scope=a,b"]);
    }
}
