//! What a signed request says about its signature, in its `Authorization` header or in its query.

use super::ALGORITHM;
use crate::{
    error::{self, ServiceError},
    uri::parse_query,
};
use http::{HeaderMap, header::AUTHORIZATION};
use lambent_types::Timestamp;

/// Whose key signed, and for which day, region and service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CredentialScope {
    /// The access key id.
    pub access_key: String,
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The region.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl CredentialScope {
    /// Reads `AKID/20261123/us-east-1/lambda/aws4_request`. An access key may contain slashes; the rest may not.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(5, '/');
        let terminator = parts.next()?;
        let (service, region, date, access_key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let complete = [service, region, date, access_key].iter().all(|part| !part.is_empty());
        (terminator == "aws4_request" && complete).then(|| Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// The scope without the access key, as it is signed.
    pub(super) fn signed_form(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// The parts of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Whose, and for what.
    pub scope: CredentialScope,
    /// The lower-case names of the headers that are signed, in order.
    pub signed_headers: Vec<String>,
    /// The signature in hexadecimal.
    pub signature: String,
    /// When it was made, `20261123T120534Z`.
    pub date: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
    /// For how many seconds a presigned URL is valid; `None` for a signature in a header.
    pub expires: Option<u32>,
}

/// The credential scope a request claims, unverified: for a server that accepts any well-formed credentials.
#[must_use]
pub fn parse_authorization(headers: &HeaderMap, query: &str) -> Option<CredentialScope> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let fields = header_fields(value.to_str().ok()?)?;
        return field(&fields, "Credential").and_then(CredentialScope::parse);
    }
    let pairs = parse_query(query);
    pairs
        .iter()
        .find(|(key, _)| key == "X-Amz-Credential")
        .and_then(|(_, value)| CredentialScope::parse(value))
}

impl Authorization {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// `MissingAuthenticationTokenException` for an unsigned request, `IncompleteSignatureException` if a part is missing or broken.
    pub fn parse(headers: &HeaderMap, query: &str) -> Result<Self, ServiceError> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(header) = header {
            return Self::from_header(header, headers);
        }
        let pairs = parse_query(query);
        if pairs.iter().any(|(key, _)| key == "X-Amz-Algorithm") {
            return Self::from_query(&pairs);
        }
        Err(error::MISSING_AUTHENTICATION_TOKEN.with("Missing Authentication Token"))
    }

    fn from_header(header: &str, headers: &HeaderMap) -> Result<Self, ServiceError> {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let fields = header_fields(header).ok_or_else(|| {
            incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                header.split(' ').next().unwrap_or_default()
            ))
        })?;
        let date = text("x-amz-date").or_else(|| text("date").and_then(|date| from_http_date(&date)));
        let mut missing: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
            .into_iter()
            .filter(|name| field(&fields, name).is_none())
            .map(|name| format!("Authorization header requires '{name}' parameter."))
            .collect();
        if date.is_none() {
            let either = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
            missing.push(either.to_owned());
        }
        let (Some(credential), Some(signature), Some(signed), Some(date)) = (
            field(&fields, "Credential"),
            field(&fields, "Signature"),
            field(&fields, "SignedHeaders"),
            date,
        ) else {
            return Err(incomplete(format!("{} Authorization={}", missing.join(" "), ALGORITHM)));
        };
        Ok(Self {
            scope: scope(credential)?,
            signed_headers: header_names(signed),
            signature: signature.to_owned(),
            date,
            session_token: text("x-amz-security-token"),
            expires: None,
        })
    }

    fn from_query(pairs: &[(String, String)]) -> Result<Self, ServiceError> {
        let find = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let need = |name: &str| {
            find(name).ok_or_else(|| incomplete(format!("AWS query-string parameters must include '{name}'.")))
        };
        let algorithm = need("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let expires = need("X-Amz-Expires")?;
        let expires = expires.parse().ok().filter(|seconds| *seconds <= 604_800);
        Ok(Self {
            scope: scope(need("X-Amz-Credential")?)?,
            signed_headers: header_names(need("X-Amz-SignedHeaders")?),
            signature: need("X-Amz-Signature")?.to_owned(),
            date: need("X-Amz-Date")?.to_owned(),
            session_token: find("X-Amz-Security-Token").map(str::to_owned),
            expires: Some(expires.ok_or_else(|| incomplete("X-Amz-Expires must be less than a week (in seconds)."))?),
        })
    }

    /// When the signature was made.
    pub(super) fn moment(&self) -> Result<Timestamp, ServiceError> {
        parse_moment(&self.date).ok_or_else(|| {
            incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                self.date
            ))
        })
    }
}

fn incomplete(message: impl Into<String>) -> ServiceError {
    error::INCOMPLETE_SIGNATURE.with(message.into())
}

fn scope(credential: &str) -> Result<CredentialScope, ServiceError> {
    CredentialScope::parse(credential).ok_or_else(|| {
        incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")
    })
}

fn header_names(list: &str) -> Vec<String> {
    list.split(';').map(str::to_ascii_lowercase).collect()
}

/// The `key=value` parts after the algorithm; `None` for another algorithm.
fn header_fields(header: &str) -> Option<Vec<(&str, &str)>> {
    let rest = header.strip_prefix(ALGORITHM)?;
    Some(rest.split(',').filter_map(|part| part.trim().split_once('=')).collect())
}

fn field<'a>(fields: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| *value)
}

/// `20261123T120534Z`.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let (date, time) = (text.get(..8)?, text.get(9..15)?);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        date.get(..4)?,
        date.get(4..6)?,
        date.get(6..)?,
        time.get(..2)?,
        time.get(2..4)?,
        time.get(4..)?
    );
    let shaped = text.get(8..9) == Some("T") && text.ends_with('Z');
    let moment = iso.parse::<jiff::Timestamp>().ok().filter(|_| shaped)?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

pub(super) fn print_moment(moment: Timestamp) -> String {
    moment.format("%Y%m%dT%H%M%SZ")
}

fn from_http_date(text: &str) -> Option<String> {
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(print_moment(Timestamp::from_micros(moment.as_microsecond())))
}
