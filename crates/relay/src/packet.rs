//! IPv4 packets: those that were held up are read, and those that answer them are written. Bytes only.

use lambent_sandbox::ENVIRONMENT_ADDRESS;
use std::net::{Ipv4Addr, SocketAddrV4};

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
/// The shortest heads.
const IP_HEAD: usize = 20;
const TCP_HEAD: usize = 20;
const UDP_HEAD: usize = 8;
const ICMP_HEAD: usize = 8;
/// How often a packet may be handed on: it goes no further than loopback.
const TIME_TO_LIVE: u8 = 64;
const RESET: u8 = 0x04;
const ACKNOWLEDGE: u8 = 0x10;

/// Who speaks with whom, as the environment sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flow {
    /// The environment's side.
    pub(crate) from: SocketAddrV4,
    /// The far side.
    pub(crate) to: SocketAddrV4,
}

impl Flow {
    /// Whether it is the environment who speaks, by an address of its own.
    pub(crate) fn is_the_environments(self) -> bool {
        *self.from.ip() == ENVIRONMENT_ADDRESS || self.from.ip().is_loopback()
    }
}

/// What was held up at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held<'a> {
    /// The beginning of a connection.
    Connection(Flow),
    /// A datagram with this content.
    Datagram(Flow, &'a [u8]),
}

/// Why a packet cannot be delivered, as ICMP has it: the code of a "destination unreachable".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// There is no way to the host.
    Host,
    /// Nobody listens there.
    Port,
    /// It is not allowed.
    Prohibited,
}

/// Reads a packet; `None` if it is neither kind, or not whole.
pub(crate) fn read(packet: &[u8]) -> Option<Held<'_>> {
    let (head, content) = split(packet)?;
    let port = |at: usize| Some(u16::from_be_bytes(content.get(at..at + 2)?.try_into().ok()?));
    let flow = Flow {
        from: SocketAddrV4::new(address(head, 12)?, port(0)?),
        to: SocketAddrV4::new(address(head, 16)?, port(2)?),
    };
    match head[9] {
        TCP if content.len() >= TCP_HEAD => Some(Held::Connection(flow)),
        UDP => {
            let length = usize::from(port(4)?);
            Some(Held::Datagram(flow, content.get(UDP_HEAD..length)?))
        }
        _ => None,
    }
}

/// Whom a packet is for.
pub(crate) fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    address(packet, 16)
}

fn address(head: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = head.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
}

/// The head and the content of a packet that is whole and no fragment.
fn split(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *packet.first()?;
    let head = usize::from(first & 0xf) * 4;
    let length = usize::from(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?));
    let fragment = u16::from_be_bytes(packet.get(6..8)?.try_into().ok()?) & 0x3fff;
    let is_whole = first >> 4 == 4 && head >= IP_HEAD && length >= head && fragment == 0;
    let packet = packet.get(..length).filter(|_| is_whole)?;
    Some(packet.split_at(head))
}

/// The packet that begins a connection, once more. Its checksum is worked out anew: the kernel leaves that to a network card which there
/// is none of.
pub(crate) fn again(packet: &[u8]) -> Option<Vec<u8>> {
    let (head, segment) = split(packet)?;
    let (mut head, mut segment) = (head.to_vec(), segment.to_vec());
    // Too short for TCP.
    segment.get(TCP_HEAD - 1)?;
    seal_segment(&head, &mut segment);
    head.append(&mut segment);
    Some(head)
}

/// The answer to the beginning of a connection that nobody takes.
pub(crate) fn reset(packet: &[u8]) -> Option<Vec<u8>> {
    let (head, segment) = split(packet)?;
    let sequence = u32::from_be_bytes(segment.get(4..8)?.try_into().ok()?);
    let mut answer = Vec::with_capacity(TCP_HEAD);
    answer.extend(segment.get(2..4)?);
    answer.extend(segment.get(..2)?);
    answer.extend(0_u32.to_be_bytes());
    answer.extend(sequence.wrapping_add(1).to_be_bytes());
    // Five words of head; no window, checksum or urgent data.
    answer.extend([5 << 4, RESET | ACKNOWLEDGE, 0, 0, 0, 0, 0, 0]);
    let head = ip_head(TCP, address(head, 16)?, address(head, 12)?, answer.len())?;
    seal_segment(&head, &mut answer);
    Some([&head[..], &answer].concat())
}

/// Tells the sender of a packet that it cannot be delivered. The head of the packet and eight bytes are enough of it.
pub(crate) fn unreachable(packet: &[u8], why: Unreachable) -> Option<Vec<u8>> {
    const DESTINATION_UNREACHABLE: u8 = 3;
    let code = match why {
        Unreachable::Host => 1,
        Unreachable::Port => 3,
        Unreachable::Prohibited => 13,
    };
    let head = usize::from(packet.first()? & 0xf) * 4;
    let quoted = packet.get(..head + 8)?;
    let mut answer = Vec::with_capacity(ICMP_HEAD + quoted.len());
    answer.extend([DESTINATION_UNREACHABLE, code, 0, 0, 0, 0, 0, 0]);
    answer.extend(quoted);
    let sum = checksum(&[&answer]);
    answer[2..4].copy_from_slice(&sum.to_be_bytes());
    let head = ip_head(ICMP, address(packet, 16)?, address(packet, 12)?, answer.len())?;
    Some([&head[..], &answer].concat())
}

