//! A network of the environment's own, in which there is nothing but the server's two listeners.

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

/// Opened inside, to be served from outside.
pub(super) struct Listeners {
    runtime_api: TcpListener,
    aws_endpoint: TcpListener,
}

impl Listeners {
    /// Brings loopback up and opens both.
    pub(super) fn open() -> Result<Self, StepError> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).step("open a socket")?;
        sys::loopback_up(socket).step("bring loopback up")?;
        Ok(Self {
            runtime_api: listen(RUNTIME_API_PORT).step("listen for the Runtime API")?,
            aws_endpoint: listen(AWS_ENDPOINT_PORT).step("listen for AWS's APIs")?,
        })
    }

    /// In the order in which [`FromInit::Running`](crate::protocol::FromInit::Running) has them.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.runtime_api.as_fd(), self.aws_endpoint.as_fd()]
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
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
