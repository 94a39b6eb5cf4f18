//! Asynchronous events.
//!
//! [`EventQueue::accept`] answers once the event is committed: what it accepted survives the process. [`Dispatcher::run`] leases due
//! events and tries each; what becomes of an event after a try is the engine's decision, committed before the lease can end. An event
//! whose server died in the middle of a try is tried again: at least once, never lost.

mod dispatcher;
mod queue;

pub use dispatcher::{Dispatcher, EventRunner, Options};
pub use queue::EventQueue;
