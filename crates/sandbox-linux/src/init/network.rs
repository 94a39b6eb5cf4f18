//! A network of the environment's own, in which there is nothing but the Runtime API.

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
    os::fd::OwnedFd,
};

/// The port of the Runtime API, as AWS has it.
const RUNTIME_API_PORT: u16 = 9001;

/// Brings loopback up and opens the Runtime API's listener, to be served from outside.
pub(super) fn listen() -> Result<TcpListener, StepError> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).step("open a socket")?;
    sys::loopback_up(socket).step("bring loopback up")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, RUNTIME_API_PORT)).step("listen for the Runtime API")?;
    listener.set_nonblocking(true).step("listen for the Runtime API")?;
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
