//! What a function answered as the answer to the HTTP request: by its own word if it is an object with `statusCode`, else as it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The function's answer is none that a URL can give.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function's answer is malformed: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Whether the function speaks of an HTTP answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe<'a> {
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
}

/// An HTTP answer as functions describe it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    status_code: Option<Status>,
    headers: Option<BTreeMap<String, Scalar>>,
    cookies: Option<Vec<String>>,
    body: Option<Box<RawValue>>,
    is_base64_encoded: Option<bool>,
}

/// A status as a number, or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    Number(u16),
    Text(String),
}

/// What frameworks give for a header's value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Bool(bool),
    Null,
}

/// The answer to a buffered invocation. `Content-Type` is JSON unless the function says otherwise (recorded:
/// `test_lambda_url_invocation`).
pub(crate) fn response(payload: &Bytes) -> Result<Response<Bytes>, Malformed> {
    let json = std::str::from_utf8(payload).map_err(|_| Malformed("it is no text"))?;
    let describes = serde_json::from_str::<Probe<'_>>(json).is_ok_and(|probe| probe.status_code.is_some());
    let mut response = if describes {
        let described: Described =
            serde_json::from_str(json).map_err(|_| Malformed("a member of the HTTP answer has a wrong type"))?;
        described.response()?
    } else {
        serde_json::from_str::<&RawValue>(json).map_err(|_| Malformed("it is no JSON"))?;
        Response::new(plain(json))
    };
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
    Ok(response)
}

/// The head of an answer whose body comes apart from it.
pub(crate) fn head(json: &[u8]) -> Result<(StatusCode, HeaderMap), Malformed> {
    let described: Described = serde_json::from_slice(json).map_err(|_| Malformed("its head is none"))?;
    described.head()
}

impl Described {
    fn response(self) -> Result<Response<Bytes>, Malformed> {
        let body = match &self.body {
            None => Bytes::new(),
            Some(body) => self.decoded(plain(body.get()))?,
        };
        let (status, headers) = self.head()?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn decoded(&self, body: Bytes) -> Result<Bytes, Malformed> {
        match self.is_base64_encoded {
            Some(true) => STANDARD
                .decode(body)
                .map(Bytes::from)
                .map_err(|_| Malformed("the body is no base64")),
            _ => Ok(body),
        }
    }

    /// Status and headers. Those of the connection are not the function's to set.
    fn head(self) -> Result<(StatusCode, HeaderMap), Malformed> {
        let code = match self.status_code {
            None => Some(200),
            Some(Status::Number(code)) => Some(code),
            Some(Status::Text(text)) => text.parse().ok(),
        };
        let status = code
            .filter(|code| (200..600).contains(code))
            .and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(Malformed("the status is none"))?;
        let mut headers = HeaderMap::new();
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Malformed("a header's value is none"));
        for (name, scalar) in self.headers.unwrap_or_default() {
            let name: HeaderName = name.parse().map_err(|_| Malformed("a header's name is none"))?;
            if let Some(text) = scalar.text().filter(|_| !of_connection(&name)) {
                headers.append(name, value(&text)?);
            }
        }
        for cookie in self.cookies.unwrap_or_default() {
            headers.append(header::SET_COOKIE, value(&cookie)?);
        }
        Ok((status, headers))
    }
}

impl Scalar {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(bool) => Some(bool.to_string()),
            Self::Null => None,
        }
    }
}

fn of_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
    ]
    .contains(name)
}

/// A value as a body: a string is its text, anything else its JSON without the white space between tokens.
fn plain(json: &str) -> Bytes {
    match serde_json::from_str::<String>(json) {
        Ok(text) => text.into(),
        Err(_) => compact(json).into(),
    }
}

fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|character| {
            let keep = in_string || !character.is_ascii_whitespace();
            match character {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = in_string && *character == '\\' && !escaped;
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(payload: &'static str) -> (u16, String) {
        let response = response(&Bytes::from_static(payload.as_bytes())).unwrap();
        assert!(response.headers().contains_key("content-type"));
        (
            response.status().as_u16(),
            String::from_utf8(response.body().to_vec()).unwrap(),
        )
    }

    /// Follows the recordings `test_lambda_url_invocation[…]`.
    #[test]
    fn what_is_no_http_answer_is_a_body() {
        for (payload, body) in [
            (r#"{"hello": "world"}"#, r#"{"hello":"world"}"#),
            (r#"["hello", 3, true]"#, r#"["hello",3,true]"#),
            (r#""hello""#, "hello"),
            ("3", "3"),
            ("3.1", "3.1"),
            ("true", "true"),
            ("null", "null"),
            (r#"{"a b": "c \" d", "e": "\\"}"#, r#"{"a b":"c \" d","e":"\\"}"#),
            (r#"{"statusCode": null}"#, r#"{"statusCode":null}"#),
        ] {
            assert_eq!(of(payload), (200, body.to_owned()));
        }
    }

    #[test]
    fn an_http_answer_is_taken_at_its_word() {
        assert_eq!(
            of(r#"{"statusCode":200,"body":"body123"}"#),
            (200, "body123".to_owned())
        );
        assert_eq!(of(r#"{"statusCode":"404"}"#), (404, String::new()));
        assert_eq!(
            of(r#"{"statusCode":201,"body":{"a": 1}}"#),
            (201, r#"{"a":1}"#.to_owned())
        );
        assert_eq!(
            of(r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#),
            (200, "hi".to_owned())
        );
        let payload = r#"{"statusCode":302,"headers":{"Location":"/x","X-Count":3,"X-None":null,"Connection":"close"},"cookies":["a=1","b=2"]}"#;
        let response = response(&Bytes::from_static(payload.as_bytes())).unwrap();
        let headers = response.headers();
        assert_eq!([&headers["location"], &headers["x-count"]], ["/x", "3"]);
        assert!(!headers.contains_key("x-none") && !headers.contains_key("connection"));
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
    }

    #[test]
    fn what_cannot_be_an_answer_is_malformed() {
        for payload in [
            "",
            "not json",
            r#"{"statusCode":"x"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"headers":[]}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":"b\n"}}"#,
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
        ] {
            assert!(response(&Bytes::from_static(payload.as_bytes())).is_err(), "{payload}");
        }
    }
}
