//! The API's headers: what an invocation looks like on the wire, and what is believed of an answer's head.

use crate::invocation::{Invocation, ResponseMode};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const COGNITO_IDENTITY: HeaderName = HeaderName::from_static("lambda-runtime-cognito-identity");
const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// Writes an invocation's headers; those without a value are left out.
pub(crate) fn write_invocation(headers: &mut HeaderMap, invocation: &Invocation) {
    headers.reserve(8);
    let mut put = |name: HeaderName, value: &str| {
        if !value.is_empty() {
            headers.insert(name, lossy_value(value));
        }
    };
    put(CONTENT_TYPE, &invocation.content_type);
    put(REQUEST_ID, &invocation.request_id.to_string());
    put(DEADLINE, &invocation.deadline.as_millis().to_string());
    put(FUNCTION_ARN, &invocation.invoked_function_arn);
    put(TRACE_ID, invocation.trace_id.as_deref().unwrap_or_default());
    put(CLIENT_CONTEXT, invocation.client_context.as_deref().unwrap_or_default());
    put(
        COGNITO_IDENTITY,
        invocation.cognito_identity.as_deref().unwrap_or_default(),
    );
    put(TENANT_ID, invocation.tenant_id.as_deref().unwrap_or_default());
}

/// Control characters, which a client context may hold as line breaks between JSON tokens, become spaces.
fn lossy_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text)
        .or_else(|_| HeaderValue::from_bytes(text.as_bytes()))
        .unwrap_or_else(|_| {
            let spaced: Vec<u8> = text
                .bytes()
                .map(|byte| if byte < b' ' || byte == 0x7f { b' ' } else { byte })
                .collect();
            HeaderValue::from_bytes(&spaced).unwrap_or_else(|_| HeaderValue::from_static(""))
        })
}

/// `Content-Type` as the runtime sent it.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The response's mode; `None` for one that does not exist.
pub(crate) fn response_mode(headers: &HeaderMap) -> Option<ResponseMode> {
    match headers.get(RESPONSE_MODE).map_or(&b""[..], HeaderValue::as_bytes) {
        b"" => Some(ResponseMode::Buffered),
        b"streaming" => Some(ResponseMode::Streaming),
        _ => None,
    }
}

/// Where an error type comes from, which names the unknown ones.
#[derive(Clone, Copy)]
pub(crate) enum ErrorPhase {
    Init,
    Invoke,
}

/// The error type, if there is one. Only `Runtime.Reason` and `Function.Reason` are believed.
pub(crate) fn error_type(headers: &HeaderMap, phase: ErrorPhase) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(ERROR_TYPE)?.as_bytes());
    if text.is_empty() {
        return None;
    }
    let reason = text.strip_prefix("Runtime.").or_else(|| text.strip_prefix("Function."));
    let known = reason.is_some_and(|reason| {
        reason.len() > 1
            && reason.starts_with(|first: char| first.is_ascii_uppercase())
            && reason.chars().all(|letter| letter.is_ascii_alphabetic())
    });
    if known {
        return Some(text.into_owned());
    }
    Some(
        match phase {
            ErrorPhase::Init => "Runtime.Unknown",
            ErrorPhase::Invoke if text.starts_with("Runtime.") => "Runtime.Unknown",
            ErrorPhase::Invoke => "Function.Unknown",
        }
        .to_owned(),
    )
}

/// The error that a stream's trailers report: its type and its body. Clients that send these trailers always send them empty when
/// nothing went wrong.
pub(crate) fn trailing_error(trailers: &HeaderMap) -> Option<(String, Bytes)> {
    let error_type = error_type(trailers, ErrorPhase::Invoke)?;
    let body = trailers.get(ERROR_BODY).map_or(&b""[..], HeaderValue::as_bytes);
    let body = BASE64_STANDARD.decode(body).unwrap_or_else(|_| body.to_vec());
    Some((error_type, body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), lossy_value(value))])
    }

    #[test]
    fn error_types_are_filtered() {
        let of = |text, phase| error_type(&with(ERROR_TYPE, text), phase);
        assert_eq!(
            of("Runtime.ImportModuleError", ErrorPhase::Init).as_deref(),
            Some("Runtime.ImportModuleError")
        );
        assert_eq!(
            of("Function.MyOwn", ErrorPhase::Invoke).as_deref(),
            Some("Function.MyOwn")
        );
        assert_eq!(
            of("ValueError", ErrorPhase::Invoke).as_deref(),
            Some("Function.Unknown")
        );
        assert_eq!(of("ValueError", ErrorPhase::Init).as_deref(), Some("Runtime.Unknown"));
        assert_eq!(of("Runtime.no", ErrorPhase::Invoke).as_deref(), Some("Runtime.Unknown"));
        assert_eq!(
            of("Function.A b", ErrorPhase::Invoke).as_deref(),
            Some("Function.Unknown")
        );
        assert_eq!(of("", ErrorPhase::Invoke), None);
        assert_eq!(error_type(&HeaderMap::new(), ErrorPhase::Init), None);
    }

    #[test]
    fn header_values_survive_anything() {
        assert_eq!(
            lossy_value("{\n\"a\": \"ü\"\r\n}").as_bytes(),
            "{ \"a\": \"ü\"  }".as_bytes()
        );
        assert_eq!(lossy_value("a\u{7f}\u{0}b").as_bytes(), b"a  b");
    }

    #[test]
    fn response_modes() {
        assert_eq!(response_mode(&HeaderMap::new()), Some(ResponseMode::Buffered));
        assert_eq!(
            response_mode(&with(RESPONSE_MODE, "streaming")),
            Some(ResponseMode::Streaming)
        );
        assert_eq!(response_mode(&with(RESPONSE_MODE, "Streaming")), None);
    }

    #[test]
    fn empty_trailers_are_no_error() {
        assert_eq!(trailing_error(&with(ERROR_TYPE, "")), None);
        let mut trailers = with(ERROR_TYPE, "Function.Boom");
        trailers.insert(
            HeaderName::from_static(ERROR_BODY),
            HeaderValue::from_static("eyJhIjoxfQ=="),
        );
        assert_eq!(
            trailing_error(&trailers),
            Some(("Function.Boom".to_owned(), Bytes::from_static(b"{\"a\":1}")))
        );
    }
}
