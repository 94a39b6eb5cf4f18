//! The way out of an environment's network.

use std::{
    net::{Ipv4Addr, TcpListener},
    os::fd::OwnedFd,
};

/// The address of every environment in its own network, of the kind that AWS's have. No other network knows it.
pub const ENVIRONMENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 76, 1);
/// Where an environment's look-ups go, to be answered at its [`Gate`].
pub const RESOLVER_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 78, 1);
/// Stands for the host inside environments: for those of its ports that the operator opens.
pub const HOST_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 78, 2);
/// The name of [`HOST_ADDRESS`].
pub const HOST_NAME: &str = "host.lambent.internal";
/// Stands for AWS inside environments, where its names are answered with it.
pub const AWS_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 78, 3);

/// Inside environments: the certificate of the authority that they are to believe beside the usual ones, where there is one.
pub const AUTHORITY_FILE: &str = "/etc/lambent/authority.pem";
/// The same, and all that the host believes.
pub const AUTHORITIES_FILE: &str = "/etc/lambent/authorities.pem";

/// Stands between an environment's network and all others. The environment reaches nothing by itself: what begins a conversation, and all
/// datagrams, are held up and reported here, and go nowhere unless the server sees to it.
///
/// All three are non-blocking and belong to the environment's network.
#[derive(Debug)]
pub struct Gate {
    /// Takes the connections that were let through, to whatever address they are: it is their local one.
    pub listener: TcpListener,
    /// A netlink socket, on which the kernel reports what it has held up: `NFULNL_MSG_PACKET` messages with whole IPv4 packets.
    pub reports: OwnedFd,
    /// A raw socket. Packets that are sent with it, their heads included, enter the environment's network and are let through.
    pub injector: OwnedFd,
}
