//! Spans as `tracing` has them, taken to where they are exported from.
//!
//! A span whose field `trace` is an X-Ray header is part of that trace, below the parent that the header names; otherwise it is part of
//! its parent's, or begins one.

use crate::{WAITING, message::Span};
use lambent_types::{Clock, Ids};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Status, span::SpanKind, status::StatusCode},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;
use tracing::{
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Where the header of a trace is.
const TRACE: &str = "trace";
/// How it ended: all but [`SUCCESS`] is an error.
const OUTCOME: &str = "outcome";
const SUCCESS: &str = "success";

/// A layer that takes every span which it is let see.
pub struct Spans {
    finished: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// What is to be exported.
pub struct Finished {
    pub(crate) spans: mpsc::Receiver<Span>,
    dropped: Arc<AtomicU64>,
}

impl Finished {
    /// How many were dropped since this was asked.
    pub(crate) fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

impl Spans {
    /// A layer, and what comes of it.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> (Self, Finished) {
        let (finished, spans) = mpsc::channel(WAITING);
        let dropped: Arc<AtomicU64> = Arc::default();
        let layer = Self {
            finished,
            dropped: Arc::clone(&dropped),
            clock,
            ids,
        };
        (layer, Finished { spans, dropped })
    }

    fn nanos(&self) -> u64 {
        u64::try_from(self.clock.now().as_micros())
            .unwrap_or(0)
            .saturating_mul(1_000)
    }
}

impl<S> Layer<S> for Spans
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            let parent: &Span = extensions.get()?;
            Some((parent.trace_id.clone(), parent.span_id.clone()))
        });
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let said = fields.trace.as_deref().and_then(trace);
        let (trace_id, parent_span_id) = parent
            .or(said)
            .unwrap_or_else(|| (self.ids.uuid().as_bytes().to_vec(), Vec::new()));
        let own = self.ids.uuid();
        let mut made = Span {
            trace_id,
            span_id: own.as_bytes().iter().rev().take(8).copied().collect(),
            kind: if span.parent().is_none() {
                SpanKind::Server
            } else {
                SpanKind::Internal
            }
            .into(),
            parent_span_id,
            name: span.name().to_owned(),
            start_time_unix_nano: self.nanos(),
            ..Span::default()
        };
        fields.add_to(&mut made);
        span.extensions_mut().insert(made);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(made) = span.extensions_mut().get_mut::<Span>() {
            fields.add_to(made);
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let made = context
            .span(&id)
            .and_then(|span| span.extensions_mut().remove::<Span>());
        let Some(mut made) = made else { return };
        made.end_time_unix_nano = self.nanos();
        if self.finished.try_send(made).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The fields of a span.
#[derive(Default)]
struct Fields {
    attributes: Vec<KeyValue>,
    trace: Option<String>,
    failed: bool,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), &value) {
            (TRACE, Value::StringValue(text)) => return self.trace = Some(text.clone()),
            (OUTCOME, Value::StringValue(text)) => self.failed = text != SUCCESS,
            _ => {}
        }
        self.attributes.push(KeyValue {
            key: field.name().to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
    }

    fn add_to(self, span: &mut Span) {
        span.attributes.extend(self.attributes);
        if self.failed {
            span.status = Some(Status {
                code: StatusCode::Error.into(),
                message: String::new(),
            });
        }
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::BoolValue(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::IntValue(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::DoubleValue(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::StringValue(value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::StringValue(format!("{value:?}")));
    }
}

/// The trace and the parent of an X-Ray header, `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn trace(header: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name));
    let root = part("Root=1-")?.replace('-', "");
    let parent = part("Parent=").and_then(bytes::<8>);
    Some((bytes::<16>(&root)?, parent.unwrap_or_default()))
}

/// So many bytes in hexadecimal digits.
fn bytes<const N: usize>(digits: &str) -> Option<Vec<u8>> {
    if digits.len() != 2 * N || !digits.is_ascii() {
        return None;
    }
    let byte = |place: usize| u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok();
    (0..N).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::{ManualClock, SeededIds, Timestamp};
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn spans_are_parts_of_the_callers_trace() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(5)));
        let (layer, mut finished) = Spans::new(clock, Arc::new(SeededIds::default()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
            let invocation = tracing::info_span!(
                "invocation",
                trace = header,
                outcome = tracing::field::Empty,
                cold = true
            );
            drop(tracing::info_span!(parent: &invocation, "run"));
            invocation.record("outcome", "timeout");
            drop(invocation);
            drop(tracing::info_span!("alone", outcome = "success"));
        });
        let [run, invocation, alone] = [(); 3].map(|()| finished.spans.try_recv().unwrap());
        assert_eq!((run.name.as_str(), invocation.name.as_str()), ("run", "invocation"));
        assert_eq!(
            invocation.trace_id,
            bytes::<16>("5759e988bd862e3fe1be46a994272793").unwrap()
        );
        assert_eq!(invocation.parent_span_id, bytes::<8>("53995c3f42cd8ad8").unwrap());
        assert_eq!(
            (&run.trace_id, &run.parent_span_id),
            (&invocation.trace_id, &invocation.span_id)
        );
        assert_eq!((run.span_id.len(), invocation.start_time_unix_nano), (8, 5_000));
        assert_eq!(invocation.status.unwrap().code, i32::from(StatusCode::Error));
        let names: Vec<_> = invocation
            .attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect();
        assert_eq!(names, ["cold", "outcome"]);
        assert!(alone.status.is_none() && alone.parent_span_id.is_empty() && alone.trace_id != run.trace_id);
    }

    #[test]
    fn what_is_no_header_begins_a_trace() {
        for header in [
            "",
            "Root=1-",
            "Root=1-5759e988-bd",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-é759e988-bd862e3fe1be46a99427279",
        ] {
            assert!(trace(header).is_none(), "{header}");
        }
        assert_eq!(
            trace("Root=1-5759e988-bd862e3fe1be46a994272793").unwrap().1,
            Vec::<u8>::new()
        );
    }

    #[test]
    fn those_that_nobody_takes_are_dropped_and_counted() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(5)));
        let (layer, finished) = Spans::new(clock, Arc::new(SeededIds::default()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            (0..WAITING + 3).for_each(|_| drop(tracing::info_span!("x")));
        });
        assert_eq!((finished.take_dropped(), finished.take_dropped()), (3, 0));
    }
}
