//! Signing as a client.

use super::{
    ALGORITHM, CONTENT_SHA256, UNSIGNED_PAYLOAD,
    authorization::{CredentialScope, print_moment},
    canonical::Canonical,
    key::{derive, hex, hmac, sha256_hex},
};
use crate::uri::percent_encode;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use lambent_types::Timestamp;

/// What a client signs with.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The access key id.
    pub access_key: &'a str,
    /// The secret.
    pub secret: &'a str,
    /// The token of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// A request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// It has neither a `Host` header nor an authority in its URI.
    #[error("the request has no host")]
    NoHost,
    /// Something that has to become a header has characters that headers cannot carry.
    #[error("the credentials cannot be written into a header")]
    Unprintable,
}

/// Signs a request in its headers: adds `host`, `x-amz-date`, the session token, for S3 the hash of the body, and `authorization`.
/// Every header is signed except those that a proxy may change.
///
/// # Errors
/// [`SignError`] when a header cannot be written.
pub fn sign<B: AsRef<[u8]>>(
    request: &mut Request<B>,
    credentials: Credentials<'_>,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), SignError> {
    let moment = print_moment(now);
    let scope = scope(credentials, region, service, &moment);
    let hash = sha256_hex(request.body().as_ref());
    add_host(request)?;
    let mut added = vec![(HeaderName::from_static("x-amz-date"), moment.clone())];
    added.extend(
        credentials
            .session_token
            .map(|token| (HeaderName::from_static("x-amz-security-token"), token.to_owned())),
    );
    let chosen = request
        .headers()
        .get(CONTENT_SHA256)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    if service == "s3" && chosen.is_none() {
        added.push((HeaderName::from_static(CONTENT_SHA256), hash.clone()));
    }
    for (name, value) in added {
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(&value).map_err(|_| SignError::Unprintable)?);
    }
    let signed_headers = signed_headers(request.headers());
    let canonical = Canonical {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        signed_headers: &signed_headers,
        payload: chosen.as_deref().unwrap_or(&hash),
    };
    let signature = signature(&canonical, credentials, &moment, &scope);
    let value = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        scope.access_key,
        scope.signed_form(),
        signed_headers.join(";")
    );
    let value = HeaderValue::from_str(&value).map_err(|_| SignError::Unprintable)?;
    request.headers_mut().insert(header::AUTHORIZATION, value);
    Ok(())
}

/// The path and query of a presigned GET request, valid for `expires` seconds from `now`. `path` is already encoded.
#[must_use]
pub fn presign(
    host: &str,
    path: &str,
    credentials: Credentials<'_>,
    region: &str,
    service: &str,
    now: Timestamp,
    expires: u32,
) -> String {
    let moment = print_moment(now);
    let scope = scope(credentials, region, service, &moment);
    let credential = percent_encode(&format!("{}/{}", scope.access_key, scope.signed_form()), false);
    let token = credentials
        .session_token
        .map(|token| format!("&X-Amz-Security-Token={}", percent_encode(token, false)));
    let query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={moment}&X-Amz-Expires={expires}\
         &X-Amz-SignedHeaders=host{}",
        token.unwrap_or_default()
    );
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(host).ok().map(|host| (header::HOST, host)));
    let empty = sha256_hex(b"");
    let canonical = Canonical {
        method: "GET",
        path,
        query: &query,
        headers: &headers,
        signed_headers: &["host".to_owned()],
        payload: if service == "s3" { UNSIGNED_PAYLOAD } else { &empty },
    };
    let signature = signature(&canonical, credentials, &moment, &scope);
    format!("{path}?{query}&X-Amz-Signature={signature}")
}

fn scope(credentials: Credentials<'_>, region: &str, service: &str, moment: &str) -> CredentialScope {
    CredentialScope {
        access_key: credentials.access_key.to_owned(),
        date: moment.get(..8).unwrap_or_default().to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    }
}

fn signature(canonical: &Canonical<'_>, credentials: Credentials<'_>, moment: &str, scope: &CredentialScope) -> String {
    let to_sign = canonical.string_to_sign(moment, scope);
    hex(&hmac(&derive(credentials.secret, scope), to_sign.as_bytes()))
}

fn add_host<B>(request: &mut Request<B>) -> Result<(), SignError> {
    if request.headers().contains_key(header::HOST) {
        return Ok(());
    }
    let authority = request.uri().authority().ok_or(SignError::NoHost)?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| SignError::Unprintable)?;
    request.headers_mut().insert(header::HOST, host);
    Ok(())
}

fn signed_headers(headers: &HeaderMap) -> Vec<String> {
    const FREE: &[&str] = &[
        "authorization",
        "connection",
        "expect",
        "transfer-encoding",
        "user-agent",
        "x-amzn-trace-id",
    ];
    let mut names: Vec<String> = headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.retain(|name| !FREE.contains(&name.as_str()));
    names.sort();
    names
}
