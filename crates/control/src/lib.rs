//! The Lambda control plane.
//!
//! Each operation is a file below `ops/`, named after it, found by the build script: what is there is implemented, what is not answers
//! NotImplemented. An operation reads what it needs, decides, commits one transaction, and converts what it did into the API's answer.
//! It answers what it refuses with a [`Refusal`]; the AWS code of each is chosen in one list, in `refusal.rs`.

mod alias;
mod code_signing;
mod concurrency;
mod config;
mod control;
mod convert;
mod documents;
mod event_invoke;
mod events;
mod filter_pattern;
mod function_url;
mod json;
mod layer;
mod links;
mod mapping;
mod mapping_settings;
mod naming;
mod package;
mod permission;
mod policy;
mod provisioned;
mod publication;
mod refusal;
mod settings;
mod settle;
mod sharing;
mod tags;
#[cfg(test)]
mod testing;
mod update;

pub use control::{Control, Pace, Parts, Readiness, RuntimeSupport};
pub use invocation::Invoked;
pub use refusal::Refusal;

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

mod invocation;

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Control, ops};
    use lambent_models::lambda::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
