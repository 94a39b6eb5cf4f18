//! What functions may reach. Decisions only.

use lambent_sandbox::{AWS_ADDRESS, HOST_ADDRESS, RESOLVER_ADDRESS};
use std::{
    net::{Ipv4Addr, SocketAddrV4},
    str::FromStr,
};

/// The port of name servers.
const DNS: u16 = 53;

/// What functions may reach beyond their environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The internet: all addresses that are the same for everybody, as a function has it on AWS that is in no VPC.
    pub internet: bool,
    /// What else the operator opens.
    pub allowed: Vec<Network>,
    /// Ports of the host's own loopback, at [`HOST_ADDRESS`].
    pub host_ports: Vec<u16>,
    /// Whether AWS's names lead to the server.
    pub intercept_aws: bool,
}

/// Addresses that begin with the same bits, and one port or all: `10.0.0.0/8`, `192.168.1.7:5432`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: Ipv4Addr,
    prefix: u8,
    port: Option<u16>,
}

/// Why a text names no [`Network`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It has another form.
    #[error("{0} is none of ADDRESS, ADDRESS/BITS, ADDRESS:PORT, ADDRESS/BITS:PORT, with an IPv4 address")]
    Form(String),
    /// Inside an environment these are its own.
    #[error(
        "{0} is the loopback of whoever uses it, so a function that asks for it asks itself; open a port of the host's with --allow-host-port"
    )]
    Loopback(String),
}

/// Where something that was held up goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To this address, unless it is one of the host's own.
    Far(SocketAddrV4),
    /// To this address, whoever has it: the operator said so.
    Allowed(SocketAddrV4),
    /// To this port of the host's loopback.
    Host(u16),
    /// To who answers questions for names.
    Resolver(Names),
    /// To the server itself, which stands for AWS.
    Aws,
    /// Nowhere.
    Refused,
}

/// Which questions for names are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// Those for AWS's, with the server's address.
    pub(crate) aws: bool,
    /// All others, by the host's name servers.
    pub(crate) others: bool,
}

impl Reach {
    /// Whether functions reach anything at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Where something for `to` goes.
    pub(crate) fn destination(&self, to: SocketAddrV4) -> Destination {
        match *to.ip() {
            RESOLVER_ADDRESS if to.port() == DNS => Destination::Resolver(Names {
                aws: self.intercept_aws,
                // Names are a way out, too.
                others: self.internet || !self.allowed.is_empty(),
            }),
            HOST_ADDRESS if self.host_ports.contains(&to.port()) => Destination::Host(to.port()),
            AWS_ADDRESS if self.intercept_aws => Destination::Aws,
            RESOLVER_ADDRESS | HOST_ADDRESS | AWS_ADDRESS => Destination::Refused,
            _ if self.allowed.iter().any(|network| network.contains(to)) => Destination::Allowed(to),
            address if self.internet && is_public(address) => Destination::Far(to),
            _ => Destination::Refused,
        }
    }
}

impl Network {
    fn contains(&self, address: SocketAddrV4) -> bool {
        let differs = u32::from(self.first) ^ u32::from(*address.ip());
        // A prefix of no bits has nothing in which addresses could differ.
        let in_prefix = differs.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0;
        in_prefix && self.port.is_none_or(|port| port == address.port())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || NetworkError::Form(text.to_owned());
        let (range, port) = match text.split_once(':') {
            Some((range, port)) => (range, Some(port.parse().map_err(|_| form())?)),
            None => (text, None),
        };
        let (first, prefix) = match range.split_once('/') {
            Some((first, prefix)) => (first, prefix.parse().map_err(|_| form())?),
            None => (range, 32),
        };
        let first: Ipv4Addr = first.parse().map_err(|_| form())?;
        if prefix > 32 {
            return Err(form());
        }
        if first.is_loopback() {
            return Err(NetworkError::Loopback(text.to_owned()));
        }
        Ok(Self { first, prefix, port })
    }
}

