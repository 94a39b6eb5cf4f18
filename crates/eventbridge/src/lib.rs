//! EventBridge: buses, the rules on them, and where what meets a rule goes.
//!
//! ```text
//! PutEvents, destinations ── for each rule that fits, for each target: a delivery ──┐
//! schedules ── Events::run ── when a rule is due: the same ─────────────────────────┴── outbox ── courier ── function | queue | topic
//! ```
//!
//! Each operation is a file below `ops/`, named after it, found by the build script. An event is never kept but in the deliveries that it
//! becomes.

mod bus;
mod cron;
mod event;
mod input;
mod publish;
mod refusal;
mod rule;
mod schedule;
mod service;
#[cfg(test)]
mod testing;
mod ticker;

use lambent_store::typed as documents;

pub use refusal::Refusal;
pub use service::{Events, Parts};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Events, ops};
    use lambent_models::eventbridge::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
