//! The state machine together with what it is about: the current invocation and the requests parked at `/next`.

use crate::{
    extensions::{ExtensionHost, Extensions},
    hub::Hub,
    invocation::{InitFailure, Invocation, InvocationResult},
    state::{Event, Refusal, State},
    stream::ResponseSink,
};
use lambent_types::RequestId;
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::oneshot;

/// Everything that is kept under the lock. No method waits.
pub(crate) struct Core {
    state: State,
    init_failure: Option<InitFailure>,
    /// A report of a failed initialisation is being read.
    reporting: bool,
    current: Option<Current>,
    parked: VecDeque<oneshot::Sender<Arc<Invocation>>>,
    pub(crate) extensions: Extensions,
    pub(crate) hub: Hub,
}

/// An invocation that has been offered and is not answered.
struct Current {
    invocation: Arc<Invocation>,
    reply: oneshot::Sender<InvocationResult>,
    /// For a caller who wants the response while it comes.
    sink: Option<ResponseSink>,
}

/// The answer to `/next`: an invocation now, or one to wait for.
pub(crate) enum Next {
    Now(Arc<Invocation>),
    Later(oneshot::Receiver<Arc<Invocation>>),
}

impl Core {
    pub(crate) fn new(host: ExtensionHost) -> Self {
        Self {
            state: State::Started,
            init_failure: None,
            reporting: false,
            current: None,
            parked: VecDeque::new(),
            extensions: Extensions::new(host),
            hub: Hub::new(),
        }
    }

    /// `None` while the runtime has neither come to `/next` nor reported a failure, or an extension has not asked for an event.
    pub(crate) fn initialised(&self) -> Option<Result<(), InitFailure>> {
        match self.state {
            State::Started => None,
            State::InitError => self.init_failure.clone().map(Err),
            State::Ready
            | State::Running(_)
            | State::InvocationResponse(_)
            | State::InvocationErrorResponse(_)
            | State::ResponseSent(_)
            | State::Abandoned => self.extensions.all_ready().then_some(Ok(())),
        }
    }

    /// Whether the runtime is parked at `/next`, and each extension waits for an event.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state == State::Ready && self.extensions.all_ready()
    }

    /// Gives the runtime an invocation: at once if it waits, else when it comes.
    pub(crate) fn offer(
        &mut self,
        invocation: Invocation,
        reply: oneshot::Sender<InvocationResult>,
        sink: Option<ResponseSink>,
    ) {
        let mut invocation = Arc::new(invocation);
        let id = invocation.request_id;
        self.extensions.invoke(&invocation);
        self.current = Some(Current {
            invocation: Arc::clone(&invocation),
            reply,
            sink,
        });
        if self.state != State::Ready {
            return;
        }
        while let Some(parked) = self.parked.pop_front() {
            match parked.send(invocation) {
                Ok(()) => return self.deliver(id),
                Err(returned) => invocation = returned,
            }
        }
    }

    /// `GET /next`.
    pub(crate) fn next(&mut self) -> Result<Next, Refusal> {
        let was_running = matches!(self.state, State::Running(_));
        self.state = self.state.after(Event::Next)?;
        self.extensions.runtime_is_ready();
        if let Some(current) = &self.current {
            let invocation = Arc::clone(&current.invocation);
            if !was_running {
                self.deliver(invocation.request_id);
            }
            return Ok(Next::Now(invocation));
        }
        let (sender, receiver) = oneshot::channel();
        self.parked.retain(|parked| !parked.is_closed());
        self.parked.push_back(sender);
        Ok(Next::Later(receiver))
    }

    fn deliver(&mut self, id: RequestId) {
        if let Ok(state) = self.state.after(Event::Delivered(id)) {
            self.state = state;
        }
    }

    /// The head of a response or an error has come.
    pub(crate) fn begin_answer(&mut self, event: Event) -> Result<(), Refusal> {
        self.state = self.state.after(event)?;
        Ok(())
    }

    /// Where the response goes that has begun, if it is to be passed on while it comes.
    pub(crate) fn take_sink(&mut self) -> Option<ResponseSink> {
        self.current.as_mut()?.sink.take()
    }

    /// The answer to `id` is complete. Refused when the caller has given up meanwhile.
    pub(crate) fn finish_answer(&mut self, id: RequestId, result: InvocationResult) -> Result<(), Refusal> {
        self.state = self.state.after(Event::AnswerRead(id))?;
        if let Some(current) = self.current.take() {
            // A caller that is gone has no use for the result.
            let _ = current.reply.send(result);
        }
        Ok(())
    }

    /// The caller no longer waits for `id`.
    pub(crate) fn abandon(&mut self, id: RequestId) {
        if self
            .current
            .as_ref()
            .is_some_and(|current| current.invocation.request_id == id)
        {
            self.current = None;
            if let Ok(state) = self.state.after(Event::Abandon(id)) {
                self.state = state;
            }
        }
    }

    /// The head of an initialisation error has come. Only one is read at a time, or they would fill the server's memory: another is
    /// refused as if the first were complete.
    pub(crate) fn begin_init_error(&mut self) -> Result<(), Refusal> {
        let reported = self.state.after(Event::InitError)?;
        if self.reporting {
            reported.after(Event::InitError)?;
        }
        self.reporting = true;
        Ok(())
    }

    /// The initialisation error that had begun is complete, or was given up: then the runtime may report another.
    pub(crate) fn finish_init_error(&mut self, failure: Option<InitFailure>) -> Result<(), Refusal> {
        self.reporting = false;
        if failure.is_some() {
            self.state = self.state.after(Event::InitError)?;
            self.init_failure = failure;
        }
        Ok(())
    }
}
