//! The extensions of one environment: who they are, what each waits for, and when all of them are done.
//!
//! The contract is AWS's "Using the Lambda Extensions API to create extensions"; the refusals are those of AWS's own emulator.

use crate::{
    extension::{EventKind, ExtensionState, Request},
    extension_event::{ExtensionEvent, ShutdownReason},
    extension_refusal::ExtensionRefusal,
    invocation::Invocation,
};
use lambent_sandbox::SandboxControl;
use lambent_types::{Clock, Ids, RandomIds, SystemClock, Timestamp};
use std::{
    fmt,
    sync::{Arc, Weak},
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// AWS's limit on the extensions of one function.
pub const MAX_EXTENSIONS: usize = 10;

/// What extensions are told of their function, and which of them are processes of their own.
#[derive(Clone)]
pub struct ExtensionHost {
    /// The function's name.
    pub function_name: String,
    /// `$LATEST` or a number.
    pub function_version: String,
    /// Its handler.
    pub handler: String,
    /// The account it belongs to.
    pub account_id: String,
    /// The file names of the external extensions.
    pub external: Vec<String>,
    /// Draws identifiers.
    pub ids: Arc<dyn Ids>,
    /// Dates what extensions are told.
    pub clock: Arc<dyn Clock>,
    /// The way to those who subscribe to telemetry; `None` where it goes nowhere.
    pub inside: Option<Weak<dyn SandboxControl>>,
}

impl Default for ExtensionHost {
    /// Of a function that nobody asks about: for measurements and tests.
    fn default() -> Self {
        Self {
            function_name: String::new(),
            function_version: String::new(),
            handler: String::new(),
            account_id: String::new(),
            external: Vec::new(),
            ids: Arc::new(RandomIds),
            clock: Arc::new(SystemClock::default()),
            inside: None,
        }
    }
}

/// How an extension fares, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionStatus {
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub state: ExtensionState,
    /// What it registered for.
    pub events: Vec<EventKind>,
    /// What it reported as its error.
    pub error_type: Option<String>,
}

impl fmt::Display for ExtensionStatus {
    /// The line of the log, as AWS prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<String> = self.events.iter().map(EventKind::to_string).collect();
        write!(
            f,
            "EXTENSION\tName: {}\tState: {}\tEvents: [{}]",
            self.name,
            self.state,
            events.join(", ")
        )?;
        if let Some(error_type) = &self.error_type {
            write!(f, "\tError Type: {error_type}")?;
        }
        Ok(())
    }
}

/// What an extension says about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// It could not be initialised.
    Init,
    /// It has to end.
    Exit,
}

/// An extension's report of its own failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionReport {
    /// Its name.
    pub name: String,
    /// Which.
    pub kind: ReportKind,
    /// What it calls the error.
    pub error_type: String,
    /// Whether it is a process of its own, which is to end.
    pub external: bool,
}

struct Extension {
    id: Uuid,
    name: String,
    external: bool,
    state: ExtensionState,
    events: Vec<EventKind>,
    error_type: Option<String>,
    /// What it gets when it asks.
    pending: Option<ExtensionEvent>,
    /// Where it waits for it.
    parked: Option<oneshot::Sender<ExtensionEvent>>,
}

/// All extensions of one environment.
pub(crate) struct Extensions {
    pub(crate) host: ExtensionHost,
    all: Vec<Extension>,
    report: Option<ExtensionReport>,
    /// Whether the runtime has asked for its first invocation.
    runtime_ready: bool,
}

/// The answer to `/event/next`: an event now, or one to wait for.
#[derive(Debug)]
pub(crate) enum NextEvent {
    Now(ExtensionEvent),
    Later(oneshot::Receiver<ExtensionEvent>),
}

impl Extensions {
    /// The external extensions are known before they register.
    pub(crate) fn new(host: ExtensionHost) -> Self {
        let all = host
            .external
            .iter()
            .map(|name| Extension::new(host.ids.uuid(), name.clone(), true));
        Self {
            all: all.collect(),
            host,
            report: None,
            runtime_ready: false,
        }
    }

