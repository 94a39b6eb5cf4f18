//! CloudWatch Logs: groups, streams and events; patterns that choose among them; subscriptions of functions.
//!
//! What clients set for a group (retention, tags, subscriptions) is in the store's documents; groups, streams and events themselves are
//! with the [`LogStore`](lambent_log_store::LogStore). Each operation is a file below `ops/`, named after it, found by the build script.

mod batch;
mod caretaker;
mod counter;
mod group;
mod live_tail;
mod metric_filter;
mod pattern;
mod refusal;
mod service;
mod subscription;
mod tags;
#[cfg(test)]
mod testing;
mod token;

pub use service::{Logs, Parts};

use refusal::Refusal;

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Logs, ops};
    use lambent_models::logs::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
