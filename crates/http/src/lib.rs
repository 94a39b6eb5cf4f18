//! Every AWS API on one listener, and on one more inside each environment (`inside.rs`).
//!
//! ```text
//! bytes ── server (connections) ── edge ─┬─ function URL: url, by host or by /_lambent/url/<id>/…
//!                                        ├─ /metrics      what the server tells of itself
//!                                        ├─ /_lambent/…   health, code downloads, sessions of the console
//!                                        ├─ /console/…    the console's files
//!                                        └─ auth ─ service ─ protocol ─ operation ─ body ─ decode ─ validate ─ call ─ encode ── bytes
//! ```
//!
//! `Invoke` leaves this way after routing: its payload is neither decoded nor copied.

mod auth;
mod body;
mod call;
mod console;
mod edge;
mod exposition;
mod inside;
mod internal;
mod invoke;
mod server;
mod session;
mod stream;
mod url;

pub use auth::{Auth, Credential, Credentials, FunctionCaller};
pub use edge::{Edge, Health, Parts};
pub use exposition::{Exposition, Telemetry, Traffic};
pub use inside::{serve as serve_inside, serve_connection};
pub use lambent_wire::sigv4::Verifier;
pub use server::serve;
