//! Execution environments made of the Linux kernel's own primitives; root and ordinary users take the same path.
//!
//! Three kinds of process take part, and each has a folder or file of its own:
//!
//! ```text
//! server   provider, link, environment   tokio; asks for environments and watches them
//!   └─ starter   starter/                one thread, privileged over a mount namespace of its own; makes control groups and inits
//!        └─ init   init/                 pid 1 of one environment: mounts, privileges, reaping
//!             └─ the runtime process
//! ```
//!
//! The starter keeps a few spare inits that already live in their namespaces and control groups, because joining a control group
//! waits for the kernel for milliseconds on an idle machine. A spare becomes an environment when an [`lambent_sandbox::EnvSpec`]
//! arrives. Messages between the processes are in `protocol`; file descriptors travel beside them.
//!
//! Needs Linux 5.12, the first with `mount_setattr`.

#[cfg(not(target_os = "linux"))]
compile_error!("execution environments are made of Linux primitives");

mod channel;
mod environment;
mod init;
mod link;
mod protocol;
mod provider;
mod starter;
mod sys;

use lambent_cgroup::{self as cgroup, step};
pub use link::{OpenError, probe};
pub use provider::{LinuxSandbox, Options};
pub use starter::run_starter_if_asked;
