//! `GET /metrics`: what the server tells of itself, in Prometheus's text format 0.0.4, and to whom.

use crate::{
    edge::{Answer, whole},
    url::Peer,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, FORWARDED},
    request,
};
use lambent_store::BoxFuture;
use lambent_types::measure::{BOUNDS, Counter, Distribution, Family, Labels, Members};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    sync::{Arc, Weak},
};

/// Where Prometheus looks unless it is told otherwise. AWS has no such path in the services that are here.
pub(crate) const PATH: &str = "/metrics";
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is told of the server.
pub trait Telemetry: Send + Sync + 'static {
    /// Everything, as it is now.
    fn families(&self) -> BoxFuture<'_, Vec<Family>>;
}

/// What the listener counts.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Requests that were answered, by the hundreds of their statuses, from 1xx on.
    answered: [Counter; 5],
    /// Each open connection holds one.
    connections: Arc<()>,
}

impl Traffic {
    pub(crate) fn answered(&self, status: StatusCode) {
        if let Some(counter) = self.answered.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            counter.add(1);
        }
    }

    /// A connection: open until this is dropped.
    pub(crate) fn connection(&self) -> Weak<()> {
        Arc::downgrade(&self.connections)
    }

    /// Its families.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers are told as floating point, exact up to 2 to the 53rd"
    )]
    pub fn families(&self) -> Vec<Family> {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let answered = classes.iter().zip(&self.answered);
        let answered = answered.map(|(class, counter)| (vec![("code", (*class).to_owned())], counter.get() as f64));
        vec![
            Family {
                name: "lambent_http_requests_total",
                help: "Requests that were answered, by the class of their HTTP status.",
                members: Members::Counts(answered.collect()),
            },
            Family::level(
                "lambent_http_connections",
                "Connections that are open.",
                Arc::weak_count(&self.connections) as f64,
            ),
        ]
    }
}

/// What is told, and who may ask without being on this machine.
pub struct Exposition {
    /// What is told.
    pub telemetry: Arc<dyn Telemetry>,
    /// Who presents it (`Authorization: Bearer …`) may read from anywhere.
    pub token: Option<String>,
}

impl Exposition {
    /// Answers a request for [`PATH`].
    pub(crate) async fn answer(&self, parts: &request::Parts) -> Answer {
        if parts.method != Method::GET {
            return plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET is answered here.\n".to_owned(),
            );
        }
        if !self.admits(&parts.headers, parts.extensions.get()) {
            let words =
                "Metrics are told to this machine, and to those who present the --metrics-token as a bearer token.\n";
            return plain(StatusCode::FORBIDDEN, words.to_owned());
        }
        plain(StatusCode::OK, text(&self.telemetry.families().await))
    }

    /// Whether a request is from this machine, or has the token. One that a proxy has passed on is from wherever the proxy had it.
    fn admits(&self, headers: &HeaderMap, peer: Option<&Peer>) -> bool {
        let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(presented) = presented.and_then(|value| value.strip_prefix("Bearer ")) {
            // Of the digests nothing can be learned by the time that comparing them takes.
            let same = |token: &String| Sha256::digest(token) == Sha256::digest(presented);
            return self.token.as_ref().is_some_and(same);
        }
        let passed_on = headers.contains_key(FORWARDED) || headers.contains_key(FORWARDED_FOR);
        !passed_on && peer.is_some_and(|Peer(address)| address.to_canonical().is_loopback())
    }
}

fn plain(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, FORMAT);
    whole(answer)
}

/// Families in the text format ("Exposition formats" of Prometheus).
fn text(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        let (name, kind) = match &family.members {
            Members::Counts(_) => (family.name, "counter"),
            Members::Levels(_) => (family.name, "gauge"),
            Members::Durations(_) => (family.name, "histogram"),
        };
        let help = family.help.replace('\\', r"\\").replace('\n', r"\n");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        match &family.members {
            Members::Counts(members) | Members::Levels(members) => {
                for (labels, value) in members {
                    line(&mut out, name, "", labels, None, *value);
                }
            }
            Members::Durations(members) => {
                for (labels, distribution) in members {
                    histogram(&mut out, name, labels, distribution);
                }
            }
        }
    }
    out
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers are told as floating point, exact up to 2 to the 53rd"
)]
fn histogram(out: &mut String, name: &str, labels: &Labels, distribution: &Distribution) {
    let mut count = 0;
    let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
    for (bound, bucket) in bounds.zip(&distribution.counts) {
        count += bucket;
        line(out, name, "_bucket", labels, Some(&bound), count as f64);
    }
    line(out, name, "_sum", labels, None, distribution.sum);
    line(out, name, "_count", labels, None, count as f64);
}

