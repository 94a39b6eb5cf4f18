//! A network of the environment's own, in which there is nothing but the Runtime API.

use crate::{
    step::{Step, StepError},
    sys,
};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

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
