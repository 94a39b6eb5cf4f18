//! The web console behind the listener: its files, and sessions where requests have to be signed.
//!
//! A browser has no safe place for a secret key. So the console signs one request with it, `login`, and forgets it; what it gets is a
//! cookie that scripts cannot read, and with that it calls the APIs below [`API`], as the account that signed in. Three things keep others
//! out of a session: the cookie is sent only below [`SESSIONS`], so functions that are served on the same origin never see it; it is not
//! sent along with requests of other sites; and a call must carry a header that other sites cannot set.

use crate::{
    auth::Caller,
    body,
    edge::{Answer, Edge, whole},
    session::{LIFETIME, Session, Token},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE},
    request,
    uri::{InvalidUri, PathAndQuery},
};
use hyper::body::Incoming;
use lambent_types::{RequestId, Scope};
use lambent_wire::{ServiceError, error, rest_json};
use serde::Serialize;

/// What only the console asks for. The cookie goes nowhere else.
pub(crate) const SESSIONS: &str = "/_lambent/console/";
/// In front of the path of a call that a session stands for.
const API: &str = "api/";
const COOKIE_NAME: &str = "lambent-session";
/// On each call of a session: the service and the region that a signature would name, `lambda/us-east-1`. Another site that set it would
/// have to ask first, and is never told yes.
const CALL: HeaderName = HeaderName::from_static("x-lambent-console");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const LARGEST_LOGIN: usize = 4 << 10;
/// Gives a page an origin of its own, as it has where it is reached by its own host.
const OWN_ORIGIN: &str = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts";

/// Marks a request that was let in by its session.
#[derive(Clone)]
pub(crate) struct SignedIn(pub(crate) Caller);

/// What the console wants to know before it does anything.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    /// Whether somebody has to sign in.
    login_required: bool,
    /// Who has.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

impl Edge {
    /// A file of the console, if that is what a request is for.
    pub(crate) fn page(&self, parts: &request::Parts) -> Option<Answer> {
        self.sessions.as_ref()?;
        lambent_console::answer(&parts.method, parts.uri.path(), &parts.headers).map(whole)
    }

    /// The path below [`SESSIONS`], if that is what a request is for.
    pub(crate) fn console_path(&self, parts: &request::Parts) -> Option<String> {
        self.sessions.as_ref()?;
        parts.uri.path().strip_prefix(SESSIONS).map(str::to_owned)
    }

    /// Answers what only the console asks for.
    pub(crate) async fn console(
        &self,
        mut parts: request::Parts,
        path: &str,
        body: Incoming,
        request_id: RequestId,
    ) -> Answer {
        if path.starts_with(API) {
            return match self.sign_in(&mut parts) {
                Ok(()) => self.aws(&parts, body, request_id).await,
                Err(refused) => {
                    body::discard(body).await;
                    whole(rest_json::encode_error(&refused))
                }
            };
        }
        let answered = match (&parts.method, path) {
            (&Method::GET, "session") => {
                body::discard(body).await;
                Ok(self.standing(&parts.headers))
            }
            (&Method::POST, "login") => self.login(&parts, body).await,
            (&Method::POST, "logout") => {
                body::discard(body).await;
                self.logout(&parts.headers)
            }
            _ => {
                body::discard(body).await;
                Err(error::UNKNOWN_OPERATION.with("The console has no such request."))
            }
        };
        answered.unwrap_or_else(|refused| whole(rest_json::encode_error(&refused)))
    }

