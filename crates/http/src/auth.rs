//! Who asks, and for which account and region.

use crate::console::SignedIn;
use http::request;
use lambent_types::{AccountId, Region, Scope, Timestamp};
use lambent_wire::{
    ServiceError, error,
    sigv4::{CredentialScope, Integrity, LookupError, Secrets, SignedRequest, Verifier, parse_authorization},
};
use std::{collections::HashMap, fmt};

/// How requests are authenticated.
#[derive(Debug)]
pub enum Auth {
    /// Any well-formed credentials are accepted, unverified. Only for a listener that others cannot reach.
    AcceptAny,
    /// Signatures are verified against these credentials.
    Verify(Verifier, Credentials),
    /// Every caller is this account, whatever the access key says, and signatures are not verified. Only for a listener that functions
    /// of this account alone can reach.
    Fixed(AccountId),
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

impl Secrets for Credentials {
    fn secret(&self, access_key: &str, session_token: Option<&str>) -> Result<String, LookupError> {
        // Configured keys are long-term ones; they come without a token.
        let found = self.0.get(access_key).filter(|_| session_token.is_none());
        found
            .map(|credential| credential.secret_key.clone())
            .ok_or(LookupError::Unknown)
    }
}

/// The caller, as far as the signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) scope: Scope,
    /// The service the request was signed for.
    pub(crate) service: String,
}

impl Auth {
    /// The caller a request claims to be: enough to route it, not to trust it.
    pub(crate) fn claimed(&self, parts: &request::Parts) -> Result<Caller, ServiceError> {
        if let Some(SignedIn(caller)) = parts.extensions.get() {
            return Ok(caller.clone());
        }
        let scope = parse_authorization(&parts.headers, parts.uri.query().unwrap_or_default())
            .ok_or_else(|| error::MISSING_AUTHENTICATION_TOKEN.with("Missing Authentication Token"))?;
        Ok(self.caller(scope))
    }

    /// Verifies the request, now that its body is there.
    pub(crate) fn verify(&self, request: &SignedRequest<'_>, now: Timestamp) -> Result<(), ServiceError> {
        let Self::Verify(verifier, credentials) = self else {
            return Ok(());
        };
        let identity = verifier.verify(request, now, credentials)?;
        match identity.integrity {
            Integrity::Verified | Integrity::Unsigned => Ok(()),
            Integrity::Chunked => Err(error::INVALID_SIGNATURE.with("Chunked signatures are for S3 only.")),
        }
    }

    fn caller(&self, scope: CredentialScope) -> Caller {
        let known = match self {
            Self::AcceptAny => None,
            Self::Verify(_, credentials) => credentials
                .0
                .get(&scope.access_key)
                .map(|credential| credential.account),
            Self::Fixed(account) => Some(*account),
        };
        let account = known
            .or_else(|| scope.access_key.parse().ok())
            .unwrap_or(AccountId::DEFAULT);
        let region: Region = scope.region.parse().unwrap_or_default();
        Caller {
            access_key: scope.access_key,
            scope: Scope { account, region },
            service: scope.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(access_key: &str) -> Caller {
        claimed_by(&Auth::AcceptAny, access_key)
    }

    fn claimed_by(auth: &Auth, access_key: &str) -> Caller {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20261123/eu-west-1/lambda/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00"
        );
        auth.claimed(&parts(Some(&value))).unwrap()
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
            let caller = claimed_by(&Auth::Fixed(own), key);
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
        assert_eq!(Auth::AcceptAny.claimed(&parts).unwrap(), caller);
    }

    #[test]
    fn an_unsigned_request_is_refused() {
        let refused = Auth::AcceptAny.claimed(&parts(None)).unwrap_err();
        assert_eq!(refused.code(), "MissingAuthenticationTokenException");
    }
}