    /// Registers an extension, and returns its identifier. A name that is not an external extension's is an internal one's.
    pub(crate) fn register(&mut self, name: &str, wanted: &[String]) -> Result<Uuid, ExtensionRefusal> {
        if name.is_empty() {
            return Err(ExtensionRefusal::EmptyName);
        }
        let external = self
            .all
            .iter()
            .position(|extension| extension.external && extension.name == name);
        let mut events = wanted
            .iter()
            .map(|event| event_kind(event, external.is_some()))
            .collect::<Result<Vec<_>, _>>()?;
        events.sort();
        events.dedup();
        let place = match external {
            Some(place) => place,
            None => self.admit(name)?,
        };
        let extension = &mut self.all[place];
        extension.advance(Request::Register, name)?;
        extension.events = events;
        Ok(extension.id)
    }

    /// Makes room for an internal extension.
    fn admit(&mut self, name: &str) -> Result<usize, ExtensionRefusal> {
        if self.is_closed() {
            return Err(ExtensionRefusal::Closed);
        }
        if self.all.len() >= MAX_EXTENSIONS {
            return Err(ExtensionRefusal::TooMany);
        }
        if self.all.iter().any(|extension| extension.name == name) {
            return Err(ExtensionRefusal::NameTaken);
        }
        self.all
            .push(Extension::new(self.host.ids.uuid(), name.to_owned(), false));
        Ok(self.all.len() - 1)
    }

    /// Registration is over once the runtime has asked for work and every external extension has registered.
    fn is_closed(&self) -> bool {
        self.runtime_ready && self.all_registered()
    }

    /// Whether none of the external ones has still to register.
    pub(crate) fn all_registered(&self) -> bool {
        self.all
            .iter()
            .all(|extension| extension.state != ExtensionState::Started)
    }

    /// The runtime has asked for an invocation.
    pub(crate) const fn runtime_is_ready(&mut self) {
        self.runtime_ready = true;
    }

    /// `GET /extension/event/next`.
    pub(crate) fn next(&mut self, id: Uuid) -> Result<NextEvent, ExtensionRefusal> {
        let extension = self.find(id).ok_or(ExtensionRefusal::Unknown(id))?;
        let again = extension.parked.as_ref().is_none_or(oneshot::Sender::is_closed);
        extension.advance(Request::Next { again }, &id.to_string())?;
        if let Some(event) = extension.pending.take() {
            extension.state = ExtensionState::Running;
            return Ok(NextEvent::Now(event));
        }
        let (sender, receiver) = oneshot::channel();
        extension.parked = Some(sender);
        Ok(NextEvent::Later(receiver))
    }

    /// `POST /extension/init/error` and `/extension/exit/error`. The first report is the one that counts.
    pub(crate) fn report(&mut self, id: Uuid, kind: ReportKind, error_type: &str) -> Result<(), ExtensionRefusal> {
        let extension = self.find(id).ok_or(ExtensionRefusal::UnknownReporter)?;
        let request = match kind {
            ReportKind::Init => Request::InitError,
            ReportKind::Exit => Request::ExitError,
        };
        extension.advance(request, &id.to_string())?;
        extension.error_type.get_or_insert_with(|| error_type.to_owned());
        let report = ExtensionReport {
            name: extension.name.clone(),
            kind,
            error_type: error_type.to_owned(),
            external: extension.external,
        };
        self.report.get_or_insert(report);
        Ok(())
    }

    /// The first failure that an extension reported.
    pub(crate) fn reported(&self) -> Option<ExtensionReport> {
        self.report.clone()
    }

    /// Whether each extension waits for an event.
    pub(crate) fn all_ready(&self) -> bool {
        let ready = |extension: &Extension| extension.state == ExtensionState::Ready && extension.pending.is_none();
        self.all.iter().all(ready)
    }

