//! What server, starter and init say to each other. Descriptors that travel beside a message are named in its documentation.

use crate::{
    cgroup::{LastWords, Usage},
    step::StepError,
};
use lambent_sandbox::{Enforcement, EnvSpec, Program};
use serde::{Deserialize, Serialize};

/// Names one start request and the environment it leads to, for as long as the server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Ticket(pub(crate) u64);

/// Server to starter.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToStarter {
    /// Start an environment. Beside it: init's end of the environment's socket.
    Start {
        /// Names the request.
        ticket: Ticket,
        /// What to start.
        spec: Box<EnvSpec>,
    },
    /// An environment with this program may be wanted soon.
    Expect(Box<Program>),
}

/// Starter to server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromStarter {
    /// First of all: what holds on this host.
    Ready(Enforcement),
    /// An init has the request. Beside it: a pidfd of that init, the read end of its output pipe.
    Started {
        /// Which request.
        ticket: Ticket,
        /// The init's process id, as the server sees it.
        pid: i32,
        /// Where to read what the environment used.
        usage: Usage,
    },
    /// No init could be made for the request.
    Refused {
        /// Which request.
        ticket: Ticket,
        /// Why.
        error: StepError,
    },
    /// Every process of the environment is gone.
    Ended {
        /// Which environment.
        ticket: Ticket,
        /// What it had used.
        last: LastWords,
    },
}

/// Starter to init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToInit {
    /// Its user and group ids are mapped: it may prepare.
    Mapped,
    /// Start this program ahead. Beside it: one detached mount per mount of the program.
    StartAhead(Box<Program>),
    /// Become this environment. Beside it: the environment's socket, one detached mount per mount of the program, unless it was started
    /// ahead, one per mount of the spec, and one of its root, if that is an image.
    Become(Box<EnvSpec>),
}

/// Init to server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromInit {
    /// The runtime process runs, or the companions for which it waits. Beside it, the first time: the listeners for the Runtime API and for AWS's APIs; the gate's listener, its
    /// reports and its injector if there is one; the read end of the companions' output if there are any.
    Running {
        /// Whether the gate is beside it.
        gate: bool,
    },
    /// The command cannot be executed.
    InvalidEntrypoint {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// A companion cannot be executed.
    InvalidCompanion {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// A step of building the environment failed.
    Failed(StepError),
    /// The runtime process ended.
    Exited(Ending),
    /// A companion ended, by its place in the spec.
    CompanionExited(usize, Ending),
    /// The answer to [`FromServer::Empty`]: no process is left.
    Emptied,
    /// The answer to [`FromServer::Connect`]. Beside it: the socket, unless there is none.
    Connected,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// Server to init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromServer {
    /// Send SIGTERM to the runtime process.
    Terminate,
    /// Send SIGKILL to the runtime process.
    KillRuntime,
    /// Kill every process of the environment, and say when they are gone.
    Empty,
    /// Start the processes of this environment again.
    Restart(Box<EnvSpec>),
    /// Start the runtime process, which has waited for the companions.
    Begin,
    /// Stop every process of the environment.
    Freeze,
    /// Let them run on.
    Thaw,
    /// Connect to this port of the environment's loopback.
    Connect(u16),
}
