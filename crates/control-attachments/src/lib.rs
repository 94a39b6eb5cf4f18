//! What is attached to a function: aliases, permissions and policies, URLs, event invoke configurations, concurrency, code signing,
//! tags.
//!
//! Each operation is a file below `ops/`, named after it, found by the build script, and offered as a function of that name.

mod function_url;
#[cfg(test)]
mod testing;

pub(crate) use lambent_control_core::{
    Core, Refusal, TRIES, alias, code_signing, documents, event_invoke, naming, permission, policy, provisioned, tags,
};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod operations {
    use crate::{Core, Refusal, ops};
    use lambent_models::lambda::*;
    use lambent_wire::RequestContext;

    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}

pub use operations::*;
