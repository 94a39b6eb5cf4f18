//! Datagrams: a socket of the host's for each pair of ends, for as long as something comes back.

use crate::{
    dns,
    packet::{self, Flow, Unreachable},
    reach::{Destination, Names},
    relay::{Injector, Permit},
};
use rustix::net::RecvFlags;
use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{io::Interest, net::UdpSocket, task::JoinSet, time::timeout};

/// A pair of ends to which nothing came back for this long is forgotten; the next datagram makes it anew.
const IDLE: Duration = Duration::from_secs(60);
/// How long one name server may take before the next is asked.
const LOOK_UP: Duration = Duration::from_secs(2);
/// The longest datagram.
const LONGEST: usize = 65_507;
/// What an error quotes: the shortest heads.
const QUOTE: usize = 28;

/// The datagrams of one environment.
#[derive(Default)]
pub(crate) struct Datagrams {
    sockets: HashMap<Flow, Arc<UdpSocket>>,
    tasks: JoinSet<Option<Flow>>,
}

impl Datagrams {
    /// Sends one between ends that are known; false if they are not.
    pub(crate) fn send(&self, flow: Flow, content: &[u8]) -> bool {
        let socket = self.sockets.get(&flow);
        if let Some(socket) = socket {
            // What cannot be sent now is lost, as datagrams are; an error of the far end is for who listens there.
            let _ = socket.try_send(content);
        }
        socket.is_some()
    }

    /// Sends the first of a pair of ends, and lets come back what does. `packet` is what was held up.
    pub(crate) fn begin(
        &mut self,
        flow: Flow,
        packet: &[u8],
        content: &[u8],
        destination: Destination,
        injector: Injector,
        permit: Permit,
    ) {
        let to = match destination {
            Destination::Far(to) | Destination::Allowed(to) => SocketAddr::V4(to),
            Destination::Host(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            Destination::Resolver(names) => {
                let question = content.to_vec();
                self.tasks.spawn(async move {
                    let answer = look_up(&question, names).await;
                    injector.inject(answer.and_then(|answer| packet::datagram(flow, &answer)));
                    drop(permit);
                    None
                });
                return;
            }
            Destination::Aws | Destination::Refused => {
                return injector.inject(packet::unreachable(packet, Unreachable::Port));
            }
        };
        let quote: Vec<u8> = packet.iter().copied().take(QUOTE).collect();
        let Ok(socket) = connected(to) else {
            return injector.inject(packet::unreachable(packet, Unreachable::Host));
        };
        let socket = Arc::new(socket);
        self.sockets.insert(flow, Arc::clone(&socket));
        // The reactor has not said yet that it may be written to.
        let first = content.to_vec();
        self.tasks.spawn(async move {
            let _ = socket.send(&first).await;
            drop(first);
            come_back(flow, &socket, &injector, &quote).await;
            drop(permit);
            Some(flow)
        });
    }

    /// Waits until a pair of ends is forgotten.
    pub(crate) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(Some(flow))) => drop(self.sockets.remove(&flow)),
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// A socket of the host's that speaks with `to` alone.
fn connected(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if to.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Hands the environment what comes back, until nothing does any more.
async fn come_back(flow: Flow, socket: &UdpSocket, injector: &Injector, quote: &[u8]) {
    while let Ok(received) = timeout(IDLE, receive(socket)).await {
        injector.inject(match received {
            Ok(content) => packet::datagram(flow, &content),
            Err(_) => packet::unreachable(quote, Unreachable::Port),
        });
    }
}

/// What comes next. That nobody listens at the far end is an error.
async fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        let what = if ready.is_error() {
            Interest::ERROR
        } else {
            Interest::READABLE
        };
        // Not held while nothing comes.
        let mut content = vec![0; LONGEST];
        match socket.try_io(what, || recv(socket, &mut content)) {
            Ok(length) => {
                content.truncate(length);
                return Ok(content);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn recv(socket: &UdpSocket, content: &mut [u8]) -> io::Result<usize> {
    let (length, _) = rustix::net::recv(socket, content, RecvFlags::empty())?;
    Ok(length)
}

/// Answers a question, by asking one name server after the other if others are to be asked.
async fn look_up(question: &[u8], names: Names) -> Option<Vec<u8>> {
    if let Some(answer) = dns::answer_for_aws(question).filter(|_| names.aws) {
        return Some(answer);
    }
    if !names.others {
        return dns::refusal(question);
    }
    for server in dns::of_this_host() {
        if let Ok(Ok(answer)) = timeout(LOOK_UP, ask(server, question)).await {
            return Some(answer);
        }
    }
    None
}

async fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let socket = connected(server)?;
    socket.send(question).await?;
    loop {
        let answer = receive(&socket).await?;
        // Answers bear the number of their question.
        if answer.len() >= 2 && question.starts_with(&answer[..2]) {
            return Ok(answer);
        }
    }
}
