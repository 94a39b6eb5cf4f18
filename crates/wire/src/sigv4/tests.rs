use super::*;
use crate::error::ServiceError;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use lambent_types::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;
use std::time::Duration;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-11-23T12:05:34Z
const NOW: Timestamp = Timestamp::from_micros(1_795_435_534_000_000);

/// A request that botocore signed.
#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Vector {
    fn verify(&self, now: Timestamp, secrets: &dyn Secrets) -> Result<Identity, ServiceError> {
        let headers = self.headers.iter().map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        });
        let headers: HeaderMap = headers.collect();
        let (method, path, query) = (&self.method, &self.path, &self.query);
        let request = SignedRequest {
            method,
            path,
            query,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        Verifier::default().verify(&request, now, secrets)
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).unwrap()
}

struct One;

impl Secrets for One {
    fn secret(&self, access_key: &str, _token: Option<&str>) -> Result<String, LookupError> {
        match access_key {
            "AKIDEXAMPLE" => Ok(SECRET.to_owned()),
            "EXPIRED" => Err(LookupError::Expired),
            _ => Err(LookupError::Unknown),
        }
    }
}

fn refusal(result: Result<Identity, ServiceError>) -> String {
    result.map_or_else(|error| error.to_string(), |identity| format!("{identity:?}"))
}

#[test]
fn what_botocore_signs_is_verified() {
    for vector in vectors() {
        let identity = vector.verify(NOW, &One);
        let identity = identity.unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(identity.scope.service, vector.service, "{}", vector.name);
        assert_eq!(
            identity.session_token.is_some(),
            vector.name.contains("token"),
            "{}",
            vector.name
        );
    }
}

#[test]
fn any_change_breaks_the_signature() {
    let signed = vector("body");
    let changed: [fn(&mut Vector); 5] = [
        |v| v.method = "PUT".into(),
        |v| v.path.push('x'),
        |v| v.query = "a=b".into(),
        |v| v.body.push(' '),
        |v| {
            v.headers
                .iter_mut()
                .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
                .for_each(|h| h.1 = "evil".into())
        },
    ];
    for change in changed {
        let mut vector = signed.clone();
        change(&mut vector);
        let answer = refusal(vector.verify(NOW, &One));
        assert!(
            answer.starts_with("InvalidSignatureException: The request signature we calculated"),
            "{answer}"
        );
    }
    let mut vector = vector("s3-put");
    vector.body.push('!');
    assert!(refusal(vector.verify(NOW, &One)).contains("x-amz-content-sha256"));
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let plain = vector("plain");
    let at = |seconds: i64| plain.verify(Timestamp::from_micros(NOW.as_micros() + seconds * 1_000_000), &One);
    assert!(at(900).is_ok() && at(-900).is_ok());
    let late = "InvalidSignatureException: Signature expired: 20261123T120534Z is now earlier than 20261123T120535Z \
                (20261123T122035Z - 15 min.)";
    assert_eq!(refusal(at(901)), late);
    let early = "InvalidSignatureException: Signature not yet current: 20261123T120534Z is still later than \
                 20261123T120533Z (20261123T115033Z + 15 min.)";
    assert_eq!(refusal(at(-901)), early);
}

#[test]
fn presigned_urls_expire() {
    let short = vector("presigned-token");
    assert!(short.verify(NOW.plus(Duration::from_secs(60)), &One).is_ok());
    assert!(refusal(short.verify(NOW.plus(Duration::from_secs(61)), &One)).contains("Signature expired"));
}

#[test]
fn a_missing_part_is_named() {
    let mut unsigned = vector("plain");
    unsigned.headers.retain(|(name, _)| name != "Authorization");
    let missing = "MissingAuthenticationTokenException: Missing Authentication Token";
    assert_eq!(refusal(unsigned.verify(NOW, &One)), missing);

    let with = |authorization: &str| {
        let mut vector = unsigned.clone();
        vector.headers.push(("Authorization".into(), authorization.into()));
        refusal(vector.verify(NOW, &One))
    };
    assert!(
        with("AWS4-HMAC-SHA256 Credential=a/20261123/r/s/aws4_request").contains("requires 'Signature' parameter.")
    );
    assert!(
        with("Basic dXNlcjpwYXNz").starts_with("IncompleteSignatureException: Unsupported AWS 'algorithm': 'Basic'")
    );
    let slashes = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";
    assert!(with(slashes).contains("exactly 5 slash-delimited elements"));
    let signed_by = |key: &str, headers: &str| {
        with(&format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261123/us-east-1/lambda/aws4_request, SignedHeaders={headers}, Signature=0"
        ))
    };
    assert!(signed_by("NOBODY", "host").starts_with("UnrecognizedClientException: The security token"));
    assert!(signed_by("EXPIRED", "host").starts_with("ExpiredTokenException: "));
    assert!(signed_by("AKIDEXAMPLE", "x-amz-date").contains("must be a 'SignedHeader'"));
    assert!(signed_by("AKIDEXAMPLE", "host").contains("does not match the signature"));
}

#[test]
fn headers_that_change_the_meaning_must_be_signed() {
    let mut vector = vector("plain");
    vector.headers.push(("X-Amz-Invocation-Type".into(), "Event".into()));
    assert!(refusal(vector.verify(NOW, &One)).contains("not signed: x-amz-invocation-type"));
}

#[test]
fn the_scope_is_readable_without_the_secret() {
    let headers: HeaderMap = HeaderMap::new();
    let scope = parse_authorization(&headers, &vector("presigned").query).unwrap();
    assert_eq!(
        (scope.access_key.as_str(), scope.region.as_str(), scope.service.as_str()),
        ("AKIDEXAMPLE", "us-east-1", "lambda")
    );
    assert_eq!(parse_authorization(&headers, "a=b"), None);
    let mut old = HeaderMap::new();
    old.insert("authorization", HeaderValue::from_static("AWS AKID:signature"));
    assert_eq!(parse_authorization(&old, ""), None);
}

proptest! {
    #[test]
    fn what_is_signed_here_is_verified_here(
        path in "(/[a-zA-Z0-9%:._~*()$-]{0,8}){1,4}/?",
        query in "([a-zA-Z0-9%._~*:/-]{1,6}=[a-zA-Z0-9%._~*:/-]{0,6}&?){0,4}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        context in "[ -~]{0,20}",
        s3 in any::<bool>(),
        token in proptest::option::of("[a-zA-Z0-9/+=]{1,20}"),
    ) {
        let service = if s3 { "s3" } else { "lambda" };
        let credentials = Credentials { access_key: "AKIDEXAMPLE", secret: SECRET, session_token: token.as_deref() };
        let uri = format!("http://127.0.0.1:9001{path}?{query}");
        let mut request = Request::post(uri).header("x-amz-client-context", context).body(body).unwrap();
        sign(&mut request, credentials, "eu-west-1", service, NOW).unwrap();
        let signed = SignedRequest {
            method: "POST",
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body: request.body(),
        };
        let identity = Verifier::default().verify(&signed, NOW, &One);
        prop_assert_eq!(identity.map(|identity| identity.session_token), Ok(token.clone()));

        let target = presign("h", &path, credentials, "eu-west-1", service, NOW, 60);
        let (path, query) = target.split_once('?').unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        let presigned = SignedRequest { method: "GET", path, query, headers: &headers, body: b"" };
        prop_assert!(Verifier::default().verify(&presigned, NOW, &One).is_ok());
    }
}
