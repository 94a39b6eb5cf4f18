//! Sockets to the kernel.

use crate::message::{Message, messages};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::{NETFILTER, SocketAddrNetlink},
        recv, sendto, socket_with,
    },
};
use std::os::fd::{AsFd, OwnedFd};

/// Enough for what the kernel answers: an error number and the request's own head, or one route.
const ANSWER: usize = 8 * 1_024;

/// Which part of the kernel listens.
#[derive(Clone, Copy, Debug)]
pub enum Subsystem {
    /// Addresses and routes.
    Route,
    /// Packet filters, and what they report.
    Netfilter,
}

impl Subsystem {
    /// Routing is number 0, which is what `None` stands for.
    const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Route => None,
            Self::Netfilter => Some(NETFILTER),
        }
    }
}

/// Opens a socket to `subsystem` of this network namespace.
///
/// # Errors
/// The kernel's.
pub fn open(subsystem: Subsystem) -> Result<OwnedFd, Errno> {
    socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        subsystem.protocol(),
    )
}

/// Sends `messages` in one piece and waits until the kernel has done what each that asks for it (`NLM_F_ACK`) says.
///
/// # Errors
/// The kernel's first refusal.
pub fn request(socket: impl AsFd, messages: &[Message]) -> Result<(), Errno> {
    send(&socket, messages)?;
    let mut awaited = messages.iter().filter(|message| message.wants_answer()).count();
    while awaited > 0 {
        for answer in answers(&receive(&socket)?) {
            answer?;
            awaited = awaited.saturating_sub(1);
        }
    }
    Ok(())
}

pub(crate) fn send(socket: impl AsFd, messages: &[Message]) -> Result<(), Errno> {
    let mut bytes = Vec::new();
    for (message, sequence) in messages.iter().zip(0..) {
        message.write(&mut bytes, sequence);
    }
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(socket, &bytes, SendFlags::empty(), &kernel).map(|_| ())
}

pub(crate) fn receive(socket: impl AsFd) -> Result<Vec<u8>, Errno> {
    let mut answer = vec![0; ANSWER];
    let (length, _) = rustix::io::retry_on_intr(|| recv(&socket, &mut answer, RecvFlags::empty()))?;
    answer.truncate(length);
    Ok(answer)
}

/// What the kernel says of requests: done, or an error.
pub(crate) fn answers(bytes: &[u8]) -> Vec<Result<(), Errno>> {
    messages(bytes)
        .filter(|(kind, _)| i32::from(*kind) == libc::NLMSG_ERROR)
        .filter_map(|(_, content)| Some(i32::from_ne_bytes(content.get(..4)?.try_into().ok()?)))
        .map(|number| match number {
            0 => Ok(()),
            error => Err(Errno::from_raw_os_error(error.wrapping_neg())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let answer = |number: i32| {
            let message = Message::new(libc::NLMSG_ERROR as u16, 0, &number.to_ne_bytes());
            let mut bytes = Vec::new();
            message.write(&mut bytes, 0);
            bytes
        };
        let both = [answer(0), answer(-libc::EPERM)].concat();
        assert_eq!(answers(&both), [Ok(()), Err(Errno::PERM)]);
        assert_eq!(answers(&both[..20]), [Ok(())]);
        assert_eq!(answers(&[0; 64]), []);
    }
}