/// What came back for a datagram of this flow. `None` if it is too long for a packet.
pub(crate) fn datagram(flow: Flow, content: &[u8]) -> Option<Vec<u8>> {
    let length = UDP_HEAD + content.len();
    let mut packet = ip_head(UDP, *flow.to.ip(), *flow.from.ip(), length)?.to_vec();
    packet.extend(flow.to.port().to_be_bytes());
    packet.extend(flow.from.port().to_be_bytes());
    packet.extend(u16::try_from(length).ok()?.to_be_bytes());
    // No checksum: it goes from memory to memory.
    packet.extend([0, 0]);
    packet.extend(content);
    Some(packet)
}

/// The head of a packet with `length` bytes of content. The kernel fills in the checksum.
fn ip_head(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, length: usize) -> Option<[u8; IP_HEAD]> {
    let length = u16::try_from(IP_HEAD + length).ok()?;
    let mut head = [0; IP_HEAD];
    head[0] = 0x45;
    head[2..4].copy_from_slice(&length.to_be_bytes());
    head[8] = TIME_TO_LIVE;
    head[9] = protocol;
    head[12..16].copy_from_slice(&from.octets());
    head[16..20].copy_from_slice(&to.octets());
    Some(head)
}

/// Writes the checksum of a TCP segment, which covers the addresses, too.
fn seal_segment(head: &[u8], segment: &mut [u8]) {
    let length = u16::try_from(segment.len()).unwrap_or(0).to_be_bytes();
    segment[16..18].fill(0);
    let sum = checksum(&[&head[12..20], &[0, TCP], &length, segment]);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
}

/// The internet checksum of `parts`, of which all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 = words
        .map(|word| u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0)))
        .sum();
    let mut folded = sum;
    while folded > 0xffff {
        folded = (folded & 0xffff) + (folded >> 16);
    }
    // Folded to sixteen bits.
    !(folded as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow {
            from: "169.254.76.1:40000".parse().unwrap(),
            to: "198.51.100.7:443".parse().unwrap(),
        }
    }

    fn syn() -> Vec<u8> {
        let flow = flow();
        let mut segment = Vec::new();
        segment.extend(flow.from.port().to_be_bytes());
        segment.extend(flow.to.port().to_be_bytes());
        segment.extend(0xffff_ffff_u32.to_be_bytes());
        segment.extend([0; 4]);
        segment.extend([5 << 4, 2, 255, 255, 1, 2, 0, 0]);
        let head = ip_head(TCP, *flow.from.ip(), *flow.to.ip(), segment.len()).unwrap();
        [&head[..], &segment].concat()
    }

    fn sum_of_segment(packet: &[u8]) -> u16 {
        let (head, segment) = split(packet).unwrap();
        let length = (segment.len() as u16).to_be_bytes();
        checksum(&[&head[12..20], &[0, TCP], &length, segment])
    }

    #[test]
    fn nobody_speaks_for_another() {
        assert!(flow().is_the_environments());
        let of = |from: &str| Flow {
            from: from.parse().unwrap(),
            ..flow()
        };
        assert!(of("127.0.0.1:1").is_the_environments() && !of("1.1.1.1:1").is_the_environments());
    }

    #[test]
    fn a_connection_is_told_from_a_datagram() {
        assert_eq!(read(&syn()), Some(Held::Connection(flow())));
        let back = datagram(flow(), b"pong").unwrap();
        let there = Flow {
            from: flow().to,
            to: flow().from,
        };
        assert_eq!(read(&back), Some(Held::Datagram(there, b"pong")));
    }

    #[test]
    fn what_is_no_whole_packet_is_nothing() {
        let packet = datagram(flow(), b"0123456789").unwrap();
        for end in 0..packet.len() {
            assert_eq!(read(&packet[..end]), None, "{end}");
        }
        let mut fragment = packet.clone();
        fragment[6] = 0x20;
        assert_eq!(read(&fragment), None);
        for at in [0, 2, 3, 24, 25] {
            let mut broken = packet.clone();
            broken[at] = 0xff;
            assert_eq!(read(&broken), None, "{at}");
        }
    }

    #[test]
    fn segments_are_sealed() {
        let again = again(&syn()).unwrap();
        assert_eq!(sum_of_segment(&again), 0);
        assert_eq!(again.len(), syn().len());
        let reset = reset(&syn()).unwrap();
        assert_eq!(sum_of_segment(&reset), 0);
        assert_eq!(reset[20..24], [1, 187, 0x9c, 0x40], "the ports change places");
        assert_eq!(reset[28..32], [0; 4], "acknowledges the next number, which is 0 again");
        assert_eq!(reset[33], RESET | ACKNOWLEDGE);
    }

    #[test]
    fn an_error_quotes_what_it_is_about() {
        let error = unreachable(&syn()[..28], Unreachable::Prohibited).unwrap();
        assert_eq!(error[20..22], [3, 13]);
        assert_eq!(checksum(&[&error[20..]]), 0);
        assert_eq!(error[28..], syn()[..28]);
        assert_eq!(error[16..20], flow().from.ip().octets());
        assert_eq!(unreachable(&[0x4f; 30], Unreachable::Host), None);
    }
}
