//! The API's answers.

use crate::{extension_refusal::ExtensionRefusal, headers, invocation::Invocation, state::Refusal};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;

/// An answer with its whole body, so that head and body leave in one write.
pub(crate) type Answer = Response<Full<Bytes>>;

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn json(status: StatusCode, body: &'static str) -> Answer {
    answer(status, "application/json", Bytes::from_static(body.as_bytes()))
}

/// An answer to an extension.
pub(crate) fn ok_json(body: Vec<u8>) -> Answer {
    answer(StatusCode::OK, "application/json", body.into())
}

/// The body of a refusal.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    error_message: &'a str,
    error_type: &'a str,
}

pub(crate) fn refused_to_extension(refusal: &ExtensionRefusal) -> Answer {
    let body = ErrorBody {
        error_message: &refusal.to_string(),
        error_type: refusal.error_type(),
    };
    let mut bytes = serde_json::to_vec(&body).unwrap_or_default();
    bytes.push(b'\n');
    answer(StatusCode::FORBIDDEN, "application/json", bytes.into())
}

/// A subscription that cannot be understood.
pub(crate) fn invalid(error_type: &str, error_message: &str) -> Answer {
    let body = ErrorBody {
        error_message,
        error_type,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    answer(StatusCode::BAD_REQUEST, "application/json", bytes.into())
}

/// The answer to `/next`.
pub(crate) fn invocation(invocation: &Invocation) -> Answer {
    let mut response = Response::new(Full::new(invocation.payload.clone()));
    headers::write_invocation(response.headers_mut(), invocation);
    response
}

pub(crate) fn accepted() -> Answer {
    json(StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n")
}

pub(crate) fn pong() -> Answer {
    answer(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from_static(b"pong"))
}

pub(crate) fn not_found() -> Answer {
    answer(
        StatusCode::NOT_FOUND,
        "text/plain; charset=utf-8",
        Bytes::from_static(b"404 page not found\n"),
    )
}

pub(crate) fn method_not_allowed() -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

pub(crate) fn too_large() -> Answer {
    json(
        StatusCode::PAYLOAD_TOO_LARGE,
        concat!(
            r#"{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","#,
            r#""errorType":"RequestEntityTooLarge"}"#,
            "\n"
        ),
    )
}

pub(crate) fn truncated() -> Answer {
    json(
        StatusCode::BAD_REQUEST,
        concat!(
            r#"{"errorMessage":"HTTP request detected as truncated","errorType":"TruncatedHTTPRequest"}"#,
            "\n"
        ),
    )
}

pub(crate) fn invalid_response_mode() -> Answer {
    json(
        StatusCode::BAD_REQUEST,
        concat!(
            r#"{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}"#,
            "\n"
        ),
    )
}

/// The server is ending: nobody will come with an invocation.
pub(crate) fn gone() -> Answer {
    json(
        StatusCode::INTERNAL_SERVER_ERROR,
        concat!(
            r#"{"errorMessage":"Internal Server Error","errorType":"InternalServerError"}"#,
            "\n"
        ),
    )
}

pub(crate) fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::InvalidRequestId => json(
            StatusCode::BAD_REQUEST,
            concat!(
                r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#,
                "\n"
            ),
        ),
        // The message is made of fixed words: nothing in it needs escaping.
        Refusal::Transition { .. } => answer(
            StatusCode::FORBIDDEN,
            "application/json",
            format!("{{\"errorMessage\":\"{refusal}\",\"errorType\":\"InvalidStateTransition\"}}\n").into(),
        ),
    }
}
