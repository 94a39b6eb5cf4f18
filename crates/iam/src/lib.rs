//! IAM: roles, policies that are attached to them, and what both let others do.
//!
//! ```text
//! client ── http ── ops/x ── a role or a policy, kept as one document
//! CreateFunction, AssumeRole, functions' logs ── Iam::role ── what is kept is asked, by the one evaluator of `lambent_engine::policy`
//! ```
//!
//! IAM is the same in all regions of a partition. Roles that were never made here are none of its business: whoever asks decides what they
//! may do. Of AWS's own policies those are known that are in `aws-managed.json`.

mod attached;
mod aws;
mod document;
mod managed;
mod name;
mod page;
mod refusal;
mod role;
mod service;
mod tags;
#[cfg(test)]
mod testing;

use lambent_store::typed as documents;

pub use name::made_up_role_id;
pub use refusal::Refusal;
pub use role::{KnownRole, RoleArn};
pub use service::{Iam, Parts};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Iam, ops};
    use lambent_models::iam::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
