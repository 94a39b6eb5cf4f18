//! Making inits.

use super::ids::HostIds;
use crate::{
    cgroup::Group,
    channel,
    init::{self, Filter, INSIDE_GID, INSIDE_UID, Inheritance},
    protocol::ToInit,
    step::{Step, StepError},
    sys::{self, Forked},
};
use rustix::{
    fs::{Gid, Uid},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
    process::Pid,
};
use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
};

/// The namespaces of an environment.
const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

/// An init that waits to become an environment.
pub(super) struct Blank {
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) link: OwnedFd,
    pub(super) group: Group,
    /// The read end of its output.
    pub(super) output: OwnedFd,
}

/// What an init is made of.
pub(super) struct Parts<'a> {
    pub(super) filter: &'a Filter,
    pub(super) ids: &'a HostIds,
    pub(super) gate: bool,
}

/// Makes the init with this number, in `group`. When that fails the group is gone too.
pub(super) fn blank(parts: &Parts<'_>, number: u64, group: Group) -> Result<Blank, StepError> {
    let host_id = parts.ids.of(number);
    match fork_init(parts, host_id, &group) {
        Ok(init) => Ok(Blank {
            pid: init.pid,
            pidfd: init.pidfd,
            link: init.link,
            output: init.output,
            group,
        }),
        Err(error) => {
            group.remove();
            Err(error)
        }
    }
}

struct Init {
    pid: Pid,
    pidfd: OwnedFd,
    link: OwnedFd,
    output: OwnedFd,
}

fn fork_init(parts: &Parts<'_>, host_id: u32, group: &Group) -> Result<Init, StepError> {
    let entrances = group.version_1_entrances()?;
    let born_into = group.version_2_dir()?;
    let (link, inits_link) = channel::pair().step("make a socket pair")?;
    let (output, write_output) = pipe_with(PipeFlags::CLOEXEC).step("make the output pipe")?;
    // So that the environment's user can open `/dev/stdout` and `/dev/stderr`.
    let (uid, gid) = (Uid::from_raw(host_id), Gid::from_raw(host_id));
    rustix::fs::fchown(&write_output, Some(uid), Some(gid)).step("give the output away")?;
    // SAFETY: the starter has one thread.
    let forked = unsafe { sys::clone3(NAMESPACES, born_into.as_ref().map(AsFd::as_fd)) };
    let (pid, pidfd) = match forked.step("clone into new namespaces")? {
        Forked::Child => init::run(Inheritance {
            link: inits_link,
            output: write_output,
            entrances,
            filter: parts.filter,
            gate: parts.gate,
        }),
        Forked::Parent { pid, pidfd } => (Pid::from_raw(pid).ok_or(Errno::SRCH).step("clone")?, pidfd),
    };
    drop((inits_link, write_output));
    // Should this fail, the init ends when it sees its link hang up, and is reaped like any other child.
    map_ids(pid, host_id)?;
    channel::send(&link, &ToInit::Mapped, &[]).step("tell the init")?;
    Ok(Init {
        pid,
        pidfd,
        link,
        output,
    })
}

fn map_ids(pid: Pid, id: u32) -> Result<(), StepError> {
    let write = |file: &str, inside: u32| {
        let path = format!("/proc/{}/{file}", pid.as_raw_nonzero());
        fs::write(&path, format!("{inside} {id} 1")).step(format!("write {file}"))
    };
    write("uid_map", INSIDE_UID)?;
    write("gid_map", INSIDE_GID)
}

/// Runs `body` in a child in new namespaces; whether it could be made and `body` succeeded.
pub(super) fn in_child(namespaces: libc::c_int, body: impl FnOnce() -> Result<(), StepError>) -> Result<(), StepError> {
    // SAFETY: the starter has one thread.
    match unsafe { sys::clone3(namespaces, None) }.step("clone")? {
        Forked::Child => sys::exit_now(i32::from(body().is_err())),
        Forked::Parent { pid, .. } => {
            let pid = Pid::from_raw(pid).ok_or(Errno::SRCH).step("clone")?;
            let status = rustix::io::retry_on_intr(|| {
                rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty())
            });
            match status.step("wait for a child")? {
                Some((_, status)) if status.exit_status() == Some(0) => Ok(()),
                _ => Err(StepError::new("try in a child", "refused by the kernel")),
            }
        }
    }
}
