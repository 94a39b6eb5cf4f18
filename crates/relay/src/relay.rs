//! One gate: what is reported there is handed to whom it concerns.

use crate::{
    connections::{Connections, Settled},
    datagrams::Datagrams,
    packet::{self, Flow, Held, Unreachable},
    reach::{Destination, Reach},
};
use lambent_sandbox::{BoxFuture, Gate};
use rustix::io::Errno;
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Conversations of one environment at one time. A process may have 1,024 files open.
const CONVERSATIONS: usize = 1_024;
/// The longest report: a whole packet, and what is said about it.
const REPORT: usize = 68 * 1_024;
/// After an error of the listener, which is the host's being out of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes a connection of an environment to AWS, and the port that it is for. Dropped when the environment ends.
pub type AwsConnection = Arc<dyn Fn(TcpStream, u16) -> BoxFuture<'static, ()> + Send + Sync>;

/// Carries what environments say to others and hear from them.
#[derive(Clone, Debug)]
pub struct Relay {
    reach: Arc<Reach>,
    /// One for each conversation of all environments.
    room: Arc<Semaphore>,
}

impl Relay {
    /// Lets environments reach this, in at most so many conversations of all of them together. Each takes two descriptors at the most.
    #[must_use]
    pub fn new(reach: Reach, conversations: usize) -> Self {
        Self {
            reach: Arc::new(reach),
            room: Arc::new(Semaphore::new(conversations.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Stands at `gate` until it is dropped, which ends all that passes through. To be called in a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// The kernel's, when the gate cannot be watched.
    pub async fn serve(self, gate: Gate, aws: AwsConnection) -> io::Result<()> {
        // Netlink and raw sockets take and give datagrams, which is all that is asked of these types.
        let reports = tokio::net::UdpSocket::from_std(gate.reports.into())?;
        let listener = TcpListener::from_std(gate.listener)?;
        let mut keeper = Keeper {
            relay: self,
            own_room: Arc::new(Semaphore::new(CONVERSATIONS)),
            injector: Injector(Arc::new(gate.injector.into())),
            connections: Connections::new(aws),
            datagrams: Datagrams::default(),
        };
        loop {
            tokio::select! {
                ready = reports.readable() => {
                    ready?;
                    keeper.listen(&reports)?;
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => keeper.connections.accepted(stream),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                settled = keeper.connections.settled() => keeper.settled(settled),
                () = keeper.datagrams.ended() => {}
            }
        }
    }
}

/// Held by each conversation.
pub(crate) struct Permit {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// Puts packets into the environment's network.
#[derive(Clone)]
pub(crate) struct Injector(Arc<UdpSocket>);

impl Injector {
    /// One that cannot be put there is lost, as packets are.
    pub(crate) fn inject(&self, packet: Option<Vec<u8>>) {
        let Some(packet) = packet else { return };
        if let Some(to) = packet::destination(&packet) {
            // Raw sockets have no ports.
            let _ = self.0.send_to(&packet, SocketAddr::from((to, 0)));
        }
    }
}

/// Who stands at one gate.
struct Keeper {
    relay: Relay,
    own_room: Arc<Semaphore>,
    injector: Injector,
    connections: Connections,
    datagrams: Datagrams,
}

impl Keeper {
    /// Reads the next report.
    fn listen(&mut self, reports: &tokio::net::UdpSocket) -> io::Result<()> {
        let mut bytes = vec![0; REPORT];
        match reports.try_recv(&mut bytes) {
            Ok(length) => lambent_netlink::packets(&bytes[..length]).for_each(|packet| self.held_up(packet)),
            // There was more than the kernel keeps: some packets were lost.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn held_up(&mut self, packet: &[u8]) {
        match packet::read(packet) {
            Some(Held::Connection(flow)) if flow.is_the_environments() => self.connection(flow, packet),
            Some(Held::Datagram(flow, content)) if flow.is_the_environments() => self.datagram(flow, packet, content),
            // Every address leads to loopback there, so every one can be bound. Nobody speaks for another.
            Some(_) | None => {}
        }
    }

    fn connection(&mut self, flow: Flow, packet: &[u8]) {
        if let Some(let_in) = self.connections.known(flow) {
            // The kernel asks again until it is answered.
            if let_in {
                self.injector.inject(packet::again(packet));
            }
            return;
        }
        let destination = match self.destination(flow) {
            Ok(destination) => destination,
            Err(why) => return self.injector.inject(packet::unreachable(packet, why)),
        };
        match self.permit() {
            Some(permit) => {
                if let Some(settled) = self.connections.begin(flow, packet, destination, permit) {
                    self.settled(settled);
                }
            }
            None => self.injector.inject(packet::reset(packet)),
        }
    }

    /// Answers the function's `connect`.
    fn settled(&mut self, settled: Settled) {
        let Settled::Answered { flow, packet, far_end } = settled else {
            return;
        };
        match far_end {
            Ok(far_end) => {
                self.connections.let_in(flow, far_end);
                self.injector.inject(packet::again(&packet));
            }
            // Nobody answered the server, so nobody answers the function.
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => {
                let kind = error.kind();
                let no_way = matches!(kind, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable);
                self.injector.inject(if no_way {
                    packet::unreachable(&packet, Unreachable::Host)
                } else {
                    packet::reset(&packet)
                });
            }
        }
    }

    fn datagram(&mut self, flow: Flow, packet: &[u8], content: &[u8]) {
        if self.datagrams.send(flow, content) {
            return;
        }
        let destination = match self.destination(flow) {
            Ok(destination) => destination,
            Err(why) => return self.injector.inject(packet::unreachable(packet, why)),
        };
        // Without room, it is lost, as datagrams are.
        if let Some(permit) = self.permit() {
            let injector = self.injector.clone();
            self.datagrams
                .begin(flow, packet, content, destination, injector, permit);
        }
    }

    /// Where a conversation leads, which is not to the host itself unless that is allowed.
    fn destination(&self, flow: Flow) -> Result<Destination, Unreachable> {
        match self.relay.reach.destination(flow.to) {
            Destination::Refused => Err(Unreachable::Prohibited),
            Destination::Far(to) => match lambent_netlink::leads_elsewhere(*to.ip()) {
                Ok(true) => Ok(Destination::Far(to)),
                Ok(false) => Err(Unreachable::Prohibited),
                Err(_) => Err(Unreachable::Host),
            },
            other @ (Destination::Allowed(_) | Destination::Host(_) | Destination::Resolver(_) | Destination::Aws) => {
                Ok(other)
            }
        }
    }

    fn permit(&self) -> Option<Permit> {
        Some(Permit {
            _own: Arc::clone(&self.own_room).try_acquire_owned().ok()?,
            _of_all: Arc::clone(&self.relay.room).try_acquire_owned().ok()?,
        })
    }
}
