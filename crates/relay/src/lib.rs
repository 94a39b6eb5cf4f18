//! The way out of environments' networks. The kernel holds up what begins a conversation and reports it at the environment's
//! [`Gate`](lambent_sandbox::Gate); here it is decided whether it may ([`Reach`]), the far end is asked, and what both have to say is
//! carried between them.
//!
//! ```text
//! reports ─ packet ─ reach ─┬─ refused: an answer that says so (packet)
//!                           ├─ connection: connect, then let it in ─ listener ─ pumped until both are done (connections)
//!                           └─ datagram: a socket for each pair of ends (datagrams); questions for names: the host's name servers (dns)
//! ```
//!
//! A function sees what it would see without a gate: `connect` waits for the far end and fails as that refuses. TCP and UDP over IPv4
//! alone; there is no IPv6 in an environment, as there is none in a function on AWS that is in no VPC.

mod connections;
mod datagrams;
mod dns;
mod packet;
mod reach;
mod relay;

pub use reach::{Network, NetworkError, Reach};
pub use relay::{AwsConnection, Relay};
