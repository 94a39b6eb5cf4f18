//! Connections: the far end first, then the environment's.

use crate::{
    dns,
    packet::Flow,
    reach::Destination,
    relay::{AwsConnection, Permit},
};
use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

/// Who has been let in and is not there after this time has gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as Linux tries by itself, at the most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);
/// So many connections of an environment get buffers that grow with what passes through; those of more stay small, so that far ends
/// that are not listened to fill no memory of the host's.
const ROOMY: usize = 16;
const SMALL_BUFFER: u32 = 64 * 1_024;

/// The connections of one environment.
pub(crate) struct Connections {
    aws: AwsConnection,
    /// Those that the environment waits for.
    awaited: HashMap<Flow, Awaited>,
    tasks: JoinSet<Settled>,
    /// Tells one that was let in from another of the same ends.
    next: u64,
}

/// How far a connection is.
enum Awaited {
    /// The far end is being asked.
    Connecting,
    /// The environment has been told to come in.
    LetIn(u64, FarEnd),
}

/// Who is at the far end.
pub(crate) enum FarEnd {
    Elsewhere(TcpStream, Permit),
    Aws(Permit),
}

/// What happened to a connection.
pub(crate) enum Settled {
    /// The far end has answered.
    Answered {
        flow: Flow,
        /// The packet that began it.
        packet: Vec<u8>,
        far_end: io::Result<FarEnd>,
    },
    /// It is over, or nobody came in.
    Over,
    /// The time is up for coming in.
    Late(Flow, u64),
}

impl Connections {
    pub(crate) fn new(aws: AwsConnection) -> Self {
        Self {
            aws,
            awaited: HashMap::new(),
            tasks: JoinSet::new(),
            next: 0,
        }
    }

    /// Whether the environment waits for this connection, and if so whether it has been let in.
    pub(crate) fn known(&self, flow: Flow) -> Option<bool> {
        let awaited = self.awaited.get(&flow)?;
        Some(matches!(awaited, Awaited::LetIn(..)))
    }

    /// Begins one; `packet` is what the environment began it with. Returns what is known at once.
    pub(crate) fn begin(
        &mut self,
        flow: Flow,
        packet: &[u8],
        destination: Destination,
        permit: Permit,
    ) -> Option<Settled> {
        let packet = packet.to_vec();
        if destination == Destination::Aws {
            let far_end = Ok(FarEnd::Aws(permit));
            return Some(Settled::Answered { flow, packet, far_end });
        }
        let roomy = self.tasks.len() < ROOMY;
        self.awaited.insert(flow, Awaited::Connecting);
        self.tasks.spawn(async move {
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, connect(destination, roomy)).await;
            let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let far_end = stream.map(|stream| FarEnd::Elsewhere(stream, permit));
            Settled::Answered { flow, packet, far_end }
        });
        None
    }

    /// The environment is about to be told that it may come in.
    pub(crate) fn let_in(&mut self, flow: Flow, far_end: FarEnd) {
        let number = self.next;
        self.next += 1;
        self.awaited.insert(flow, Awaited::LetIn(number, far_end));
        self.tasks.spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            Settled::Late(flow, number)
        });
    }

    /// Somebody came in. Who was not let in has connected to the listener itself, and is dropped.
    pub(crate) fn accepted(&mut self, stream: TcpStream) {
        let (Ok(SocketAddr::V4(from)), Ok(SocketAddr::V4(to))) = (stream.peer_addr(), stream.local_addr()) else {
            return;
        };
        let flow = Flow { from, to };
        match self.awaited.remove(&flow) {
            Some(Awaited::LetIn(_, FarEnd::Elsewhere(far, permit))) => {
                self.tasks.spawn(async move {
                    pump(stream, far).await;
                    drop(permit);
                    Settled::Over
                });
            }
            Some(Awaited::LetIn(_, FarEnd::Aws(permit))) => {
                let serving = (self.aws)(stream, to.port());
                self.tasks.spawn(async move {
                    serving.await;
                    drop(permit);
                    Settled::Over
                });
            }
            Some(connecting @ Awaited::Connecting) => {
                self.awaited.insert(flow, connecting);
            }
            None => {}
        }
    }

    /// Waits until something happens to one.
    pub(crate) async fn settled(&mut self) -> Settled {
        let Some(done) = self.tasks.join_next().await else {
            return std::future::pending().await;
        };
        let settled = done.unwrap_or(Settled::Over);
        match &settled {
            Settled::Answered { flow, .. } => {
                self.awaited.remove(flow);
            }
            Settled::Late(flow, number) => {
                let is_it = |awaited: &Awaited| matches!(awaited, Awaited::LetIn(let_in, _) if let_in == number);
                if self.awaited.get(flow).is_some_and(is_it) {
                    self.awaited.remove(flow);
                }
            }
            Settled::Over => {}
        }
        settled
    }
}

async fn connect(destination: Destination, roomy: bool) -> io::Result<TcpStream> {
    let to = match destination {
        Destination::Far(to) | Destination::Allowed(to) => SocketAddr::V4(to),
        Destination::Host(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Destination::Resolver(names) if names.others => return connect_to_any(dns::of_this_host()).await,
        Destination::Resolver(_) | Destination::Aws | Destination::Refused => {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
    };
    let socket = TcpSocket::new_v4()?;
    if !roomy {
        socket.set_recv_buffer_size(SMALL_BUFFER)?;
        socket.set_send_buffer_size(SMALL_BUFFER)?;
    }
    socket.connect(to).await
}

async fn connect_to_any(servers: Vec<SocketAddr>) -> io::Result<TcpStream> {
    TcpStream::connect(&servers[..]).await
}

/// Carries bytes both ways until both sides have ended theirs. If one breaks off, so does the other.
async fn pump(mut near: TcpStream, mut far: TcpStream) {
    // What is small is not to wait for more; failing costs only that.
    let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
    if copy_bidirectional(&mut near, &mut far).await.is_err() {
        // A reset, not an end, is what each side gets to see. Failing, it is an end.
        let _ = near.set_zero_linger().and_then(|()| far.set_zero_linger());
    }
}