/// Whether an address means the same host everywhere, and not one of a private network, of the link, or none at all (RFC 6890).
fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && b & 0xc0 == 64;
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && b & 0xfe == 18;
    let nowhere = a == 0 || a >= 224;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || shared
        || protocols
        || benchmarks
        || nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        Reach {
            internet: true,
            allowed: vec![
                "10.1.0.0/16".parse().unwrap(),
                "192.168.1.7:5432".parse().unwrap(),
                "169.254.169.254:80".parse().unwrap(),
            ],
            host_ports: vec![6379],
            intercept_aws: false,
        }
    }

    fn destination(reach: &Reach, to: &str) -> Destination {
        reach.destination(to.parse().unwrap())
    }

    #[test]
    fn the_internet_is_what_means_the_same_everywhere() {
        for public in ["1.1.1.1:443", "198.51.100.7:1", "172.32.0.1:80", "100.128.0.1:80"] {
            assert!(matches!(destination(&reach(), public), Destination::Far(_)), "{public}");
        }
        for other in [
            "0.0.0.1:80",
            "10.0.0.1:80",
            "100.64.0.1:80",
            "127.0.0.1:80",
            "169.254.170.2:80",
            "172.16.0.1:80",
            "172.31.255.255:80",
            "192.0.0.8:80",
            "192.168.1.7:80",
            "198.18.0.1:80",
            "224.0.0.251:5353",
            "255.255.255.255:67",
        ] {
            assert_eq!(destination(&reach(), other), Destination::Refused, "{other}");
        }
    }

    #[test]
    fn the_operator_opens_more() {
        for allowed in ["10.1.255.255:1", "192.168.1.7:5432", "169.254.169.254:80"] {
            let to = allowed.parse().unwrap();
            assert_eq!(reach().destination(to), Destination::Allowed(to));
        }
        let host = |port| SocketAddrV4::new(HOST_ADDRESS, port);
        assert_eq!(reach().destination(host(6379)), Destination::Host(6379));
        assert_eq!(reach().destination(host(6380)), Destination::Refused);
        let everything = Reach {
            allowed: vec!["0.0.0.0/0".parse().unwrap()],
            ..Reach::default()
        };
        assert!(matches!(
            destination(&everything, "10.0.0.1:80"),
            Destination::Allowed(_)
        ));
        assert_eq!(
            everything.destination(host(6379)),
            Destination::Refused,
            "has a switch of its own"
        );
    }

    #[test]
    fn addresses_of_the_environments_own_lead_where_they_stand_for() {
        let aws = SocketAddrV4::new(AWS_ADDRESS, 443);
        assert_eq!(reach().destination(aws), Destination::Refused);
        let intercepting = Reach {
            intercept_aws: true,
            ..Reach::default()
        };
        assert_eq!(intercepting.destination(aws), Destination::Aws);
        let resolver = |port| SocketAddrV4::new(RESOLVER_ADDRESS, port);
        let names = |aws, others| Destination::Resolver(Names { aws, others });
        assert_eq!(intercepting.destination(resolver(53)), names(true, false));
        assert_eq!(reach().destination(resolver(53)), names(false, true));
        assert_eq!(reach().destination(resolver(80)), Destination::Refused);
        assert_eq!(destination(&intercepting, "1.1.1.1:443"), Destination::Refused);
    }

    #[test]
    fn a_network_has_one_of_four_forms() {
        for form in ["", "10.0.0.0/33", "10.0.0.1:x", "fe80::1", "example.com", "10.0.0.0/"] {
            assert_eq!(
                form.parse::<Network>(),
                Err(NetworkError::Form(form.to_owned())),
                "{form}"
            );
        }
        assert!("10.0.0.0/8:443".parse::<Network>().is_ok());
        assert!(matches!(
            "127.0.0.1:80".parse::<Network>(),
            Err(NetworkError::Loopback(_))
        ));
    }
}
