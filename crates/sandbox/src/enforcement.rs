//! What a host lets an adapter enforce. Isolation is real or said to be absent.

use serde::{Deserialize, Serialize};

/// A kernel primitive that isolation is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Primitive {
    /// Its own user ids.
    UserNamespace,
    /// Its own file system tree.
    MountNamespace,
    /// Sees its own processes only.
    PidNamespace,
    /// Its own network.
    NetworkNamespace,
    /// Its own System V and POSIX IPC.
    IpcNamespace,
    /// Its own host name.
    UtsNamespace,
    /// Memory limit and peak measurement.
    MemoryLimit,
    /// Processor share.
    CpuLimit,
    /// Limit on processes and threads.
    ProcessLimit,
    /// System call filter.
    Seccomp,
    /// File access rules beside the mount tree.
    Landlock,
    /// Runs under a user id that owns nothing else on the host.
    DistinctUser,
    /// Reaches other networks through a gate of the server's, which decides what of them. Not listed where nobody wants one.
    Gate,
}

/// Whether a primitive is in force here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guarantee {
    /// In force; by what means (`cgroup v1`, `ABI 7`), where that varies.
    Enforced(String),
    /// Not in force: why, and what would change that.
    Absent {
        /// What is missing.
        reason: String,
        /// What the operator can do.
        fix: String,
    },
}

/// One line per primitive, in the order they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// What holds.
    pub guarantees: Vec<(Primitive, Guarantee)>,
}

impl Enforcement {
    /// Whether `primitive` is in force.
    #[must_use]
    pub fn enforces(&self, primitive: Primitive) -> bool {
        self.guarantees
            .iter()
            .any(|(each, guarantee)| *each == primitive && matches!(guarantee, Guarantee::Enforced(_)))
    }
}
