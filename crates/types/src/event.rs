//! Asynchronous events: invocations that were accepted and are not yet finished.

use crate::{RequestId, Timestamp, function::FunctionKey};
use serde::{Deserialize, Serialize};

/// Names a stored event; in order of acceptance on one node.
pub type EventId = RequestId;

/// An accepted asynchronous invocation. Once stored it is tried until it succeeds, its retries are spent, or it is too old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsyncEvent {
    /// The request id the client was given; the same on every try.
    pub id: EventId,
    /// The function.
    pub function: FunctionKey,
    /// The qualifier as the client gave it: an alias is resolved at each try, so that a moved alias is followed.
    pub qualifier: Option<String>,
    /// The event as the client sent it.
    #[serde(skip)]
    pub payload: Vec<u8>,
    /// `X-Amz-Client-Context`, as sent.
    pub client_context: Option<String>,
    /// The X-Ray header it came with; each try is one link further in the chain that this tells of.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// When it was accepted; its age counts from here.
    pub accepted_at: Timestamp,
    /// Tries that reached an environment and failed.
    pub failures: u32,
    /// Tries that did not reach one: throttles and errors of the server.
    pub deferrals: u32,
    /// Not to be tried before this moment. While a try is under way it is the end of that try's lease.
    pub due_at: Timestamp,
}
