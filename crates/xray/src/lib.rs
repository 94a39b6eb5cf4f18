//! X-Ray: what happened to a request, wherever it went.
//!
//! ```text
//! invocations ─ Recorder (spans) ──────────┐ bounded queue
//! SDKs in functions ─ Daemon (datagrams) ──┴─► Keeper: one writer, in batches ─► TraceTable
//! PutTraceSegments ───────────────────────────────────────────────────────────────►  │
//! GetTraceSummaries, BatchGetTraces, GetServiceGraph … ◄─ assembled when asked for ◄─┘
//! ```
//!
//! Traces are kept as the documents that were told, and put together when somebody asks: parts of segments that SDKs send by themselves
//! go where their parents are. Each operation is a file below `ops/`, named after it, found by the build script.

mod assemble;
mod daemon;
mod document;
mod filter;
mod graph;
mod keeper;
mod recorder;
mod refusal;
mod rule;
mod sampler;
mod segment;
mod service;
mod summary;
#[cfg(test)]
mod testing;

pub use recorder::Recorder;
pub use service::{Parts, XRayService};

pub(crate) use refusal::Refusal;

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{XRayService, ops};
    use lambent_models::xray::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
