//! A request as the function gets it: payload format 2.0, as "Invoking Lambda function URLs" of the developer guide describes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request};
use lambent_types::{RequestId, Timestamp};
use lambent_wire::{
    RoleSession,
    uri::{parse_query, percent_decode},
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

/// Everything that becomes part of the event.
pub(crate) struct Received<'a> {
    pub(crate) parts: &'a request::Parts,
    /// The path below the URL, not decoded. The function gets it decoded.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) url_id: &'a str,
    /// The URL's host, without a port.
    pub(crate) domain: &'a str,
    pub(crate) peer: IpAddr,
    pub(crate) request_id: RequestId,
    pub(crate) trace_id: &'a str,
    pub(crate) now: Timestamp,
    /// Who signed the request, where that is asked for.
    pub(crate) caller: Option<Signer<'a>>,
}

/// Whoever signed a request.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) account: &'a str,
    pub(crate) partition: &'static str,
    pub(crate) session: Option<&'a RoleSession>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'static str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    iam: Iam<'a>,
}

/// There are no users here: whoever has an account's key is its root.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: &'a str,
    account_id: &'a str,
    caller_id: String,
    cognito_identity: (),
    principal_org_id: (),
    user_arn: String,
    user_id: String,
}

/// Of the connection, not of the request.
const OF_CONNECTION: [header::HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];
const TEXTS: [&str; 3] = ["application/json", "application/javascript", "application/xml"];
const DEFAULT: &str = "$default";

/// The event as JSON.
pub(crate) fn event(received: &Received<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let parts = received.parts;
    let query = parts.uri.query().unwrap_or_default();
    let path = percent_decode(received.path);
    let (body, is_base64_encoded) = body(&parts.headers, received.body).unzip();
    let account = received.caller.as_ref().map_or("anonymous", |caller| caller.account);
    serde_json::to_vec(&Event {
        version: "2.0",
        route_key: DEFAULT,
        raw_path: &path,
        raw_query_string: query,
        cookies: cookies(&parts.headers),
        headers: headers(received),
        query_string_parameters: joined(parse_query(query)),
        request_context: Context {
            account_id: account,
            api_id: received.url_id,
            authorizer: received.caller.as_ref().map(|caller| Authorizer { iam: iam(caller) }),
            domain_name: received.domain,
            domain_prefix: received.url_id,
            http: Http {
                method: parts.method.as_str(),
                path: &path,
                protocol: protocol(parts.version),
                source_ip: received.peer.to_string(),
                user_agent: text(&parts.headers, header::USER_AGENT).unwrap_or_default(),
            },
            request_id: received.request_id.to_string(),
            route_key: DEFAULT,
            stage: DEFAULT,
            time: received.now.format("%d/%b/%Y:%H:%M:%S +0000"),
            time_epoch: received.now.as_millis(),
        },
        body,
        is_base64_encoded: is_base64_encoded.unwrap_or_default(),
    })
}

fn iam<'a>(caller: &Signer<'a>) -> Iam<'a> {
    let root = || format!("arn:{}:iam::{}:root", caller.partition, caller.account);
    let role_id = caller
        .session
        .and_then(|session| session.role_id.as_ref().zip(Some(&session.name)));
    let id = role_id.map_or_else(|| caller.account.to_owned(), |(role, name)| format!("{role}:{name}"));
    Iam {
        access_key: caller.access_key,
        account_id: caller.account,
        caller_id: id.clone(),
        cognito_identity: (),
        principal_org_id: (),
        user_arn: caller.session.map_or_else(root, RoleSession::arn),
        user_id: id,
    }
}

fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Cookies have a place of their own.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let cookies = lines.iter().flat_map(|line| line.split(';'));
    cookies
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Lower-case names; what came several times is joined by commas. The forwarding headers name the client, as AWS's front does.
fn headers<'a>(received: &Received<'a>) -> BTreeMap<&'a str, String> {
    let given = &received.parts.headers;
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for name in given
        .keys()
        .filter(|name| !OF_CONNECTION.contains(name) && **name != header::COOKIE)
    {
        let values = given
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        all.insert(name.as_str(), values.collect::<Vec<_>>().join(","));
    }
    let port = given
        .get(header::HOST)
        .and_then(|host| host.to_str().ok()?.rsplit_once(':'))
        .map_or("80", |(_, port)| port);
    let peer = received.peer.to_string();
    let forwarded = all
        .remove("x-forwarded-for")
        .map_or_else(|| peer.clone(), |before| format!("{before},{peer}"));
    all.extend([
        ("x-forwarded-for", forwarded),
        ("x-forwarded-port", port.to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-amzn-trace-id", received.trace_id.to_owned()),
    ]);
    all
}

/// Parameters that came several times are joined by commas.
fn joined(pairs: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name)
            .and_modify(|before| {
                before.push(',');
                before.push_str(&value);
            })
            .or_insert(value);
    }
    all
}

