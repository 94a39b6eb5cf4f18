//! Addresses and routes.

use crate::{
    message::{Attributes, Message, messages},
    socket::{Subsystem, answers, open, receive, send},
};
use rustix::io::Errno;
use std::net::Ipv4Addr;

/// Loopback's index in every network namespace.
const LOOPBACK: u32 = 1;
const IPV4: u8 = libc::AF_INET as u8;
/// The bits of a whole address.
const WHOLE: u8 = 32;

/// Gives loopback the address `own`, and lets it take every other there is.
#[must_use]
pub fn everything_local(own: Ipv4Addr) -> Vec<Message> {
    let own = own.octets();
    let interface = [&[IPV4, WHOLE, 0, libc::RT_SCOPE_LINK][..], &LOOPBACK.to_ne_bytes()].concat();
    let everywhere = [
        &[IPV4, 0, 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_STATIC][..],
        &[libc::RT_SCOPE_HOST, libc::RTN_LOCAL, 0, 0, 0, 0],
    ]
    .concat();
    let create = |kind, fixed: &[u8]| Message::new(kind, libc::NLM_F_CREATE | libc::NLM_F_ACK, fixed);
    vec![
        create(libc::RTM_NEWADDR, &interface).with(
            Attributes::new()
                .bytes(libc::IFA_LOCAL.into(), &own)
                .bytes(libc::IFA_ADDRESS.into(), &own),
        ),
        create(libc::RTM_NEWROUTE, &everywhere).with(
            Attributes::new()
                .bytes(libc::RTA_OIF.into(), &LOOPBACK.to_ne_bytes())
                .bytes(libc::RTA_PREFSRC.into(), &own),
        ),
    ]
}

/// Whether packets to `address` leave this network: it is not one of its own, by whatever route, nor a broadcast.
///
/// # Errors
/// The kernel's; also when there is no way to it.
pub fn leads_elsewhere(address: Ipv4Addr) -> Result<bool, Errno> {
    let socket = open(Subsystem::Route)?;
    // The rest is the kernel's to say.
    let fixed = [IPV4, WHOLE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let attributes = Attributes::new().bytes(libc::RTA_DST.into(), &address.octets());
    send(&socket, &[Message::new(libc::RTM_GETROUTE, 0, &fixed).with(attributes)])?;
    kind_of_route(&receive(&socket)?).map(|kind| kind == libc::RTN_UNICAST)
}

/// The kind in the kernel's description of a route.
fn kind_of_route(answer: &[u8]) -> Result<u8, Errno> {
    if let Some(Err(error)) = answers(answer).into_iter().next() {
        return Err(error);
    }
    let route = messages(answer).find(|(kind, _)| *kind == libc::RTM_NEWROUTE);
    route.and_then(|(_, route)| route.get(7).copied()).ok_or(Errno::BADMSG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_addresses_are_known() {
        assert_eq!(leads_elsewhere(Ipv4Addr::LOCALHOST), Ok(false));
        assert_eq!(leads_elsewhere(Ipv4Addr::new(127, 4, 5, 6)), Ok(false));
        assert_ne!(leads_elsewhere(Ipv4Addr::BROADCAST), Ok(true));
    }

    #[test]
    fn nonsense_is_an_error() {
        assert_eq!(kind_of_route(&[]), Err(Errno::BADMSG));
        assert_eq!(kind_of_route(&[0; 64]), Err(Errno::BADMSG));
    }
}
