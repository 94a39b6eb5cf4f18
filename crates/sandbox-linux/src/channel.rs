//! One message per packet over a SOCK_SEQPACKET pair, file descriptors beside it. Nothing is ever half read.

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// The longest message; the kernel's default send buffer takes one of this size.
const MAX_MESSAGE: usize = 200 * 1024;
/// The most descriptors beside one message.
pub(crate) const MAX_FDS: usize = 28;

/// A message and what came with it.
pub(crate) type Received<T> = (T, Vec<OwnedFd>);

/// Two connected ends, closed on exec.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Sends `message` with `fds`. A non-blocking socket answers `WouldBlock` when it is full.
///
/// # Errors
/// The kernel's; `InvalidInput` when the message is longer than a packet may be.
pub(crate) fn send<T: Serialize>(socket: impl AsFd, message: &T, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > MAX_MESSAGE || fds.len() > MAX_FDS {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the environment's description is too long",
        ));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    let parts = [IoSlice::new(&bytes)];
    rustix::io::retry_on_intr(|| sendmsg(&socket, &parts, &mut ancillary, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Receives a message; `None` when the other side is gone.
///
/// # Errors
/// The kernel's; `WouldBlock` from a non-blocking socket; `InvalidData` for a message of another shape.
pub(crate) fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<Received<T>>> {
    let mut bytes = vec![0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let length = loop {
        match recvmsg(
            &socket,
            &mut [IoSliceMut::new(&mut bytes)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Err(Errno::INTR) => {}
            Err(Errno::CONNRESET) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(message) => break message.bytes,
        }
    };
    if length == 0 {
        return Ok(None);
    }
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    Ok(Some((serde_json::from_slice(&bytes[..length])?, fds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_whole_with_its_descriptors() {
        let (left, right) = pair().unwrap();
        let (read, write) = rustix::pipe::pipe().unwrap();
        send(&left, &"hello", &[write.as_fd()]).unwrap();
        drop((left, write));
        let (message, fds) = receive::<String>(&right).unwrap().unwrap();
        assert_eq!((message.as_str(), fds.len()), ("hello", 1));
        rustix::io::write(&fds[0], b"x").unwrap();
        assert_eq!(rustix::io::read(&read, &mut [0; 4]).unwrap(), 1);
        assert!(receive::<String>(&right).unwrap().is_none(), "the other side is gone");
    }

    #[test]
    fn a_message_longer_than_a_packet_is_refused() {
        let (left, _right) = pair().unwrap();
        let error = send(&left, &"x".repeat(MAX_MESSAGE), &[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_longest_message_fits_the_default_buffer() {
        let (left, right) = pair().unwrap();
        let longest = "x".repeat(MAX_MESSAGE - 2);
        send(&left, &longest, &[]).unwrap();
        assert_eq!(receive::<String>(&right).unwrap().unwrap().0, longest);
    }
}
