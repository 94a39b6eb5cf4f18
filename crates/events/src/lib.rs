//! Asynchronous events, and what is told of their end.
//!
//! [`EventQueue::accept`] answers once the event is committed: what it accepted survives the process. [`Dispatcher::run`] leases due
//! events and tries each; what becomes of an event after a try is the engine's decision, committed before the lease can end. An event
//! whose server died in the middle of a try is tried again: at least once, never lost.
//!
//! What is to be told to others (destinations, dead-letter queues, a topic's subscribers) is committed together with what led to it, and
//! lies in the [`Outbox`] until a [`Courier`] has brought it there.

mod dispatcher;
mod outbox;
mod queue;
mod record;
mod work;

pub use dispatcher::{Dispatcher, EventRunner, Options, Parts, Tried};
pub use lambent_engine::delivery::Undelivered;
pub use outbox::{Carrier, Courier, Outbox};
pub use queue::EventQueue;
pub use record::{Destinations, End, Response};
