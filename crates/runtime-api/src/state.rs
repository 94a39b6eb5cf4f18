//! What a runtime may ask for in which state: pure, without payloads, connections or time.
//!
//! The states and their refusals follow AWS's own emulator of the Runtime API. One state is Lambent's: [`State::Abandoned`], in which
//! the caller has given up on the invocation but the process lives on.

use lambent_types::RequestId;
use std::fmt;

/// Where the runtime process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The process has been started and has not spoken yet.
    Started,
    /// It reported that it cannot be initialised.
    InitError,
    /// It waits at `/next`.
    Ready,
    /// It has been given this invocation.
    Running(RequestId),
    /// It is sending this invocation's response.
    InvocationResponse(RequestId),
    /// It is sending this invocation's error.
    InvocationErrorResponse(RequestId),
    /// Its answer has been taken; it has not come back to `/next`.
    ResponseSent(RequestId),
    /// Nobody waits any more for the invocation that it is working on.
    Abandoned,
}

/// What happens to the machine: requests of the runtime, and what the server did about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// `GET /runtime/invocation/next`.
    Next,
    /// The head of `POST /runtime/invocation/{id}/response`; `None` when the id is not one.
    Response(Option<RequestId>),
    /// The head of `POST /runtime/invocation/{id}/error`.
    Error(Option<RequestId>),
    /// `POST /runtime/init/error`.
    InitError,
    /// This invocation was handed to the waiting runtime.
    Delivered(RequestId),
    /// The body of this invocation's answer has been read, or has been given up.
    AnswerRead(RequestId),
    /// The caller gave up on this invocation.
    Abandon(RequestId),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The id is not that of the current invocation: 400.
    #[error("Invalid request ID")]
    InvalidRequestId,
    /// The request does not fit the state: 403.
    #[error("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed")]
    Transition {
        /// The state's name.
        from: Name,
        /// The name of the state that was asked for.
        to: Name,
    },
}

/// A state's name as error messages print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Started,
    InitError,
    Ready,
    Running,
    InvocationResponse,
    InvocationErrorResponse,
    ResponseSent,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "Started",
            Self::InitError => "InitError",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InvocationResponse => "InvocationResponse",
            Self::InvocationErrorResponse => "InvocationErrorResponse",
            Self::ResponseSent => "RuntimeResponseSentState",
        })
    }
}

impl State {
    const fn name(self) -> Name {
        match self {
            Self::Started => Name::Started,
            Self::InitError => Name::InitError,
            Self::Ready => Name::Ready,
            Self::Running(_) | Self::Abandoned => Name::Running,
            Self::InvocationResponse(_) => Name::InvocationResponse,
            Self::InvocationErrorResponse(_) => Name::InvocationErrorResponse,
            Self::ResponseSent(_) => Name::ResponseSent,
        }
    }