    /// Tells those that want to know of an invocation.
    pub(crate) fn invoke(&mut self, invocation: &Invocation) {
        for extension in self
            .all
            .iter_mut()
            .filter(|each| each.events.contains(&EventKind::Invoke))
        {
            extension.tell(ExtensionEvent::Invoke {
                deadline: invocation.deadline,
                request_id: invocation.request_id,
                invoked_function_arn: invocation.invoked_function_arn.clone(),
                trace_id: invocation.trace_id.clone(),
            });
        }
    }

    /// Tells those that want to know of the end.
    pub(crate) fn shut_down(&mut self, reason: ShutdownReason, deadline: Timestamp) {
        for extension in self
            .all
            .iter_mut()
            .filter(|each| each.events.contains(&EventKind::Shutdown))
        {
            extension.tell(ExtensionEvent::Shutdown { reason, deadline });
        }
    }

    /// The name of the extension that has this identifier.
    pub(crate) fn name_of(&self, id: Uuid) -> Option<String> {
        let found = self.all.iter().find(|extension| extension.id == id)?;
        Some(found.name.clone())
    }

    pub(crate) fn statuses(&self) -> Vec<ExtensionStatus> {
        let status = |extension: &Extension| ExtensionStatus {
            name: extension.name.clone(),
            state: extension.state,
            events: extension.events.clone(),
            error_type: extension.error_type.clone(),
        };
        self.all.iter().map(status).collect()
    }

    fn find(&mut self, id: Uuid) -> Option<&mut Extension> {
        self.all.iter_mut().find(|extension| extension.id == id)
    }
}

impl Extension {
    const fn new(id: Uuid, name: String, external: bool) -> Self {
        Self {
            id,
            name,
            external,
            state: ExtensionState::Started,
            events: Vec::new(),
            error_type: None,
            pending: None,
            parked: None,
        }
    }

    fn advance(&mut self, request: Request, who: &str) -> Result<(), ExtensionRefusal> {
        self.state = self.state.after(request).ok_or_else(|| ExtensionRefusal::Transition {
            from: self.state,
            to: request.goal(),
            who: who.to_owned(),
        })?;
        Ok(())
    }

    /// Hands an event over, now or when it is asked for. One that was not asked for in time is over.
    fn tell(&mut self, event: ExtensionEvent) {
        match self.parked.take().map(|parked| parked.send(event.clone())) {
            Some(Ok(())) if self.state == ExtensionState::Ready => self.state = ExtensionState::Running,
            Some(_) | None => self.pending = Some(event),
        }
    }
}

