//! The Lambda control plane: the operations on functions, versions and layers, and on invocations; and all operations put together.
//!
//! Each operation is a file below `ops/`, named after it, found by the build script: what is there is implemented, what is not answers
//! NotImplemented. An operation reads what it needs, decides, commits one transaction, and converts what it did into the API's answer.
//! What several crates need for that is in `control-core`, among it the list of what is refused; operations on what is attached to a
//! function are in `control-attachments`, those on event source mappings in `control-mappings`.

mod batches;
mod config;
mod control;
mod convert;
mod events;
mod invocation;
mod json;
mod layer;
mod package;
mod publication;
mod role;
mod settings;
#[cfg(test)]
mod testing;
mod update;
mod url_access;
mod url_endpoint;

pub use control::Control;
pub use invocation::{Invoked, InvokedStream};
pub use lambent_control_core::{Pace, Parts, Readiness, Refusal, RuntimeSupport};
pub use lambent_invoker::{Answer as InvocationAnswer, AnswerStream, InvokeError, Streamed};
pub use url_access::UrlCaller;
pub use url_endpoint::UrlEndpoint;

use lambent_control_core::{Core, TRIES, alias, documents, function_url, naming, permission, policy, tags};

pub(crate) mod ops {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// What the build script made of the files below `ops/`.
mod glue {
    use crate::{Control, ops};
    use lambent_models::lambda::*;
    use lambent_wire::{RequestContext, ServiceError};

    include!(concat!(env!("OUT_DIR"), "/glue.rs"));
}