    /// The invocation whose id the runtime may name.
    const fn current(self) -> Option<RequestId> {
        match self {
            Self::Running(id)
            | Self::InvocationResponse(id)
            | Self::InvocationErrorResponse(id)
            | Self::ResponseSent(id) => Some(id),
            Self::Started | Self::InitError | Self::Ready | Self::Abandoned => None,
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// A [`Refusal`] leaves the state as it is.
    pub(crate) fn after(self, event: Event) -> Result<Self, Refusal> {
        match event {
            Event::Next => self.after_next(),
            Event::Response(id) => self.after_answer(id, Name::InvocationResponse, Self::InvocationResponse),
            Event::Error(id) => self.after_answer(id, Name::InvocationErrorResponse, Self::InvocationErrorResponse),
            Event::InitError => match self {
                Self::Started => Ok(Self::InitError),
                Self::InitError
                | Self::Ready
                | Self::Running(_)
                | Self::InvocationResponse(_)
                | Self::InvocationErrorResponse(_)
                | Self::ResponseSent(_)
                | Self::Abandoned => Err(self.refuse(Name::InitError)),
            },
            Event::Delivered(id) => match self {
                Self::Ready => Ok(Self::Running(id)),
                Self::Started
                | Self::InitError
                | Self::Running(_)
                | Self::InvocationResponse(_)
                | Self::InvocationErrorResponse(_)
                | Self::ResponseSent(_)
                | Self::Abandoned => Err(self.refuse(Name::Running)),
            },
            Event::AnswerRead(id) => self.after_answer_read(id),
            Event::Abandon(id) => Ok(if self.current() == Some(id) {
                self.abandoned()
            } else {
                self
            }),
        }
    }

    /// A runtime that lost the connection on which it was given its invocation asks again and is given the same one.
    const fn after_next(self) -> Result<Self, Refusal> {
        match self {
            Self::Started | Self::Ready | Self::ResponseSent(_) | Self::Abandoned => Ok(Self::Ready),
            Self::Running(id) => Ok(Self::Running(id)),
            Self::InitError | Self::InvocationResponse(_) | Self::InvocationErrorResponse(_) => {
                Err(self.refuse(Name::Ready))
            }
        }
    }

    /// The id is looked at before the state: a late answer is told that its invocation is over.
    fn after_answer(self, id: Option<RequestId>, to: Name, state: fn(RequestId) -> Self) -> Result<Self, Refusal> {
        let Some(id) = id.filter(|id| self.current() == Some(*id)) else {
            return Err(Refusal::InvalidRequestId);
        };
        match self {
            Self::Running(_) => Ok(state(id)),
            Self::Started
            | Self::InitError
            | Self::Ready
            | Self::InvocationResponse(_)
            | Self::InvocationErrorResponse(_)
            | Self::ResponseSent(_)
            | Self::Abandoned => Err(self.refuse(to)),
        }
    }

    fn after_answer_read(self, id: RequestId) -> Result<Self, Refusal> {
        match self {
            Self::InvocationResponse(current) | Self::InvocationErrorResponse(current) if current == id => {
                Ok(Self::ResponseSent(id))
            }
            Self::InvocationResponse(_)
            | Self::InvocationErrorResponse(_)
            | Self::Started
            | Self::InitError
            | Self::Ready
            | Self::Running(_)
            | Self::ResponseSent(_)
            | Self::Abandoned => Err(Refusal::InvalidRequestId),
        }
    }

    /// An answered invocation stays answered: giving up on it then changes nothing.
    const fn abandoned(self) -> Self {
        match self {
            Self::Running(_) | Self::InvocationResponse(_) | Self::InvocationErrorResponse(_) => Self::Abandoned,
            Self::Started | Self::InitError | Self::Ready | Self::ResponseSent(_) | Self::Abandoned => self,
        }
    }

    const fn refuse(self, to: Name) -> Refusal {
        Refusal::Transition { from: self.name(), to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SeededIds;
    use proptest::prelude::*;

    fn ids() -> [RequestId; 2] {
        let source = SeededIds::default();
        [RequestId::new(&source), RequestId::new(&source)]
    }

    fn run(events: &[Event]) -> Result<State, Refusal> {
        events
            .iter()
            .try_fold(State::Started, |state, event| state.after(*event))
    }

    #[test]
    fn an_invocation_goes_round() {
        let [id, other] = ids();
        let round = [
            Event::Next,
            Event::Delivered(id),
            Event::Response(Some(id)),
            Event::AnswerRead(id),
            Event::Next,
            Event::Delivered(other),
            Event::Error(Some(other)),
            Event::AnswerRead(other),
            Event::Next,
        ];
        assert_eq!(run(&round), Ok(State::Ready));
    }

    #[test]
    fn a_second_response_is_an_invalid_transition() {
        let [id, _] = ids();
        let state = State::ResponseSent(id);
        assert_eq!(
            state.after(Event::Response(Some(id))).unwrap_err().to_string(),
            "State transition from RuntimeResponseSentState to InvocationResponse failed for runtime. Error: State \
             transition is not allowed"
        );
    }

    #[test]
    fn a_foreign_or_late_id_is_invalid_in_every_state() {
        let [id, other] = ids();
        for state in [
            State::Started,
            State::InitError,
            State::Ready,
            State::Running(id),
            State::InvocationResponse(id),
            State::InvocationErrorResponse(id),
            State::ResponseSent(id),
            State::Abandoned,
        ] {
            for event in [
                Event::Response(Some(other)),
                Event::Error(Some(other)),
                Event::Response(None),
            ] {
                assert_eq!(
                    state.after(event),
                    Err(Refusal::InvalidRequestId),
                    "{state:?} {event:?}"
                );
            }
        }
    }

    #[test]
    fn an_abandoned_runtime_can_come_back() {
        let [id, _] = ids();
        let state = run(&[
            Event::Next,
            Event::Delivered(id),
            Event::Response(Some(id)),
            Event::Abandon(id),
        ])
        .unwrap();
        assert_eq!(state, State::Abandoned);
        assert_eq!(state.after(Event::AnswerRead(id)), Err(Refusal::InvalidRequestId));
        assert_eq!(state.after(Event::Response(Some(id))), Err(Refusal::InvalidRequestId));
        assert_eq!(state.after(Event::Next), Ok(State::Ready));
    }

    #[test]
    fn init_error_is_final() {
        let state = run(&[Event::InitError]).unwrap();
        assert_eq!(
            state.after(Event::Next).unwrap_err().to_string(),
            "State transition from InitError to Ready failed for runtime. Error: State transition is not allowed"
        );
        assert!(State::Ready.after(Event::InitError).is_err());
    }

    /// Every request of a runtime in every state, as AWS's emulator goes through them: each names the invocation that is current.
    #[test]
    fn each_request_is_allowed_in_the_states_of_the_emulator() {
        let [id, _] = ids();
        let requests = [
            ("next", Event::Next),
            ("init/error", Event::InitError),
            ("response", Event::Response(Some(id))),
            ("error", Event::Error(Some(id))),
        ];
        let allowed = |state: State| -> Vec<&str> {
            let may = requests.iter().filter(|(_, request)| state.after(*request).is_ok());
            may.map(|(name, _)| *name).collect()
        };
        assert_eq!(allowed(State::Started), ["next", "init/error"]);
        assert!(allowed(State::InitError).is_empty());
        assert_eq!(allowed(State::Ready), ["next"]);
        // `next` has the same invocation again: the runtime lost the connection on which it was given it.
        assert_eq!(allowed(State::Running(id)), ["next", "response", "error"]);
        assert!(allowed(State::InvocationResponse(id)).is_empty());
        assert!(allowed(State::InvocationErrorResponse(id)).is_empty());
        assert_eq!(allowed(State::ResponseSent(id)), ["next"]);
        assert_eq!(allowed(State::Abandoned), ["next"]);
    }

    /// What is not allowed is refused by the names of both states, also after an error and for a second one.
    #[test]
    fn refusals_name_both_states() {
        let [id, _] = ids();
        let refused = |state: State, request| state.after(request).map_err(|refusal| refusal.to_string());
        let words = |from, to| {
            Err(format!(
                "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
            ))
        };
        assert_eq!(
            refused(State::InvocationErrorResponse(id), Event::Response(Some(id))),
            words("InvocationErrorResponse", "InvocationResponse")
        );
        assert_eq!(
            refused(State::InvocationResponse(id), Event::Error(Some(id))),
            words("InvocationResponse", "InvocationErrorResponse")
        );
        assert_eq!(
            refused(State::ResponseSent(id), Event::Error(Some(id))),
            words("RuntimeResponseSentState", "InvocationErrorResponse")
        );
        assert_eq!(
            refused(State::InvocationResponse(id), Event::Next),
            words("InvocationResponse", "Ready")
        );
        assert_eq!(
            refused(State::Running(id), Event::InitError),
            words("Running", "InitError")
        );
        assert_eq!(
            refused(State::InitError, Event::InitError),
            words("InitError", "InitError")
        );
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let id = prop::sample::select(ids().to_vec());
        prop_oneof![
            Just(Event::Next),
            Just(Event::InitError),
            id.clone().prop_map(|id| Event::Response(Some(id))),
            id.clone().prop_map(|id| Event::Error(Some(id))),
            id.clone().prop_map(Event::Delivered),
            id.clone().prop_map(Event::AnswerRead),
            id.prop_map(Event::Abandon),
        ]
    }

    proptest! {
        /// Whatever a runtime sends: every delivered invocation is answered at most once, and never under another's id.
        #[test]
        fn answers_belong_to_the_delivered_invocation(events in prop::collection::vec(any_event(), 0..64)) {
            let mut state = State::Started;
            let mut open = None;
            for event in events {
                let Ok(next) = state.after(event) else { continue };
                match event {
                    Event::Delivered(id) => open = Some(id),
                    Event::AnswerRead(id) => prop_assert_eq!(open.take(), Some(id)),
                    Event::Response(id) | Event::Error(id) => prop_assert_eq!(open, id),
                    Event::Abandon(id) => if next == State::Abandoned && open == Some(id) { open = None },
                    Event::Next | Event::InitError => {}
                }
                if next == State::Ready { open = None; }
                state = next;
            }
        }
    }
}