/// Internal extensions end with their runtime: they cannot be told of it.
fn event_kind(name: &str, external: bool) -> Result<EventKind, ExtensionRefusal> {
    match (name, external) {
        ("INVOKE", _) => Ok(EventKind::Invoke),
        ("SHUTDOWN", true) => Ok(EventKind::Shutdown),
        ("SHUTDOWN", false) => Err(ExtensionRefusal::Event(
            name.to_owned(),
            "ShutdownEventNotSupportedForInternalExtension",
        )),
        (_, _) => Err(ExtensionRefusal::Event(name.to_owned(), "ErrorInvalidEventType")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use lambent_types::{RequestId, SeededIds};

    fn extensions(external: &[&str]) -> Extensions {
        Extensions::new(ExtensionHost {
            external: external.iter().map(|&name| name.to_owned()).collect(),
            ids: Arc::new(SeededIds::default()),
            ..ExtensionHost::default()
        })
    }

    fn events(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn invocation() -> Invocation {
        Invocation {
            request_id: RequestId::new(&SeededIds::default()),
            deadline: Timestamp::from_micros(5_000_000),
            invoked_function_arn: "arn".to_owned(),
            trace_id: Some("Root=1".to_owned()),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            content_type: String::new(),
            payload: Bytes::new(),
        }
    }

    fn waits(extensions: &mut Extensions, id: Uuid) -> oneshot::Receiver<ExtensionEvent> {
        match extensions.next(id) {
            Ok(NextEvent::Later(event)) => event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn events_go_to_those_who_registered_for_them() {
        let mut all = extensions(&["both", "end"]);
        let both = all.register("both", &events(&["SHUTDOWN", "INVOKE"])).unwrap();
        let end = all.register("end", &events(&["SHUTDOWN"])).unwrap();
        let (mut invoked, mut ended) = (waits(&mut all, both), waits(&mut all, end));
        assert!(all.all_ready());
        all.invoke(&invocation());
        assert!(!all.all_ready());
        let event = String::from_utf8(invoked.try_recv().unwrap().json()).unwrap();
        assert_eq!(
            event,
            r#"{"eventType":"INVOKE","deadlineMs":5000,"requestId":"00000000-0000-4000-8000-000000000001","invokedFunctionArn":"arn","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"}}"#
        );
        assert!(ended.try_recv().is_err());
        // One that is still at work gets it when it asks.
        all.shut_down(ShutdownReason::Timeout, Timestamp::from_micros(7_000_000));
        let expected = r#"{"eventType":"SHUTDOWN","deadlineMs":7000,"shutdownReason":"timeout"}"#;
        assert_eq!(ended.try_recv().unwrap().json(), expected.as_bytes());
        assert!(matches!(
            all.next(both),
            Ok(NextEvent::Now(ExtensionEvent::Shutdown { .. }))
        ));
        let lines: Vec<_> = all.statuses().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "EXTENSION\tName: both\tState: Running\tEvents: [INVOKE, SHUTDOWN]",
                "EXTENSION\tName: end\tState: Running\tEvents: [SHUTDOWN]"
            ]
        );
    }

    #[test]
    fn registration_is_open_until_the_runtime_and_all_external_ones_are_known() {
        let mut all = extensions(&["external"]);
        all.runtime_is_ready();
        all.register("inside", &[]).unwrap();
        assert!(!all.all_ready());
        all.register("external", &[]).unwrap();
        assert_eq!(all.register("late", &[]), Err(ExtensionRefusal::Closed));
        let again = all.register("external", &[]).unwrap_err();
        assert_eq!(again.error_type(), "Extension.InvalidExtensionState");
    }

    #[test]
    fn there_are_ten_at_most() {
        let mut all = extensions(&[]);
        for number in 0..MAX_EXTENSIONS {
            all.register(&number.to_string(), &[]).unwrap();
        }
        let refused = all.register("one more", &[]).unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), refused.error_type()),
            ("Extension limit (10) reached", "Extension.TooManyExtensions")
        );
    }

    #[test]
    fn the_first_report_counts_and_is_the_last_word() {
        let mut all = extensions(&["one"]);
        let id = all.register("one", &[]).unwrap();
        all.report(id, ReportKind::Init, "Extension.Mine").unwrap();
        all.report(id, ReportKind::Init, "Extension.Other").unwrap();
        let report = all.reported().unwrap();
        assert_eq!(
            (report.kind, report.error_type.as_str()),
            (ReportKind::Init, "Extension.Mine")
        );
        let refused = all.next(id).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!(
                "State transition from InitError to Ready failed for extension {id}. Error: State transition is not allowed"
            )
        );
    }

    #[test]
    fn one_that_lost_its_connection_asks_again_and_misses_nothing() {
        let mut all = extensions(&["one"]);
        let id = all.register("one", &events(&["INVOKE"])).unwrap();
        let waiting = waits(&mut all, id);
        assert!(all.next(id).is_err(), "it waits already");
        drop(waiting);
        all.invoke(&invocation());
        assert!(!all.all_ready(), "it has something to do");
        assert!(matches!(
            all.next(id),
            Ok(NextEvent::Now(ExtensionEvent::Invoke { .. }))
        ));
    }
}
