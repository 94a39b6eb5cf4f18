//! Invocations that are traced: which they are, and what is told of them.

use crate::{Control, Refusal};
use lambent_engine::trace;
use lambent_invoker::FunctionTrace;
use lambent_types::{
    Fault, FunctionRecord, RequestId, SegmentId, Span, Timestamp, TraceId, function::TracingMode, trace::Place,
};

/// The try of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventTry {
    /// Counted from one.
    pub(crate) number: u32,
    /// When the event was accepted.
    pub(crate) accepted_at: Timestamp,
}

/// An invocation that is traced, at its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    trace: TraceId,
    /// What called.
    parent: Option<SegmentId>,
    /// The service's own segment.
    service: SegmentId,
    began: Timestamp,
    event: Option<EventTry>,
    pub(crate) function: FunctionTrace,
}

impl Control {
    /// Whether this invocation is traced. The header names the trace then; otherwise it says that it is not.
    ///
    /// Somebody's decision counts. Where there is none, a function that traces actively is asked about, and one that passes traces
    /// through is not traced (API reference, `TracingConfig`).
    pub(crate) fn traced(
        &self,
        record: &FunctionRecord,
        request: RequestId,
        header: &mut String,
        event: Option<EventTry>,
    ) -> Option<Traced> {
        let active = || record.config.tracing_mode == TracingMode::Active;
        let tracer = self.invoker.tracer();
        let sampled = trace::sampled(header).unwrap_or_else(|| active() && tracer.samples(&record.key.function));
        let root = if sampled { trace::root(header) } else { None };
        let trace = match root {
            Some(root) => root,
            None if sampled && active() => TraceId::new(self.clock.now(), self.ids.as_ref()),
            None => {
                trace::leave_out(header, || SegmentId::new(self.ids.as_ref()));
                return None;
            }
        };
        let parent = trace::parent(header);
        *header = trace::called_by(header, &trace, parent, true);
        let service = SegmentId::of_request(request);
        let attempt = event.map(|event| service.part(event.number));
        Some(Traced {
            function: FunctionTrace {
                trace: trace.clone(),
                segment: SegmentId::new(self.ids.as_ref()),
                caller: parent,
                parent: attempt.unwrap_or(service),
                invocation: SegmentId::new(self.ids.as_ref()),
            },
            trace,
            parent,
            service,
            began: self.clock.now(),
            event,
        })
    }

    /// Tells what the service did. `refused` is why the function did not run, `failed` whether it ran and did so.
    pub(crate) fn tell(
        &self,
        traced: &Traced,
        record: &FunctionRecord,
        request: RequestId,
        refused: Option<&Refusal>,
        failed: bool,
    ) {
        let (status, fault) = match (refused, failed) {
            (Some(Refusal::Throttled(_)), _) => (429, Some(Fault::Throttled)),
            (Some(_), _) => (500, Some(Fault::Failed(None))),
            (None, true) => (200, Some(Fault::Failed(None))),
            (None, false) => (200, None),
        };
        let (tracer, function) = (self.invoker.tracer(), &record.key.function);
        let ended = self.clock.now();
        let place = |id, parent, began, ended| Place {
            trace: traced.trace.clone(),
            id,
            parent,
            began,
            ended,
        };
        let service = |began, status, fault| Span::Service {
            place: place(traced.service, traced.parent, began, ended),
            function: function.clone(),
            request,
            status,
            fault,
        };
        let Some(event) = traced.event else {
            return tracer.record(service(traced.began, status, fault));
        };
        let parent = Some(traced.service);
        if event.number == 1 {
            tracer.record(Span::Dwell {
                place: place(traced.service.part(0), parent, event.accepted_at, traced.began),
                function: function.clone(),
            });
        }
        tracer.record(Span::Attempt {
            place: place(traced.function.parent, parent, traced.began, ended),
            function: function.clone(),
            number: event.number,
            fault: fault.clone(),
        });
        // The segment grows with each try, and is as the last one went.
        tracer.record(service(event.accepted_at, 202, fault));
    }

    /// Tells that an event was accepted.
    pub(crate) fn tell_accepted(&self, traced: &Traced, record: &FunctionRecord, request: RequestId) {
        self.invoker.tracer().record(Span::Service {
            place: Place {
                trace: traced.trace.clone(),
                id: traced.service,
                parent: traced.parent,
                began: traced.began,
                ended: self.clock.now(),
            },
            function: record.key.function.clone(),
            request,
            status: 202,
            fault: None,
        });
    }
}

impl Traced {
    /// The header of what the service answers.
    pub(crate) fn answered(&self) -> String {
        trace::called_by("", &self.trace, Some(self.service), true)
    }

    /// The header with which the function is called.
    pub(crate) fn passed_on(&self, header: &str) -> String {
        trace::called_by(header, &self.trace, Some(self.function.invocation), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record};

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

    #[tokio::test]
    async fn a_decision_is_followed_and_nothing_else_traced() {
        let (control, request) = (control(), context().request_id);
        let mut active = record("f");
        active.config.tracing_mode = TracingMode::Active;
        for record in [record("f"), active] {
            let mut header = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a:1");
            let traced = control.traced(&record, request, &mut header, None).unwrap();
            assert_eq!(
                traced.parent.map(|parent| parent.to_string()).as_deref(),
                Some("53995c3f42cd8ad8")
            );
            assert_eq!(traced.answered(), format!("{ROOT};Parent={};Sampled=1", traced.service));
            let inside = traced.passed_on(&header);
            assert_eq!(
                inside,
                format!("{ROOT};Parent={};Sampled=1;Lineage=1:a:1", traced.function.invocation)
            );
            let mut header = format!("{ROOT};Sampled=0");
            assert!(control.traced(&record, request, &mut header, None).is_none());
            assert_eq!(header, format!("{ROOT};Sampled=0"));
            let mut header = ROOT.to_owned();
            assert!(
                control.traced(&record, request, &mut header, None).is_none(),
                "nobody samples here"
            );
            assert!(header.ends_with(";Sampled=0"), "{header}");
        }
        let mut header = "Root=1;Sampled=1".to_owned();
        assert!(
            control.traced(&record("f"), request, &mut header, None).is_none(),
            "there is no trace to add to"
        );
        assert_eq!(header, "Root=1;Sampled=1");
    }

    #[tokio::test]
    async fn each_try_of_an_event_is_a_part_of_the_same_segment() {
        let (control, request) = (control(), context().request_id);
        let event = |number| {
            let accepted_at = Timestamp::from_micros(0);
            Some(EventTry { number, accepted_at })
        };
        let of = |number| {
            let mut header = format!("{ROOT};Sampled=1");
            control
                .traced(&record("f"), request, &mut header, event(number))
                .unwrap()
        };
        let (first, second) = (of(1), of(2));
        assert_eq!((first.service, first.parent), (second.service, None));
        assert_ne!(first.function.parent, second.function.parent);
        assert_eq!(
            first.function.parent,
            of(1).function.parent,
            "a try that is told of twice is one"
        );
    }
}
