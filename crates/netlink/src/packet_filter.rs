//! The packet filter of a gate, in the kernel's words: `nf_tables` messages.

use crate::message::{Attributes, Message};
use std::net::Ipv4Addr;

/// What a gate is to do.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// The address of the network that it keeps; loopback is free, too.
    pub own: Ipv4Addr,
    /// Packets with this mark have been let through.
    pub mark: u32,
    /// Where connections that were let through are taken: a port of loopback, whose listener may stand in for other addresses.
    pub port: u16,
    /// What begins a connection to elsewhere, and each datagram, is dropped and reported under this number.
    pub group: u16,
}

const TABLE: &str = "lambent";
const CHAIN: &str = "gate";
/// Before anything else looks at a packet that came in.
const PRIORITY: i32 = -150;

/// Numbers of `linux/netfilter/nf_tables.h` that libc does not have.
mod nfta {
    use libc::c_int;

    pub(super) const TABLE_NAME: c_int = 1;
    pub(super) const CHAIN_TABLE: c_int = 1;
    pub(super) const CHAIN_NAME: c_int = 3;
    pub(super) const CHAIN_HOOK: c_int = 4;
    pub(super) const CHAIN_POLICY: c_int = 5;
    pub(super) const CHAIN_TYPE: c_int = 7;
    pub(super) const HOOK_NUMBER: c_int = 1;
    pub(super) const HOOK_PRIORITY: c_int = 2;
    pub(super) const RULE_TABLE: c_int = 1;
    pub(super) const RULE_CHAIN: c_int = 2;
    pub(super) const RULE_EXPRESSIONS: c_int = 4;
    pub(super) const LIST_ELEMENT: c_int = 1;
    pub(super) const EXPRESSION_NAME: c_int = 1;
    pub(super) const EXPRESSION_DATA: c_int = 2;
    pub(super) const DATA_VALUE: c_int = 1;
    pub(super) const DATA_VERDICT: c_int = 2;
    pub(super) const VERDICT_CODE: c_int = 1;
    pub(super) const PAYLOAD_REGISTER: c_int = 1;
    pub(super) const PAYLOAD_BASE: c_int = 2;
    pub(super) const PAYLOAD_OFFSET: c_int = 3;
    pub(super) const PAYLOAD_LENGTH: c_int = 4;
    pub(super) const META_REGISTER: c_int = 1;
    pub(super) const META_KEY: c_int = 2;
    pub(super) const COMPARE_REGISTER: c_int = 1;
    pub(super) const COMPARE_OPERATOR: c_int = 2;
    pub(super) const COMPARE_DATA: c_int = 3;
    pub(super) const BITWISE_FROM: c_int = 1;
    pub(super) const BITWISE_TO: c_int = 2;
    pub(super) const BITWISE_LENGTH: c_int = 3;
    pub(super) const BITWISE_MASK: c_int = 4;
    pub(super) const BITWISE_XOR: c_int = 5;
    pub(super) const IMMEDIATE_REGISTER: c_int = 1;
    pub(super) const IMMEDIATE_DATA: c_int = 2;
    pub(super) const LOG_GROUP: c_int = 1;
    pub(super) const TPROXY_FAMILY: c_int = 1;
    pub(super) const TPROXY_ADDRESS_REGISTER: c_int = 2;
    pub(super) const TPROXY_PORT_REGISTER: c_int = 3;
}

/// The rules of a gate, for a network that has none. They are looked at for each packet, so the usual comes first.
#[must_use]
pub fn rules(gate: Gate) -> Vec<Message> {
    let own = gate.own.octets();
    let to = |prefix: &[u8]| {
        let destination = load(libc::NFT_PAYLOAD_NETWORK_HEADER, 16, prefix.len() as u32);
        vec![destination, equals(prefix)]
    };
    let protocol = |number: libc::c_int| vec![meta(libc::NFT_META_L4PROTO), equals(&[number as u8])];
    // SYN without ACK, RST and FIN.
    let begins = vec![
        load(libc::NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1),
        masked(0x17),
        equals(&[0x02]),
    ];
    let let_through = vec![meta(libc::NFT_META_MARK), equals(&gate.mark.to_ne_bytes())];
    let tcp = || protocol(libc::IPPROTO_TCP);
    let rules = [
        [to(&[127]), vec![verdict(libc::NF_ACCEPT)]].concat(),
        [to(&own), vec![verdict(libc::NF_ACCEPT)]].concat(),
        [tcp(), let_through, stand_in(gate.port)].concat(),
        [tcp(), begins, held_up(gate.group)].concat(),
        [tcp(), vec![verdict(libc::NF_ACCEPT)]].concat(),
        [protocol(libc::IPPROTO_UDP), held_up(gate.group)].concat(),
    ];
    let hook = Attributes::new()
        .number(nfta::HOOK_NUMBER, libc::NF_INET_PRE_ROUTING as u32)
        .number(nfta::HOOK_PRIORITY, PRIORITY.cast_unsigned());
    let chain = Attributes::new()
        .text(nfta::CHAIN_TABLE, TABLE)
        .text(nfta::CHAIN_NAME, CHAIN)
        .nested(nfta::CHAIN_HOOK, &hook)
        // What no rule takes is dropped.
        .number(nfta::CHAIN_POLICY, libc::NF_DROP as u32)
        .text(nfta::CHAIN_TYPE, "filter");
    let table = Attributes::new().text(nfta::TABLE_NAME, TABLE);
    let mut messages = vec![
        border(libc::NFNL_MSG_BATCH_BEGIN),
        create(libc::NFT_MSG_NEWTABLE, 0).with(table),
        create(libc::NFT_MSG_NEWCHAIN, 0).with(chain),
    ];
    messages.extend(rules.into_iter().map(rule));
    messages.push(border(libc::NFNL_MSG_BATCH_END));
    messages
}

