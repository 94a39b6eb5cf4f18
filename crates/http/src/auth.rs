//! Who asks, and for which account and region.

use crate::console::SignedIn;
use http::{HeaderMap, request};
use lambent_sts::{Session, SessionKeys};
use lambent_types::{AccountId, Region, Scope, Timestamp};
use lambent_wire::{
    RoleSession, ServiceError, error,
    sigv4::{CredentialScope, Integrity, LookupError, Secrets, SignedRequest, Verifier, parse_authorization},
    uri::parse_query,
};
use std::{collections::HashMap, fmt, sync::Arc};

/// How requests are authenticated.
#[derive(Debug)]
pub enum Auth {
    /// Any well-formed credentials are accepted, unverified. Only for a listener that others cannot reach.
    AcceptAny,
    /// Signatures are verified against these credentials.
    Verify(Verifier, Credentials),
    /// Every caller is this function, whatever the access key says, and signatures are not verified. Only for a listener that it alone can
    /// reach.
    Function(FunctionCaller),
}

/// As whom a function calls AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCaller {
    /// The function's account.
    pub account: AccountId,
    /// The session of its execution role.
    pub session: RoleSession,
}

/// Finds out who asks.
#[derive(Clone)]
pub(crate) struct Doorkeeper {
    pub(crate) auth: Arc<Auth>,
    /// The temporary credentials of this server are good wherever they come in.
    pub(crate) keys: Arc<SessionKeys>,
}

/// An access key an operator has configured.
#[derive(Clone)]
pub struct Credential {
    /// The access key id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// The account it belongs to.
    pub account: AccountId,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.access_key, self.account)
    }
}

/// The configured access keys.
#[derive(Debug)]
pub struct Credentials(HashMap<String, Credential>);

impl Credentials {
    /// The access keys, and the accounts that they belong to.
    pub fn accounts(&self) -> impl Iterator<Item = (String, AccountId)> {
        self.0.values().map(|each| (each.access_key.clone(), each.account))
    }
}

impl FromIterator<Credential> for Credentials {
    fn from_iter<I: IntoIterator<Item = Credential>>(credentials: I) -> Self {
        Self(
            credentials
                .into_iter()
                .map(|each| (each.access_key.clone(), each))
                .collect(),
        )
    }
}

/// The keys that are good at one moment.
struct Good<'a> {
    configured: &'a Credentials,
    keys: &'a SessionKeys,
    now: Timestamp,
}

impl Secrets for Good<'_> {
    fn secret(&self, access_key: &str, session_token: Option<&str>) -> Result<String, LookupError> {
        // Configured keys are long-term ones; they come without a token.
        let Some(token) = session_token else {
            let found = self.configured.0.get(access_key);
            return found.map(|found| found.secret_key.clone()).ok_or(LookupError::Unknown);
        };
        let session = self.keys.open(token).filter(|session| session.access_key == access_key);
        let session = session.ok_or(LookupError::Unknown)?;
        if session.ends <= self.now {
            return Err(LookupError::Expired);
        }
        Ok(self.keys.secret_key(token))
    }
}

/// The caller, as far as the signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) scope: Scope,
    /// The service the request was signed for.
    pub(crate) service: String,
    /// The session of a role that asks.
    pub(crate) session: Option<RoleSession>,
}

impl Doorkeeper {
    /// Whether requests have to be signed by somebody who is known.
    pub(crate) fn verifies(&self) -> bool {
        matches!(*self.auth, Auth::Verify(..))
    }

    /// The same keeper at the door of one function.
    pub(crate) fn of_function(&self, caller: FunctionCaller) -> Self {
        Self {
            auth: Arc::new(Auth::Function(caller)),
            keys: Arc::clone(&self.keys),
        }
    }

    /// The caller a request claims to be: enough to route it, not to trust it.
    pub(crate) fn claimed(&self, parts: &request::Parts) -> Result<Caller, ServiceError> {
        if let Some(SignedIn(caller)) = parts.extensions.get() {
            return Ok(caller.clone());
        }
        let scope = parse_authorization(&parts.headers, parts.uri.query().unwrap_or_default())
            .ok_or_else(|| error::MISSING_AUTHENTICATION_TOKEN.with("Missing Authentication Token"))?;
        let session = self.session(&parts.headers, parts.uri.query().unwrap_or_default(), &scope);
        Ok(self.caller(scope, session))
    }

    /// The temporary credentials of this server that a request was signed with, if they are such.
    fn session(&self, headers: &HeaderMap, query: &str, scope: &CredentialScope) -> Option<Session> {
        let token = security_token(headers, query)?;
        self.keys
            .open(&token)
            .filter(|session| session.access_key == scope.access_key)
    }

    /// Verifies the request, now that its body is there.
    pub(crate) fn verify(&self, request: &SignedRequest<'_>, now: Timestamp) -> Result<(), ServiceError> {
        let Auth::Verify(verifier, configured) = &*self.auth else {
            let scope = parse_authorization(request.headers, request.query);
            let session = scope.and_then(|scope| self.session(request.headers, request.query, &scope));
            return match session {
                Some(session) if session.ends <= now => {
                    Err(error::EXPIRED_TOKEN.with("The security token included in the request is expired"))
                }
                _ => Ok(()),
            };
        };
        let good = Good {
            configured,
            keys: &self.keys,
            now,
        };
        let identity = verifier.verify(request, now, &good)?;
        match identity.integrity {
            Integrity::Verified | Integrity::Unsigned => Ok(()),
            Integrity::Chunked => Err(error::INVALID_SIGNATURE.with("Chunked signatures are for S3 only.")),
        }
    }

