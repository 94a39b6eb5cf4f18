//! Whether a request was signed by somebody who has the secret.

use super::{
    CONTENT_SHA256, UNSIGNED_PAYLOAD,
    authorization::{Authorization, CredentialScope, print_moment},
    canonical::Canonical,
    key::{KeyCache, hex, hmac, sha256_hex},
};
use crate::error::{self, ServiceError};
use http::HeaderMap;
use lambent_types::Timestamp;
use std::{fmt, time::Duration};
use subtle::ConstantTimeEq;

/// How far the clocks of client and server may be apart.
const SKEW: Duration = Duration::from_secs(15 * 60);

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
                        Key and signing method. Consult the service documentation for details.";

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path as sent, not decoded.
    pub path: &'a str,
    /// The query string as sent, without the question mark.
    pub query: &'a str,
    /// Its headers. Over HTTP/2 the edge puts the authority in as `host`.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

/// Where secrets are kept.
pub trait Secrets {
    /// The secret of an access key, together with the session token the request carries.
    ///
    /// # Errors
    /// [`LookupError`] when there is none that is valid.
    fn secret(&self, access_key: &str, session_token: Option<&str>) -> Result<String, LookupError>;
}

/// Why there is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nobody has this access key, or not with this session token.
    #[error("unknown access key or session token")]
    Unknown,
    /// The temporary credentials are no longer valid.
    #[error("expired credentials")]
    Expired,
}

/// A verified signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose, and for what.
    pub scope: CredentialScope,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// What the signature says about the body.
    pub integrity: Integrity,
}

/// What a signature says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// The body is the one that was signed.
    Verified,
    /// The body was left out of the signature.
    Unsigned,
    /// The body comes in chunks with signatures or checksums of their own, which are still to be checked. S3 only.
    Chunked,
}

/// Verifies signatures. Keeps derived keys, no secrets.
#[derive(Default)]
pub struct Verifier {
    keys: KeyCache,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// Verifies the signature of `request` at `now`.
    ///
    /// # Errors
    /// `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `UnrecognizedClientException`, `ExpiredTokenException` or
    /// `InvalidSignatureException`, in AWS's words.
    pub fn verify(
        &self,
        request: &SignedRequest<'_>,
        now: Timestamp,
        secrets: &dyn Secrets,
    ) -> Result<Identity, ServiceError> {
        let authorization = Authorization::parse(request.headers, request.query)?;
        check_date(&authorization, now)?;
        check_signed_headers(&authorization, request.headers)?;
        let (payload, integrity) = payload(request, &authorization)?;
        let secret = find_secret(secrets, &authorization)?;
        let canonical = Canonical {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            signed_headers: &authorization.signed_headers,
            payload: &payload,
        };
        let to_sign = canonical.string_to_sign(&authorization.date, &authorization.scope);
        let expected = hex(&hmac(&self.keys.get(&secret, &authorization.scope), to_sign.as_bytes()));
        if !bool::from(expected.as_bytes().ct_eq(authorization.signature.as_bytes())) {
            return Err(error::INVALID_SIGNATURE.with(MISMATCH));
        }
        Ok(Identity {
            scope: authorization.scope,
            session_token: authorization.session_token,
            integrity,
        })
    }
}

fn find_secret(secrets: &dyn Secrets, authorization: &Authorization) -> Result<String, ServiceError> {
    let token = authorization.session_token.as_deref();
    secrets
        .secret(&authorization.scope.access_key, token)
        .map_err(|why| match why {
            LookupError::Unknown => {
                error::UNRECOGNIZED_CLIENT.with("The security token included in the request is invalid.")
            }
            LookupError::Expired => error::EXPIRED_TOKEN.with("The security token included in the request is expired"),
        })
}

fn check_date(authorization: &Authorization, now: Timestamp) -> Result<(), ServiceError> {
    let made = authorization.moment()?;
    let (date, scope_date) = (&authorization.date, &authorization.scope.date);
    if !date.starts_with(scope_date.as_str()) {
        return Err(error::INVALID_SIGNATURE.with(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope_date}' != '{}', from \
             '{date}'.",
            date.get(..8).unwrap_or_default()
        )));
    }
    let shown = print_moment(now);
    if made.since(now) > SKEW {
        let latest = print_moment(now.plus(SKEW));
        return Err(error::INVALID_SIGNATURE.with(format!(
            "Signature not yet current: {date} is still later than {latest} ({shown} + 15 min.)"
        )));
    }
    let valid = authorization
        .expires
        .map_or(SKEW, |seconds| Duration::from_secs(seconds.into()));
    if now.since(made) > valid {
        let back = i64::try_from(valid.as_micros()).unwrap_or(i64::MAX);
        let earliest = print_moment(Timestamp::from_micros(now.as_micros().saturating_sub(back)));
        let minutes = valid.as_secs() / 60;
        return Err(error::INVALID_SIGNATURE.with(format!(
            "Signature expired: {date} is now earlier than {earliest} ({shown} - {minutes} min.)"
        )));
    }
    Ok(())
}

/// The host and what changes the meaning of a request must be signed. The date and the body's hash are part of every signature.
fn check_signed_headers(authorization: &Authorization, headers: &HeaderMap) -> Result<(), ServiceError> {
    let signed = |name: &str| authorization.signed_headers.iter().any(|known| known == name);
    let free = ["x-amz-date", CONTENT_SHA256];
    let unsigned: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-") && !free.contains(name) && !signed(name))
        .collect();
    if !signed("host") {
        return Err(
            error::INVALID_SIGNATURE.with("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        );
    }
    if unsigned.is_empty() {
        return Ok(());
    }
    let names = unsigned.join(", ");
    Err(error::INVALID_SIGNATURE.with(format!(
        "There were headers present in the request which were not signed: {names}"
    )))
}

/// The body's line of the canonical request.
fn payload(request: &SignedRequest<'_>, authorization: &Authorization) -> Result<(String, Integrity), ServiceError> {
    let declared = request
        .headers
        .get(CONTENT_SHA256)
        .and_then(|value| value.to_str().ok());
    match declared {
        Some(UNSIGNED_PAYLOAD) => Ok((UNSIGNED_PAYLOAD.to_owned(), Integrity::Unsigned)),
        Some(streaming) if streaming.starts_with("STREAMING-") => Ok((streaming.to_owned(), Integrity::Chunked)),
        Some(hash) if hash == sha256_hex(request.body) => Ok((hash.to_owned(), Integrity::Verified)),
        Some(_) => Err(error::INVALID_SIGNATURE
            .with("The provided 'x-amz-content-sha256' header does not match what was computed.")),
        None if authorization.expires.is_some() && authorization.scope.service == "s3" => {
            Ok((UNSIGNED_PAYLOAD.to_owned(), Integrity::Unsigned))
        }
        None => Ok((sha256_hex(request.body), Integrity::Verified)),
    }
}
