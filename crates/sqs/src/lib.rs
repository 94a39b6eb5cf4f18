//! SQS: queues that are kept in the store, for clients and for the server's own parts.
//!
//! ```text
//! client ── http ── ops/x ──┐
//!                           ├── Sqs: send, receive, delete, change visibility ── store transaction, committed before it is answered
//! poller, dead letters, SNS ┘              │
//!                                          └── what is received is judged by the engine's rules; who waits is woken by what is sent
//! ```
//!
//! Each operation is a file below `ops/`, named after it, found by the build script. Nothing about messages is kept in memory but who
//! waits for them, so a queue may be as long as the disk allows.

mod address;
mod attributes;
mod batch;
mod delete;
mod depth;
mod digest;
mod documents;
mod handle;
mod message;
mod move_task;
mod policy;
mod queue;
mod receive;
mod redrive;
mod refusal;
mod send;
mod service;
mod sweep;
#[cfg(test)]
mod testing;
mod visibility;
mod wait;

pub use depth::Depth;
pub use message::{Attribute, AttributeValue, Outgoing, Received, Sent};
pub use queue::Queue;
pub use receive::Receive;
pub use refusal::Refusal;
pub use send::Prepared;
pub use service::{Parts, Sqs};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Sqs, ops};
    use lambent_models::sqs::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
