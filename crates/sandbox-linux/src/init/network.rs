//! A network of the environment's own, in which there is nothing but the server's listeners, and the gate where there is one.

use super::gate::Gate;
use crate::{
    step::{Step, StepError},
    sys,
};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, connect as connect_socket, socket_with},
};
use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// The port of the Runtime API, as AWS has it.
const RUNTIME_API_PORT: u16 = 9001;
/// The port of AWS's APIs: the server's own usual one.
const AWS_ENDPOINT_PORT: u16 = 4566;
/// The port of the X-Ray daemon, as AWS has it.
const TRACE_DAEMON_PORT: u16 = 2000;

/// Opened inside, to be served from outside.
pub(super) struct Listeners {
    runtime_api: TcpListener,
    aws_endpoint: TcpListener,
    trace_daemon: UdpSocket,
    gate: Option<Gate>,
}

impl Listeners {
    /// Brings loopback up and opens all of them.
    pub(super) fn open(with_gate: bool) -> Result<Self, StepError> {
        bring_loopback_up()?;
        Ok(Self {
            runtime_api: listen(RUNTIME_API_PORT).step("listen for the Runtime API")?,
            aws_endpoint: listen(AWS_ENDPOINT_PORT).step("listen for AWS's APIs")?,
            trace_daemon: receive(TRACE_DAEMON_PORT).step("listen for traces")?,
            gate: with_gate.then(Gate::build).transpose()?,
        })
    }

    /// In the order in which [`FromInit::Running`](crate::protocol::FromInit::Running) has them.
    pub(super) fn fds(&self) -> Vec<BorrowedFd<'_>> {
        let gate = self.gate.iter().flat_map(Gate::fds);
        let own = [
            self.runtime_api.as_fd(),
            self.aws_endpoint.as_fd(),
            self.trace_daemon.as_fd(),
        ];
        own.into_iter().chain(gate).collect()
    }

    /// Whether there is a way out.
    pub(super) fn has_gate(&self) -> bool {
        self.gate.is_some()
    }
}

/// A new network namespace has its loopback down.
pub(super) fn bring_loopback_up() -> Result<(), StepError> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).step("open a socket")?;
    sys::loopback_up(socket).step("bring loopback up")
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn receive(port: u16) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Begins to connect to a port of this network's loopback, without waiting for whether that works.
pub(super) fn connect(port: u16) -> Result<OwnedFd, StepError> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).step("open a socket")?;
    match connect_socket(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(StepError::new("connect", error)),
    }
}
