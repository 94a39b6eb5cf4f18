//! Subscriptions to telemetry: what one says, and in which words a bad one is refused.

use crate::telemetry::Stream;
use std::{ops::RangeInclusive, time::Duration};

/// By which API it came, which decides the events' schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Telemetry,
    Logs { runtime_done: bool },
}

/// Where the events go: always inside the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Http { port: u16, path: String, put: bool },
    Tcp { port: u16 },
}

/// How much is kept for a subscriber, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffering {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
    pub(crate) timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) api: Api,
    pub(crate) streams: Vec<Stream>,
    pub(crate) destination: Destination,
    pub(crate) buffering: Buffering,
}

const ITEMS: RangeInclusive<u64> = 1_000..=10_000;
const BYTES: RangeInclusive<u64> = 262_144..=1_048_576;
const TIMEOUT_MS: RangeInclusive<u64> = 25..=30_000;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    schema_version: Option<String>,
    types: Vec<String>,
    destination: Option<DestinationBody>,
    buffering: Option<BufferingBody>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct DestinationBody {
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
    port: Option<u16>,
    method: Option<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BufferingBody {
    max_items: Option<u64>,
    max_bytes: Option<u64>,
    timeout_ms: Option<u64>,
}

impl Subscription {
    /// Reads a request's body.
    ///
    /// # Errors
    /// What is wrong with it, one sentence after the other.
    pub(crate) fn parse(body: &[u8], is_telemetry: bool) -> Result<Self, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let mut wrong = Vec::new();
        let api = api(body.schema_version.as_deref(), is_telemetry).unwrap_or_else(|| {
            wrong.push("schemaVersion is not supported".to_owned());
            Api::Telemetry
        });
        let destination = destination(&body.destination.unwrap_or_default()).map_err(|text| wrong.push(text));
        if body.types.is_empty() {
            wrong.push("types should not be empty".to_owned());
        }
        let mut streams = Vec::new();
        for name in &body.types {
            match stream(name) {
                Some(stream) if !streams.contains(&stream) => streams.push(stream),
                Some(_) => {}
                None => wrong.push(format!("type {name} is not supported")),
            }
        }
        let asked = body.buffering.unwrap_or_default();
        let mut bounded = |name: &str, value: Option<u64>, default: u64, range: &RangeInclusive<u64>| {
            let value = value.unwrap_or(default);
            if !range.contains(&value) {
                let (low, high) = (range.start(), range.end());
                wrong.push(format!("{name} should be between {low} and {high}"));
            }
            value
        };
        let buffering = Buffering {
            items: to_usize(bounded("maxItems", asked.max_items, *ITEMS.end(), &ITEMS)),
            bytes: to_usize(bounded("maxBytes", asked.max_bytes, *BYTES.start(), &BYTES)),
            timeout: Duration::from_millis(bounded("timeoutMs", asked.timeout_ms, 1_000, &TIMEOUT_MS)),
        };
        match destination {
            Ok(destination) if wrong.is_empty() => Ok(Self {
                api,
                streams,
                destination,
                buffering,
            }),
            Ok(_) | Err(()) => Err(wrong.join("; ")),
        }
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn api(schema_version: Option<&str>, is_telemetry: bool) -> Option<Api> {
    match (is_telemetry, schema_version) {
        (true, Some("2022-07-01" | "2022-12-13" | "2025-01-29")) => Some(Api::Telemetry),
        (false, None | Some("2020-08-15")) => Some(Api::Logs { runtime_done: false }),
        (false, Some("2021-03-18")) => Some(Api::Logs { runtime_done: true }),
        (true | false, _) => None,
    }
}

fn stream(name: &str) -> Option<Stream> {
    match name {
        "platform" => Some(Stream::Platform),
        "function" => Some(Stream::Function),
        "extension" => Some(Stream::Extension),
        _ => None,
    }
}

fn destination(body: &DestinationBody) -> Result<Destination, String> {
    match body.protocol.as_str() {
        "HTTP" => {
            let uri = body.uri.as_deref().unwrap_or_default();
            let (authority, path) = uri
                .strip_prefix("http://")
                .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
                .ok_or("URI scheme should be http")?;
            let (host, port) = authority.split_once(':').ok_or("URI port is not provided")?;
            if !matches!(host, "sandbox.localdomain" | "sandbox") {
                return Err("URI host should be sandbox.localdomain".to_owned());
            }
            let port = port.parse().map_err(|_| "URI port is not provided")?;
            Ok(Destination::Http {
                port: usable(port)?,
                // It becomes part of a request's first line.
                path: path.replace(|letter: char| letter.is_ascii_control() || letter == ' ', "%20"),
                put: body.method.as_deref() == Some("PUT"),
            })
        }
        "TCP" => Ok(Destination::Tcp {
            port: usable(body.port.ok_or("port is not provided")?)?,
        }),
        _ => Err("protocol should be HTTP or TCP".to_owned()),
    }
}

/// Lambda keeps the Runtime API's port for itself.
fn usable(port: u16) -> Result<u16, String> {
    match port {
        0 => Err("port is not provided".to_owned()),
        9001 => Err("port 9001 is reserved".to_owned()),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"schemaVersion":"2022-12-13","types":["platform","function","platform"],
        "destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080/logs"},"buffering":{"timeoutMs":25}}"#;

    #[test]
    fn a_subscription_is_read_with_aws_s_defaults() {
        assert_eq!(
            Subscription::parse(GOOD.as_bytes(), true),
            Ok(Subscription {
                api: Api::Telemetry,
                streams: vec![Stream::Platform, Stream::Function],
                destination: Destination::Http {
                    port: 8080,
                    path: "logs".to_owned(),
                    put: false
                },
                buffering: Buffering {
                    items: 10_000,
                    bytes: 262_144,
                    timeout: Duration::from_millis(25)
                },
            })
        );
        let tcp = br#"{"types":["extension"],"destination":{"protocol":"TCP","port":9000}}"#;
        let logs = Subscription::parse(tcp, false).unwrap();
        assert_eq!(
            (logs.api, logs.destination),
            (Api::Logs { runtime_done: false }, Destination::Tcp { port: 9000 })
        );
        assert!(
            Subscription::parse(tcp, true).is_err(),
            "telemetry wants a schema version"
        );
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let refused = |body: &str| Subscription::parse(body.as_bytes(), true).unwrap_err();
        let body =
            r#"{"schemaVersion":"2022-07-01","destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain"}}"#;
        assert_eq!(refused(body), "URI port is not provided; types should not be empty");
        assert_eq!(
            refused(&GOOD.replace("\"timeoutMs\":25", "\"timeoutMs\":24,\"maxItems\":1")),
            "maxItems should be between 1000 and 10000; timeoutMs should be between 25 and 30000"
        );
        assert_eq!(
            refused(&GOOD.replace("sandbox.localdomain:8080", "example.com:80")),
            "URI host should be sandbox.localdomain"
        );
    }
}
