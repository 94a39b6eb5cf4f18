//! The canonical request and the string to sign.

use super::{ALGORITHM, CredentialScope, key::sha256_hex};
use crate::uri::{percent_decode, percent_encode};
use http::HeaderMap;

/// The parts of a request that are signed.
pub(super) struct Canonical<'a> {
    pub(super) method: &'a str,
    /// As sent.
    pub(super) path: &'a str,
    /// As sent.
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    /// Lower-case names in the order in which they are signed.
    pub(super) signed_headers: &'a [String],
    /// The hash of the body in hexadecimal, or what stands for it.
    pub(super) payload: &'a str,
}

impl Canonical<'_> {
    /// The string to sign for a moment (`20261123T120534Z`) and a scope.
    pub(super) fn string_to_sign(&self, moment: &str, scope: &CredentialScope) -> String {
        let request = self.request(&scope.service);
        format!(
            "{ALGORITHM}\n{moment}\n{}\n{}",
            scope.signed_form(),
            sha256_hex(request.as_bytes())
        )
    }

    fn request(&self, service: &str) -> String {
        let path = if service == "s3" {
            s3_path(self.path)
        } else {
            service_path(self.path)
        };
        let query = canonical_query(self.query);
        let headers = self
            .signed_headers
            .iter()
            .map(|name| format!("{name}:{}\n", header(self.headers, name)));
        let headers: String = headers.collect();
        let names = self.signed_headers.join(";");
        format!("{}\n{path}\n{query}\n{headers}\n{names}\n{}", self.method, self.payload)
    }
}

/// S3 signs the path as it is, each character encoded once.
fn s3_path(path: &str) -> String {
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| percent_encode(&percent_decode(segment), false))
        .collect();
    segments.join("/")
}

/// Every other service signs the path without dot segments and repeated slashes, with what was sent encoded once more.
fn service_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    percent_encode(&format!("/{}{end}", segments.join("/")), true)
}

/// Sorted by encoded name, then by encoded value; the signature itself is left out.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent_encode(&percent_decode(text), false);
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(name), encode(value))
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The values of a header, joined by commas, without surrounding and repeated spaces.
fn header(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            value.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}
