//! The way out of an environment's network: there is no interface but loopback, and every address that is not the environment's own is
//! reached over it. What begins a conversation is held up and shown to the server, which speaks with the far end and lets it in:
//!
//! ```text
//! function ── SYN ──► held, reported ──► server: may it? connects ──► injected again with a mark ──► listener of the server
//! function ── UDP ──► held, reported ──► server: may it? sends it on;  what comes back is injected
//! ```
//!
//! So `connect` succeeds when the far end has accepted, and fails as it has refused. The same for root and for ordinary users: nothing is
//! needed of the host, not an interface, not a rule, not the right to forward packets.

use crate::{
    step::{Step, StepError},
    sys,
};
use lambent_netlink::Subsystem;
use lambent_sandbox::ENVIRONMENT_ADDRESS;
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with},
};
use std::{
    net::{Ipv4Addr, TcpListener},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// Packets with this mark have been let through. Setting one needs a capability that no function has.
const LET_THROUGH: u32 = 1;
/// The group under which packets are reported.
const GROUP: u16 = 1;

/// What the server needs to stand at the gate.
pub(super) struct Gate {
    listener: TcpListener,
    reports: OwnedFd,
    injector: OwnedFd,
}

impl Gate {
    /// Builds it in this network namespace, whose loopback is up.
    pub(super) fn build() -> Result<Self, StepError> {
        let routes = lambent_netlink::open(Subsystem::Route).step("open a route socket")?;
        let local = lambent_netlink::everything_local(ENVIRONMENT_ADDRESS);
        lambent_netlink::request(routes, &local).step("lead every address to loopback")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).step("listen for connections to elsewhere")?;
        listener
            .set_nonblocking(true)
            .step("listen for connections to elsewhere")?;
        sys::set_option(listener.as_fd(), libc::SOL_IP, libc::IP_TRANSPARENT, 1)
            .step("stand in for other addresses")?;
        let port = listener
            .local_addr()
            .step("listen for connections to elsewhere")?
            .port();
        let rules = lambent_netlink::rules(lambent_netlink::Gate {
            own: ENVIRONMENT_ADDRESS,
            mark: LET_THROUGH,
            port,
            group: GROUP,
        });
        let reports = lambent_netlink::open(Subsystem::Netfilter).step("open a netfilter socket")?;
        lambent_netlink::request(&reports, &rules).step("set up the packet filter")?;
        lambent_netlink::request(&reports, &lambent_netlink::subscription(GROUP)).step("have packets reported")?;
        rustix::io::ioctl_fionbio(&reports, true).step("have packets reported")?;
        Ok(Self {
            listener,
            reports,
            injector: injector().step("open a raw socket")?,
        })
    }

    /// In the order in which [`FromInit::Running`](crate::protocol::FromInit::Running) has them.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 3] {
        [self.listener.as_fd(), self.reports.as_fd(), self.injector.as_fd()]
    }
}

/// Whether this network namespace, a fresh one, can have a gate.
pub(crate) fn try_gate() -> Result<(), StepError> {
    super::network::bring_loopback_up()?;
    Gate::build().map(|_| ())
}

/// A socket for packets with heads of the server's making.
fn injector() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::RAW, flags, Some(ipproto::RAW))?;
    sys::set_option(
        socket.as_fd(),
        libc::SOL_SOCKET,
        libc::SO_MARK,
        LET_THROUGH.cast_signed(),
    )?;
    Ok(socket)
}
