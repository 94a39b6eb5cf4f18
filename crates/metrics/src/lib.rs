//! CloudWatch's metrics, by the minute.
//!
//! ```text
//! invocations ─ FunctionMeter (rows) ─┐ once a write, or when somebody asks
//! log events in the embedded format ───┤
//! PutMetricData ──────────────────────┴─► Keeper: minutes in memory ─ every ten seconds ─► MetricTable
//!                                                   └────────── GetMetricData, GetMetricStatistics ◄──┘
//! ```
//!
//! Each operation is a file below `ops/`, named after it, found by the build script.

mod embedded;
mod expression;
mod keeper;
mod meter;
mod periods;
mod refusal;
mod select;
mod service;
mod statistic;
mod summary;

pub use meter::FunctionMeter;
pub use service::{Metrics, Parts, Said};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Metrics, ops};
    use lambent_models::cloudwatch::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