/// The first or the last message of a transaction.
fn border(kind: libc::c_int) -> Message {
    let subsystem = (libc::NFNL_SUBSYS_NFTABLES as u16).to_be_bytes();
    Message::new(kind as u16, 0, &[&[libc::AF_UNSPEC as u8, 0][..], &subsystem].concat())
}

fn create(kind: libc::c_int, flags: libc::c_int) -> Message {
    let kind = (libc::NFNL_SUBSYS_NFTABLES << 8) | kind;
    let family = [libc::AF_INET as u8, 0, 0, 0];
    Message::new(kind as u16, libc::NLM_F_CREATE | libc::NLM_F_ACK | flags, &family)
}

fn rule(expressions: Vec<Attributes>) -> Message {
    let list = expressions.iter().fold(Attributes::new(), |list, expression| {
        list.nested(nfta::LIST_ELEMENT, expression)
    });
    create(libc::NFT_MSG_NEWRULE, libc::NLM_F_APPEND).with(
        Attributes::new()
            .text(nfta::RULE_TABLE, TABLE)
            .text(nfta::RULE_CHAIN, CHAIN)
            .nested(nfta::RULE_EXPRESSIONS, &list),
    )
}

fn expression(name: &str, data: &Attributes) -> Attributes {
    Attributes::new()
        .text(nfta::EXPRESSION_NAME, name)
        .nested(nfta::EXPRESSION_DATA, data)
}

/// The one register that is used.
const REGISTER: u32 = libc::NFT_REG_1 as u32;

/// Loads bytes of the packet.
fn load(base: libc::c_int, offset: u32, length: u32) -> Attributes {
    let data = Attributes::new()
        .number(nfta::PAYLOAD_REGISTER, REGISTER)
        .number(nfta::PAYLOAD_BASE, base as u32)
        .number(nfta::PAYLOAD_OFFSET, offset)
        .number(nfta::PAYLOAD_LENGTH, length);
    expression("payload", &data)
}

/// Loads what the kernel knows of the packet.
fn meta(key: libc::c_int) -> Attributes {
    let data = Attributes::new()
        .number(nfta::META_REGISTER, REGISTER)
        .number(nfta::META_KEY, key as u32);
    expression("meta", &data)
}

/// Goes on only if what was loaded is this.
fn equals(value: &[u8]) -> Attributes {
    let data = Attributes::new()
        .number(nfta::COMPARE_REGISTER, REGISTER)
        .number(nfta::COMPARE_OPERATOR, libc::NFT_CMP_EQ as u32)
        .nested(nfta::COMPARE_DATA, &Attributes::new().bytes(nfta::DATA_VALUE, value));
    expression("cmp", &data)
}

/// Keeps these bits of the byte that was loaded.
fn masked(mask: u8) -> Attributes {
    let value = |value: u8| Attributes::new().bytes(nfta::DATA_VALUE, &[value]);
    let data = Attributes::new()
        .number(nfta::BITWISE_FROM, REGISTER)
        .number(nfta::BITWISE_TO, REGISTER)
        .number(nfta::BITWISE_LENGTH, 1)
        .nested(nfta::BITWISE_MASK, &value(mask))
        .nested(nfta::BITWISE_XOR, &value(0));
    expression("bitwise", &data)
}

/// Ends the packet's way through the rules.
fn verdict(code: libc::c_int) -> Attributes {
    let code = Attributes::new().number(nfta::VERDICT_CODE, code.cast_unsigned());
    let data = Attributes::new()
        .number(nfta::IMMEDIATE_REGISTER, libc::NFT_REG_VERDICT as u32)
        .nested(
            nfta::IMMEDIATE_DATA,
            &Attributes::new().nested(nfta::DATA_VERDICT, &code),
        );
    expression("immediate", &data)
}

/// Reports the packet and drops it.
fn held_up(group: u16) -> Vec<Attributes> {
    let data = Attributes::new().bytes(nfta::LOG_GROUP, &group.to_be_bytes());
    vec![expression("log", &data), verdict(libc::NF_DROP)]
}

/// Gives the packet to the listener of this port, whatever address and port it is for.
fn stand_in(port: u16) -> Vec<Attributes> {
    let immediate = |register: libc::c_int, value: &[u8]| {
        let data = Attributes::new()
            .number(nfta::IMMEDIATE_REGISTER, register as u32)
            .nested(nfta::IMMEDIATE_DATA, &Attributes::new().bytes(nfta::DATA_VALUE, value));
        expression("immediate", &data)
    };
    let data = Attributes::new()
        .number(nfta::TPROXY_FAMILY, libc::NFPROTO_IPV4 as u32)
        .number(nfta::TPROXY_ADDRESS_REGISTER, libc::NFT_REG_1 as u32)
        .number(nfta::TPROXY_PORT_REGISTER, libc::NFT_REG_2 as u32);
    vec![
        immediate(libc::NFT_REG_1, &Ipv4Addr::LOCALHOST.octets()),
        immediate(libc::NFT_REG_2, &port.to_be_bytes()),
        expression("tproxy", &data),
        verdict(libc::NF_ACCEPT),
    ]
}
