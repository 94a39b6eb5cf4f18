//! Event source mappings: checked, kept and shown as AWS does. Queues are read by the crate `sources`; the other sources are not yet.
//!
//! Each operation is a file below `ops/`, named after it, found by the build script, and offered as a function of that name.

mod mapping;
mod mapping_settings;
#[cfg(test)]
mod testing;

pub(crate) use lambent_control_core::{Core, Refusal, documents, naming, tags};

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

pub use mapping::{mappings_to_read, remove_mapping};
pub use operations::*;
