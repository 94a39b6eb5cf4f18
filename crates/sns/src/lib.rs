//! SNS: topics, and what is published to them on its way to their subscribers.
//!
//! ```text
//! client ── http ── ops/x ──┐
//!                           ├── Sns::publish ── for each subscription whose filter fits: a delivery ── outbox, committed before it is answered
//! dead letters, records ────┘                                                                   └── courier ── function | queue | web server
//! ```
//!
//! Each operation is a file below `ops/`, named after it, found by the build script. What is published is never kept but in the
//! deliveries that it becomes.

mod attributes;
mod deduplication;
mod delivery_policy;
mod envelope;
mod message;
mod publish;
mod refusal;
mod service;
mod subscription;
#[cfg(test)]
mod testing;
mod topic;
mod web;

use lambent_store::typed as documents;

pub use message::Message;
pub use refusal::Refusal;
pub use service::{Parts, Sns};
pub use topic::TopicKey;
pub use web::Web;

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Sns, ops};
    use lambent_models::sns::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
