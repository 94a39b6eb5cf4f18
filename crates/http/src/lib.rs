//! The one listener for every AWS API.
//!
//! ```text
//! bytes ── server (connections) ── edge ─┬─ /_lambent/…   health, code downloads
//!                                        └─ auth ─ service ─ operation ─ body ─ decode ─ validate ─ dispatch ─ encode ── bytes
//! ```
//!
//! `Invoke` leaves this way after routing: its payload is neither decoded nor copied.

mod auth;
mod body;
mod call;
mod edge;
mod internal;
mod invoke;
mod server;

pub use auth::{Auth, Credential, Credentials};
pub use edge::{Edge, Health, Parts};
pub use lambent_wire::sigv4::Verifier;
pub use server::serve;
