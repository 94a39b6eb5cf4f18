//! STS: who somebody is, and credentials that end.
//!
//! Temporary credentials are kept nowhere: their token says whose they are and until when, sealed with a secret of the server's, and their
//! secret key follows from the token. So they outlive a restart, and cost nothing.

mod keys;
mod refusal;
mod service;
#[cfg(test)]
mod testing;

pub use keys::{Issued, Session, SessionKeys};
pub use refusal::Refusal;
pub use service::{LongTermKeys, Parts, Sts};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Sts, ops};
    use lambent_models::sts::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