fn line(out: &mut String, name: &str, suffix: &str, labels: &Labels, bound: Option<&str>, value: f64) {
    let bound = bound.map(|bound| ("le", bound));
    let labels = labels.iter().map(|(name, value)| (*name, value.as_str())).chain(bound);
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    let labels = if labels.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", labels.join(","))
    };
    let _ = writeln!(out, "{name}{suffix}{labels} {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::measure::Durations;
    use std::{future::ready, net::IpAddr, time::Duration};

    struct Nothing;

    impl Telemetry for Nothing {
        fn families(&self) -> BoxFuture<'_, Vec<Family>> {
            Box::pin(ready(Vec::new()))
        }
    }

    #[test]
    fn families_are_written_as_prometheus_reads_them() {
        let durations = Durations::default();
        durations.observe(Duration::from_millis(2));
        durations.observe(Duration::from_secs(1_000));
        let families = [
            Family {
                name: "a_total",
                help: "Back\\slash\nand line.",
                members: Members::Counts(vec![(vec![("q", "a\"b\\c\nd".to_owned()), ("r", "x".to_owned())], 3.0)]),
            },
            Family::level("b", "B.", 0.5),
            Family::durations("c_seconds", "C.", &durations),
        ];
        let text = text(&families);
        assert!(text.starts_with(
            "# HELP a_total Back\\\\slash\\nand line.\n# TYPE a_total counter\na_total{q=\"a\\\"b\\\\c\\nd\",r=\"x\"} 3\n\
             # HELP b B.\n# TYPE b gauge\nb 0.5\n# HELP c_seconds C.\n# TYPE c_seconds histogram\n\
             c_seconds_bucket{le=\"0.0005\"} 0\n"
        ));
        assert!(text.contains("c_seconds_bucket{le=\"0.0025\"} 1\nc_seconds_bucket{le=\"0.005\"} 1\n"));
        assert!(text.ends_with(
            "c_seconds_bucket{le=\"900\"} 1\nc_seconds_bucket{le=\"+Inf\"} 2\nc_seconds_sum 1000.002\nc_seconds_count 2\n"
        ));
    }

    #[test]
    fn connections_are_open_until_they_are_dropped() {
        let traffic = Traffic::default();
        let open = |traffic: &Traffic| traffic.families().last().cloned().unwrap().members;
        let connection = traffic.connection();
        assert_eq!(open(&traffic), Members::Levels(vec![(Labels::new(), 1.0)]));
        drop(connection);
        assert_eq!(open(&traffic), Members::Levels(vec![(Labels::new(), 0.0)]));
        traffic.answered(StatusCode::NOT_FOUND);
        let Members::Counts(counts) = &traffic.families()[0].members else {
            panic!()
        };
        assert_eq!(counts[3], (vec![("code", "4xx".to_owned())], 1.0));
    }

    #[test]
    fn this_machine_and_who_has_the_token_may_read() {
        let exposition = |token: Option<&str>| Exposition {
            telemetry: Arc::new(Nothing),
            token: token.map(str::to_owned),
        };
        let admits = |token, peer: &str, headers: &[(HeaderName, &str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
            let peer: IpAddr = peer.parse().unwrap();
            exposition(token).admits(&headers.collect(), Some(&Peer(peer)))
        };
        assert!(admits(None, "127.0.0.1", &[]) && admits(None, "::1", &[]) && admits(None, "::ffff:127.0.0.1", &[]));
        assert!(!admits(None, "10.0.0.1", &[]) && !admits(Some("t"), "10.0.0.1", &[]));
        assert!(!admits(None, "127.0.0.1", &[(FORWARDED_FOR, "10.0.0.1")]));
        assert!(!admits(None, "127.0.0.1", &[(FORWARDED, "for=10.0.0.1")]));
        assert!(admits(Some("t"), "10.0.0.1", &[(AUTHORIZATION, "Bearer t")]));
        assert!(!admits(Some("t"), "10.0.0.1", &[(AUTHORIZATION, "Bearer u")]));
        assert!(!admits(None, "10.0.0.1", &[(AUTHORIZATION, "Bearer ")]));
    }
}
