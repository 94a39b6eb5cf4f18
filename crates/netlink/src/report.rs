//! Packets that a filter reports: how to ask for them, and where they are in what the kernel says.

use crate::message::{Attributes, Message, attribute, messages};

/// The length of the `struct nfgenmsg` at the head of messages of netfilter.
const GENERAL: usize = 4;
/// A packet is reported in full. The most that the kernel takes.
const WHOLE: u32 = 0xffff;
/// The kernel's `NFULNL_COPY_PACKET`.
const COPY_PACKET: u8 = 2;

/// Asks that packets of `group` are reported on the socket that sends this: in full, one by one, and at once.
#[must_use]
pub fn subscription(group: u16) -> Vec<Message> {
    let kind = (libc::NFNL_SUBSYS_ULOG << 8) | libc::NFULNL_MSG_CONFIG;
    let fixed = [&[libc::AF_INET as u8, 0][..], &group.to_be_bytes()].concat();
    let message = |attributes| Message::new(kind as u16, libc::NLM_F_ACK, &fixed).with(attributes);
    let mode = [&WHOLE.to_be_bytes()[..], &[COPY_PACKET, 0]].concat();
    vec![
        message(Attributes::new().bytes(libc::NFULA_CFG_CMD, &[libc::NFULNL_CFG_CMD_BIND as u8])),
        message(
            Attributes::new()
                .bytes(libc::NFULA_CFG_MODE, &mode)
                .number(libc::NFULA_CFG_QTHRESH, 1),
        ),
    ]
}

/// The packets in what was read from such a socket. What makes no sense is left out.
pub fn packets(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let packet = (libc::NFNL_SUBSYS_ULOG << 8) | libc::NFULNL_MSG_PACKET;
    messages(bytes)
        .filter(move |(kind, _)| libc::c_int::from(*kind) == packet)
        .filter_map(|(_, message)| attribute(message.get(GENERAL..)?, libc::NFULA_PAYLOAD as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::HEADER;

    const PACKET: u16 = 4 << 8;
    const PAYLOAD: u16 = 9;

    fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + content.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u16, attributes: &[u8]) -> Vec<u8> {
        let mut bytes = ((HEADER + GENERAL + attributes.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10 + GENERAL]);
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn packets_are_found_among_what_else_is_said() {
        let one = message(
            PACKET,
            &[
                attribute(1, &[0; 4]),
                attribute(10, b"prefix\0"),
                attribute(PAYLOAD, b"first"),
            ]
            .concat(),
        );
        let other = message(PACKET, &attribute(PAYLOAD, b"second"));
        let end = message(3, &[0; 4]);
        let bytes = [one, end, other].concat();
        assert_eq!(packets(&bytes).collect::<Vec<_>>(), [&b"first"[..], b"second"]);
    }

    #[test]
    fn nonsense_ends_it() {
        assert_eq!(packets(&[0; 100]).count(), 0);
        let mut cut = message(PACKET, &attribute(PAYLOAD, b"packet"));
        cut.truncate(cut.len() - 4);
        assert_eq!(packets(&cut).count(), 0);
        let mut long = message(PACKET, &attribute(PAYLOAD, b"packet"));
        long[20] = 0xff;
        assert_eq!(packets(&long).count(), 0);
    }
}