    fn caller(&self, scope: CredentialScope, session: Option<Session>) -> Caller {
        let (account, session) = match (session, &*self.auth) {
            (Some(session), _) => (Some(session.account), session.role),
            (None, Auth::AcceptAny) => (None, None),
            (None, Auth::Verify(_, credentials)) => {
                let known = credentials.0.get(&scope.access_key);
                (known.map(|credential| credential.account), None)
            }
            (None, Auth::Function(caller)) => (Some(caller.account), Some(caller.session.clone())),
        };
        let account = account
            .or_else(|| scope.access_key.parse().ok())
            .unwrap_or(AccountId::DEFAULT);
        let region: Region = scope.region.parse().unwrap_or_default();
        Caller {
            access_key: scope.access_key,
            scope: Scope { account, region },
            service: scope.service,
            session,
        }
    }
}

/// The session token that a request carries, in a header or in its query string.
fn security_token(headers: &HeaderMap, query: &str) -> Option<String> {
    let header = headers
        .get("x-amz-security-token")
        .and_then(|value| value.to_str().ok());
    header.map(str::to_owned).or_else(|| {
        let mut pairs = parse_query(query).into_iter();
        pairs
            .find(|(name, _)| name == "X-Amz-Security-Token")
            .map(|(_, token)| token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(access_key: &str) -> Caller {
        claimed_by(Auth::AcceptAny, access_key)
    }

    fn keeper(auth: Auth) -> Doorkeeper {
        Doorkeeper {
            auth: Arc::new(auth),
            keys: Arc::new(SessionKeys::new([1; 32])),
        }
    }

    fn claimed_by(auth: Auth, access_key: &str) -> Caller {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20261123/eu-west-1/lambda/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00"
        );
        keeper(auth).claimed(&parts(Some(&value))).unwrap()
    }

    fn parts(authorization: Option<&str>) -> request::Parts {
        let mut request = http::Request::get("/");
        if let Some(value) = authorization {
            request = request.header(http::header::AUTHORIZATION, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_function_speaks_for_its_account_alone() {
        let own: AccountId = "111111111111".parse().unwrap();
        for key in ["222222222222", "AKIDEXAMPLE"] {
            let session = RoleSession {
                role: "arn:aws:iam::111111111111:role/r".to_owned(),
                role_id: None,
                name: "f".to_owned(),
            };
            let function = FunctionCaller {
                account: own,
                session: session.clone(),
            };
            let caller = claimed_by(Auth::Function(function), key);
            assert_eq!(caller.session, Some(session));
            assert_eq!((caller.scope.account, caller.scope.region.as_str()), (own, "eu-west-1"));
        }
    }

    #[test]
    fn a_key_of_twelve_digits_is_the_account() {
        assert_eq!(claimed("123456789012").scope.account.as_str(), "123456789012");
        assert_eq!(claimed("test").scope.account, AccountId::DEFAULT);
        assert_eq!(
            (claimed("test").scope.region.as_str(), claimed("test").service.as_str()),
            ("eu-west-1", "lambda")
        );
    }

    #[test]
    fn a_session_speaks_for_whom_it_was_opened() {
        let caller = claimed("123456789012");
        let mut parts = parts(None);
        parts.extensions.insert(SignedIn(caller.clone()));
        assert_eq!(keeper(Auth::AcceptAny).claimed(&parts).unwrap(), caller);
    }

    #[test]
    fn an_unsigned_request_is_refused() {
        let refused = keeper(Auth::AcceptAny).claimed(&parts(None)).unwrap_err();
        assert_eq!(refused.code(), "MissingAuthenticationTokenException");
    }

    #[test]
    fn temporary_credentials_are_good_until_they_end() {
        let account: AccountId = "111111111111".parse().unwrap();
        let now = Timestamp::from_micros(1_795_435_534_000_000);
        let later = now.plus(std::time::Duration::from_secs(900));
        let known = keeper(Auth::AcceptAny);
        let made = known.keys.issue(account, None, later, &lambent_types::RandomIds);
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261123/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00",
            made.access_key
        );
        let mut parts = parts(Some(&value));
        parts
            .headers
            .insert("x-amz-security-token", made.token.parse().unwrap());
        assert_eq!(known.claimed(&parts).unwrap().scope.account, account);
        let request = SignedRequest {
            method: "GET",
            path: "/",
            query: "",
            headers: &parts.headers,
            body: b"",
        };
        assert_eq!(known.verify(&request, now), Ok(()));
        assert_eq!(
            known.verify(&request, later).unwrap_err().code(),
            "ExpiredTokenException"
        );
        let configured: Credentials = std::iter::empty().collect();
        let good = |now| Good {
            configured: &configured,
            keys: &known.keys,
            now,
        };
        let secret = |now, key: &str, token: Option<&str>| good(now).secret(key, token);
        assert_eq!(
            secret(now, &made.access_key, Some(&made.token)),
            Ok(made.secret_key.clone())
        );
        assert_eq!(
            secret(later, &made.access_key, Some(&made.token)),
            Err(LookupError::Expired)
        );
        for (key, token) in [
            ("ASIAOTHER", Some(made.token.as_str())),
            (&made.access_key, None),
            (&made.access_key, Some("x")),
        ] {
            assert_eq!(secret(now, key, token), Err(LookupError::Unknown), "{key}");
        }
    }
}
