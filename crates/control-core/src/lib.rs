//! What the operations of the Lambda control plane share: the parts they work with, how they name things, what they keep, and what they
//! refuse.
//!
//! Operations are in the crates above: `control` for functions and what they are made of, `control-attachments` for what is attached to
//! a function, `control-mappings` for event source mappings. What only one of them needs is there; what several need is here. The AWS
//! error of each [`Refusal`] is chosen in one list, in `refusal.rs`.

pub mod alias;
pub mod code_signing;
pub mod concurrency;
pub mod documents;
pub mod event_invoke;
pub mod function_url;
pub mod links;
pub mod naming;
pub mod permission;
pub mod policy;
pub mod provisioned;
mod refusal;
mod settle;
mod shared;
mod sharing;
pub mod source;
pub mod tags;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use refusal::Refusal;
pub use shared::{Core, Pace, Parts, Readiness, RuntimeSupport, Shared};

/// Tries against others who change the same thing at the same time.
pub const TRIES: usize = 20;