    /// Makes a call of a session the call that a client would have signed.
    fn sign_in(&self, parts: &mut request::Parts) -> Result<(), ServiceError> {
        let refused = || error::MISSING_AUTHENTICATION_TOKEN.with("Sign in to the console.");
        let session = self.session(&parts.headers).ok_or_else(refused)?;
        let said = parts.headers.get(CALL).and_then(|value| value.to_str().ok());
        let (service, region) = said.and_then(|said| said.split_once('/')).ok_or_else(refused)?;
        let caller = Caller {
            access_key: session.access_key,
            scope: Scope {
                account: session.account,
                region: region.parse().unwrap_or_default(),
            },
            service: service.to_owned(),
            session: None,
        };
        parts.uri = inner(&parts.uri).map_err(|_| refused())?;
        parts.headers.remove(COOKIE);
        parts.extensions.insert(SignedIn(caller));
        Ok(())
    }

    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        self.sessions.as_ref()?.find(token(headers)?, self.clock.now())
    }

    fn standing(&self, headers: &HeaderMap) -> Answer {
        let session = self.session(headers);
        json(&Standing {
            login_required: self.door.verifies(),
            account: session.as_ref().map(|session| session.account.to_string()),
            access_key: session.map(|session| session.access_key),
        })
    }

    /// Opens a session for whoever signed this request.
    async fn login(&self, parts: &request::Parts, body: Incoming) -> Result<Answer, ServiceError> {
        let read = self.bodies.read(body, LARGEST_LOGIN, 1).await;
        let read = read.map_err(|_| error::SERIALIZATION.with("The request body could not be read."))?;
        let caller = self.door.claimed(parts)?;
        self.verify(parts, &read.bytes)?;
        if parts.headers.contains_key("x-amz-security-token") {
            // A session would outlive them.
            return Err(error::ACCESS_DENIED.with("Temporary credentials cannot sign in to the console."));
        }
        let sessions = self.sessions.as_ref();
        let sessions = sessions.ok_or_else(|| error::UNKNOWN_OPERATION.with("There is no console here."))?;
        let token = Token::new(self.ids.as_ref());
        let account = caller.scope.account;
        let session = Session {
            access_key: caller.access_key.clone(),
            account,
            ends: self.clock.now().plus(LIFETIME),
        };
        let cookie = cookie(&parts.headers, token.text(), LIFETIME.as_secs());
        sessions.open(&token, session, self.clock.now());
        let mut answer = json(&Standing {
            login_required: self.door.verifies(),
            access_key: Some(caller.access_key),
            account: Some(account.to_string()),
        });
        answer.headers_mut().insert(SET_COOKIE, cookie?);
        Ok(answer)
    }

    fn logout(&self, headers: &HeaderMap) -> Result<Answer, ServiceError> {
        if !headers.contains_key(CALL) {
            return Err(error::MISSING_AUTHENTICATION_TOKEN.with("Sign in to the console."));
        }
        if let (Some(sessions), Some(token)) = (&self.sessions, token(headers)) {
            sessions.close(token);
        }
        let mut answer = self.standing(&HeaderMap::new());
        answer.headers_mut().insert(SET_COOKIE, cookie(headers, "", 0)?);
        Ok(answer)
    }

    /// A function that is reached by a path has the console's origin, where its pages could use a session. Only where there are sessions:
    /// elsewhere whoever reaches the server may do everything anyway.
    pub(crate) fn keep_apart(&self, answer: &mut Answer) {
        if self.door.verifies() {
            let headers = answer.headers_mut();
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_ORIGIN));
            headers.remove("service-worker-allowed");
        }
    }
}

/// The address of the API's own.
fn inner(uri: &Uri) -> Result<Uri, InvalidUri> {
    let asked = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = asked.strip_prefix(SESSIONS).and_then(|rest| rest.strip_prefix(API));
    format!("/{}", rest.unwrap_or_default()).parse()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

fn cookie(asked: &HeaderMap, value: &str, seconds: u64) -> Result<HeaderValue, ServiceError> {
    // The server itself speaks no TLS; what stands in front of it may.
    let secure = match asked.get(FORWARDED_PROTO) {
        Some(proto) if proto == "https" => "; Secure",
        _ => "",
    };
    let cookie =
        format!("{COOKIE_NAME}={value}; Path={SESSIONS}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).map_err(|_| error::INTERNAL_FAILURE.with("The cookie could not be made."))
}

fn json(standing: &Standing) -> Answer {
    let body = serde_json::to_vec(standing).unwrap_or_default();
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = StatusCode::OK;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    whole(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_one_a_client_would_send() {
        let inner = |path: &str| inner(&path.parse().unwrap()).unwrap().to_string();
        assert_eq!(
            inner("/_lambent/console/api/2015-03-31/functions/a%3A1/code?Qualifier=%241"),
            "/2015-03-31/functions/a%3A1/code?Qualifier=%241"
        );
        assert_eq!(inner("/_lambent/console/api/"), "/");
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; lambent-session=cafe; c=d".parse().unwrap());
        assert_eq!(token(&headers), Some("cafe"));
        assert_eq!(token(&HeaderMap::new()), None);
    }

    #[test]
    fn the_cookie_is_for_the_console_alone() {
        let made = cookie(&HeaderMap::new(), "cafe", 60).unwrap();
        assert_eq!(
            made,
            "lambent-session=cafe; Path=/_lambent/console/; Max-Age=60; HttpOnly; SameSite=Strict"
        );
        let mut behind_tls = HeaderMap::new();
        behind_tls.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        assert!(
            cookie(&behind_tls, "", 0)
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
    }
}