/// The body, and whether it is in base64: it is unless its type says that it is text.
fn body<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<(Cow<'a, str>, bool)> {
    if body.is_empty() {
        return None;
    }
    let content_type = text(headers, header::CONTENT_TYPE)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = kind.starts_with("text/") || TEXTS.contains(&kind);
    Some(match std::str::from_utf8(body) {
        Ok(body) if is_text => (Cow::Borrowed(body), false),
        _ => (Cow::Owned(STANDARD.encode(body)), true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::{Ids as _, SeededIds};
    use std::net::Ipv4Addr;

    fn of(request: request::Builder, body: &[u8], caller: Option<Signer<'_>>) -> serde_json::Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let ids = SeededIds::default();
        ids.uuid();
        let event = event(&Received {
            path: parts.uri.path(),
            parts: &parts,
            body,
            url_id: "abc",
            domain: "abc.lambda-url.us-east-1.localhost",
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: RequestId::new(&ids),
            trace_id: "Root=1-0",
            now: Timestamp::from_micros(1_795_435_534_123_456),
            caller,
        });
        serde_json::from_slice(&event.unwrap()).unwrap()
    }

    /// Follows the recording `test_lambda_url_echo_http_fixture_default`, whose client mends the percent sign in its path.
    #[test]
    fn a_request_becomes_an_event() {
        let request = http::Request::post("/pa2%25Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar")
            .header("Host", "abc.lambda-url.us-east-1.localhost:4566")
            .header("Extra-Headers", "With WeiRd CapS")
            .header("Twice", "a")
            .header("Twice", "b")
            .header("Cookie", "one=1; two=2")
            .header("Connection", "keep-alive")
            .header("User-Agent", "test/echo")
            .header("Content-Type", "application/json");
        let event = of(request, br#"{"foo":"bar"}"#, None);
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/pa2%Fth/1");
        assert_eq!(event["rawQueryString"], "q=query&multiQuery=foo&multiQuery=%2Fbar");
        assert_eq!(event["queryStringParameters"]["multiQuery"], "foo,/bar");
        assert_eq!(event["cookies"], serde_json::json!(["one=1", "two=2"]));
        let headers = &event["headers"];
        assert_eq!(
            (&headers["extra-headers"], &headers["twice"]),
            (&"With WeiRd CapS".into(), &"a,b".into())
        );
        assert_eq!(
            (&headers["x-forwarded-for"], &headers["x-forwarded-port"]),
            (&"127.0.0.1".into(), &"4566".into())
        );
        assert!(headers.get("cookie").is_none() && headers.get("connection").is_none());
        let context = &event["requestContext"];
        assert_eq!(
            (&context["accountId"], &context["stage"]),
            (&"anonymous".into(), &"$default".into())
        );
        assert_eq!(
            (&context["time"], &context["timeEpoch"]),
            (&"23/Nov/2026:12:05:34 +0000".into(), &1_795_435_534_123_i64.into())
        );
        assert_eq!(
            (&context["http"]["method"], &context["http"]["userAgent"]),
            (&"POST".into(), &"test/echo".into())
        );
        assert_eq!(context["domainName"], "abc.lambda-url.us-east-1.localhost");
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&r#"{"foo":"bar"}"#.into(), &false.into())
        );
    }

    #[test]
    fn a_body_is_text_only_if_its_type_says_so() {
        let with = |kind: &str, body: &[u8]| {
            let event = of(http::Request::post("/").header("Content-Type", kind), body, None);
            (
                event["body"].as_str().unwrap().to_owned(),
                event["isBase64Encoded"].as_bool().unwrap(),
            )
        };
        assert_eq!(with("text/plain; charset=utf-8", b"hi"), ("hi".to_owned(), false));
        assert_eq!(
            with("multipart/form-data; boundary=x", b"hi"),
            ("aGk=".to_owned(), true)
        );
        assert_eq!(with("application/json", b"\xff"), ("/w==".to_owned(), true));
        let without = of(http::Request::get("/"), b"", None);
        assert!(without.get("body").is_none() && without["isBase64Encoded"] == false);
        assert!(without.get("cookies").is_none() && without.get("queryStringParameters").is_none());
    }

    #[test]
    fn whoever_signed_is_named() {
        let caller = Signer {
            access_key: "AKIA",
            account: "111111111111",
            partition: "aws",
            session: None,
        };
        let context = &of(http::Request::get("/"), b"", Some(caller))["requestContext"];
        assert_eq!(context["accountId"], "111111111111");
        let iam = &context["authorizer"]["iam"];
        assert_eq!(
            (&iam["accessKey"], &iam["userArn"]),
            (&"AKIA".into(), &"arn:aws:iam::111111111111:root".into())
        );
        assert!(iam["cognitoIdentity"].is_null());
    }
}
