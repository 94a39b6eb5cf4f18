//! Answers the requests of extensions: `/2020-01-01/extension/…`.

use crate::{
    answer::{self, Answer},
    api::RuntimeApi,
    extension_refusal::ExtensionRefusal,
    extensions::{NextEvent, ReportKind},
    service::{Collected, collect, discarding},
    subscription::Subscription,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body;
use uuid::Uuid;

const NAME: &str = "lambda-extension-name";
const FEATURES: &str = "lambda-extension-accept-feature";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");
const EVENT_IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-event-identifier");
/// What an extension may say at once: a registration is a few words, and an error's body is not looked at.
const BODY_BYTES: usize = 1 << 18;

/// A registration's body.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Registration {
    events: Option<Vec<String>>,
    configuration_keys: Option<Vec<String>>,
}

/// The answer to one.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Registered<'a> {
    function_name: &'a str,
    function_version: &'a str,
    handler: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

pub(crate) async fn register<B>(api: &RuntimeApi, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let body = match collect(body, BODY_BYTES).await {
        Collected::Whole { body, .. } => body,
        Collected::TooLarge => return discarding(body, answer::too_large()).await,
        Collected::Broken => return answer::truncated(),
    };
    let registered = registered(api, head, &body);
    api.notify();
    registered.unwrap_or_else(|refusal| answer::refused_to_extension(&refusal))
}

fn registered(api: &RuntimeApi, head: &HeaderMap, body: &[u8]) -> Result<Answer, ExtensionRefusal> {
    let name = text(head, NAME).ok_or(ExtensionRefusal::EmptyName)?;
    let wanted = parse(body)?;
    let mut core = api.core();
    let id = core.extensions.register(&name, &wanted)?;
    let host = &core.extensions.host;
    let features = text(head, FEATURES).unwrap_or_default();
    let wants_account = features.split(',').any(|feature| feature.trim() == "accountId");
    let body = Registered {
        function_name: &host.function_name,
        function_version: &host.function_version,
        handler: &host.handler,
        account_id: Some(host.account_id.as_str()).filter(|account| wants_account && !account.is_empty()),
    };
    let mut answer = answer::ok_json(serde_json::to_vec(&body).unwrap_or_default());
    put(&mut answer, IDENTIFIER, id);
    Ok(answer)
}

fn parse(body: &[u8]) -> Result<Vec<String>, ExtensionRefusal> {
    if body.is_empty() {
        return Err(ExtensionRefusal::Format("unexpected end of JSON input".to_owned()));
    }
    let registration: Option<Registration> =
        serde_json::from_slice(body).map_err(|error| ExtensionRefusal::Format(error.to_string()))?;
    let Registration {
        events,
        configuration_keys,
    } = registration.unwrap_or_default();
    if configuration_keys.is_some_and(|keys| !keys.is_empty()) {
        let text = "configurationKeys are deprecated; use environment variables instead";
        return Err(ExtensionRefusal::Format(text.to_owned()));
    }
    Ok(events.unwrap_or_default())
}

pub(crate) async fn next(api: &RuntimeApi, head: &HeaderMap) -> Answer {
    let next = identifier(head).and_then(|id| api.core().extensions.next(id));
    api.notify();
    let event = match next {
        Err(refusal) => return answer::refused_to_extension(&refusal),
        Ok(NextEvent::Now(event)) => event,
        Ok(NextEvent::Later(event)) => match event.await {
            Ok(event) => event,
            Err(_) => return answer::gone(),
        },
    };
    let mut answer = answer::ok_json(event.json());
    let id = api.core().extensions.host.ids.uuid();
    put(&mut answer, EVENT_IDENTIFIER, id);
    answer
}

pub(crate) async fn report<B>(api: &RuntimeApi, kind: ReportKind, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let reported = identifier(head).and_then(|id| {
        let error_type = text(head, ERROR_TYPE).ok_or(ExtensionRefusal::MissingErrorType)?;
        api.core().extensions.report(id, kind, &error_type)
    });
    api.notify();
    let answer = reported.map_or_else(
        |refusal| answer::refused_to_extension(&refusal),
        |()| answer::accepted(),
    );
    discarding(body, answer).await
}

/// `PUT /2022-07-01/telemetry` and `PUT /2020-08-15/logs`.
pub(crate) async fn subscribe<B>(api: &RuntimeApi, is_telemetry: bool, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let body = match collect(body, BODY_BYTES).await {
        Collected::Whole { body, .. } => body,
        Collected::TooLarge => return discarding(body, answer::too_large()).await,
        Collected::Broken => return answer::truncated(),
    };
    let subscribed = identifier(head).and_then(|id| subscribed(api, id, is_telemetry, &body));
    subscribed.unwrap_or_else(|refusal| answer::refused_to_extension(&refusal))
}

fn subscribed(api: &RuntimeApi, id: Uuid, is_telemetry: bool, body: &[u8]) -> Result<Answer, ExtensionRefusal> {
    let mut core = api.core();
    let name = core.extensions.name_of(id).ok_or(ExtensionRefusal::Unknown(id))?;
    let subscription = match Subscription::parse(body, is_telemetry) {
        Ok(subscription) => subscription,
        Err(text) if is_telemetry => return Ok(answer::invalid("ValidationError", &text)),
        Err(text) => return Ok(answer::invalid("Logs.ValidationError", &text)),
    };
    let now = core.extensions.host.clock.now();
    if !core.hub.subscribe(&name, subscription, now) {
        return Err(if is_telemetry {
            ExtensionRefusal::TelemetryClosed
        } else {
            ExtensionRefusal::LogsClosed
        });
    }
    api.subscribed.notify_one();
    Ok(answer::ok_json(b"\"OK\"".to_vec()))
}

/// Who asks.
fn identifier(head: &HeaderMap) -> Result<Uuid, ExtensionRefusal> {
    let text = text(head, IDENTIFIER.as_str()).ok_or(ExtensionRefusal::MissingIdentifier)?;
    text.parse().map_err(|_| ExtensionRefusal::InvalidIdentifier)
}

/// A header's value, unless it is empty.
fn text(head: &HeaderMap, name: &str) -> Option<String> {
    let value = head
        .get(name)
        .map(HeaderValue::as_bytes)
        .filter(|value| !value.is_empty());
    value.map(|value| String::from_utf8_lossy(value).into_owned())
}

fn put(answer: &mut Answer, name: HeaderName, id: Uuid) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        answer.headers_mut().insert(name, value);
    }
}
