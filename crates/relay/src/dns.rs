//! Name look-ups: which name servers the host asks, and the answers that are given without asking (RFC 1035).

use lambent_sandbox::AWS_ADDRESS;
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// The port of name servers.
const PORT: u16 = 53;
/// As many as resolvers use.
const MOST_SERVERS: usize = 3;
const HEAD: usize = 12;
const TYPE_A: u16 = 1;
const CLASS_INTERNET: u16 = 1;
/// How long an answer may be kept, in seconds.
const TIME_TO_LIVE: u32 = 60;
/// The name under which all of AWS's endpoints are.
const AWS: &[u8] = b"amazonaws.com";

/// The name servers of the host as they are now.
pub(crate) fn of_this_host() -> Vec<SocketAddr> {
    servers(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

/// The name servers in the text of `/etc/resolv.conf`; the host's own where it names none, as resolvers have it.
fn servers(resolv_conf: &str) -> Vec<SocketAddr> {
    let named = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        let address: IpAddr = words.next().filter(|_| is_server)?.parse().ok()?;
        Some(SocketAddr::new(address, PORT))
    });
    let named: Vec<_> = named.take(MOST_SERVERS).collect();
    if named.is_empty() {
        vec![SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))]
    } else {
        named
    }
}

/// The answer to a question for one of AWS's names: [`AWS_ADDRESS`], and nothing of any other type. `None` for other questions.
pub(crate) fn answer_for_aws(question: &[u8]) -> Option<Vec<u8>> {
    let flags = question.get(2..4)?;
    let is_plain_question = flags[0] & 0xf8 == 0 && question.get(4..6)? == [0, 1];
    let end = end_of_aws_name(question.get(HEAD..)?).filter(|_| is_plain_question)?;
    let rest = question.get(HEAD + end..HEAD + end + 4)?;
    let kind = u16::from_be_bytes([rest[0], rest[1]]);
    let class = u16::from_be_bytes([rest[2], rest[3]]);
    let is_for_address = kind == TYPE_A && class == CLASS_INTERNET;
    let mut answer = Vec::with_capacity(HEAD + end + 20);
    answer.extend(question.get(..2)?);
    // An answer, with recursion as it was desired and available.
    answer.extend([0x80 | flags[0], 0x80, 0, 1, 0, u8::from(is_for_address), 0, 0, 0, 0]);
    answer.extend(question.get(HEAD..HEAD + end + 4)?);
    if is_for_address {
        // The name is the question's.
        answer.extend([0xc0, HEAD as u8]);
        answer.extend(rest);
        answer.extend(TIME_TO_LIVE.to_be_bytes());
        answer.extend(4_u16.to_be_bytes());
        answer.extend(AWS_ADDRESS.octets());
    }
    Some(answer)
}

/// The answer that nobody is asked this question.
pub(crate) fn refusal(question: &[u8]) -> Option<Vec<u8>> {
    const REFUSED: u8 = 5;
    let flags = question.get(2..4)?;
    let mut answer = question.to_vec();
    answer[2] = 0x80 | flags[0];
    answer[3] = 0x80 | REFUSED;
    Some(answer)
}

/// Where a name ends that is AWS's: behind its last label, which is empty.
fn end_of_aws_name(name: &[u8]) -> Option<usize> {
    let mut labels = Vec::new();
    let mut at = 0;
    loop {
        let length = usize::from(*name.get(at)?);
        // Longer ones are pointers, which questions have no use for.
        if length > 63 {
            return None;
        }
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(name.get(at..at + length)?);
        at += length;
    }
    let last_two = labels.get(labels.len().checked_sub(2)?..)?.join(&b'.');
    last_two.eq_ignore_ascii_case(AWS).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    #[test]
    fn the_hosts_name_servers_are_those_of_its_file() {
        let file = "# nameserver 9.9.9.9\nsearch lan\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\nnameserver ::1\n";
        let servers = servers(file);
        assert_eq!(servers, ["127.0.0.53:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
        assert_eq!(super::servers("options x\n"), ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test]
    fn aws_names_are_answered_with_the_servers_address() {
        for name in ["s3.us-east-1.amazonaws.com", "LAMBDA.Amazonaws.COM"] {
            let asked = question(name, TYPE_A);
            let answer = answer_for_aws(&asked).unwrap();
            assert_eq!(answer[..12], [0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            assert_eq!(answer[12..asked.len()], asked[12..]);
            assert_eq!(answer[answer.len() - 4..], AWS_ADDRESS.octets());
            let other = answer_for_aws(&question(name, 28)).unwrap();
            assert_eq!(
                (other.len(), other[7]),
                (asked.len(), 0),
                "there is no address of that kind"
            );
        }
    }

    #[test]
    fn other_questions_are_for_others() {
        for name in ["example.com", "amazonaws.com.example.com", "notamazonaws.com", "com"] {
            assert_eq!(answer_for_aws(&question(name, TYPE_A)), None, "{name}");
        }
        let asked = question("s3.amazonaws.com", TYPE_A);
        for end in 0..asked.len() {
            assert_eq!(answer_for_aws(&asked[..end]), None);
        }
        let mut pointer = asked.clone();
        pointer[12] = 0xc0;
        assert_eq!(answer_for_aws(&pointer), None);
        let mut an_answer = asked;
        an_answer[2] = 0x81;
        assert_eq!(answer_for_aws(&an_answer), None);
    }
}
