//! Netlink, the protocol in which programs tell the kernel about addresses, routes and packet filters, and in which it reports what
//! they ask for: as much of it as environments' networks need, without a program of the host's.

#[cfg(not(target_os = "linux"))]
compile_error!("netlink is Linux's");

mod message;
mod packet_filter;
mod report;
mod route;
mod socket;

pub use message::{Attributes, Message};
pub use packet_filter::{Gate, rules};
pub use report::{packets, subscription};
pub use route::{everything_local, leads_elsewhere};
pub use socket::{Subsystem, open, request};
