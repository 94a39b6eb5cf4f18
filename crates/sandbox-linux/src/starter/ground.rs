//! What a starter needs before it can make the first environment: a mount namespace it is privileged over, the minimal root, a place
//! for control groups, and the system call filter.

use super::{
    Outside,
    ids::HostIds,
    measure::{self, Found},
    record::{self, Record},
    spawn::{self, Blank, Parts},
    stage,
};
use crate::{
    cgroup::{self, Controller, Tree, Version},
    init::Filter,
    step::{Step, StepError},
    sys,
};
use lambent_sandbox::Enforcement;
use rustix::{
    io::Errno,
    mount::{MountPropagationFlags, mount_change},
    process::{getegid, geteuid, getpid, getppid},
};
use std::{fs, path::Path};

/// The first Linux with `mount_setattr`.
const OLDEST_KERNEL: (u32, u32) = (5, 12);

/// All that the starter's environments have in common.
pub(super) struct Ground {
    filter: Filter,
    ids: HostIds,
    tree: Tree,
    record: Record,
    next: u64,
    /// Whether environments get a gate.
    gate: bool,
}

impl Ground {
    /// Makes all of it, and measures what holds. Environments get a gate if they are to have one and it can be.
    pub(super) fn prepare(state_dir: &Path, outside: Outside) -> (Result<Self, StepError>, Enforcement) {
        let mut found = Found::default();
        let ground = Self::make(state_dir, outside, &mut found);
        let enforcement = measure::enforcement(&found, ground.as_ref().err());
        (ground, enforcement)
    }

    fn make(state_dir: &Path, outside: Outside, found: &mut Found) -> Result<Self, StepError> {
        found.kernel = kernel_version();
        if found.kernel < OLDEST_KERNEL {
            let (major, minor) = OLDEST_KERNEL;
            let reason = format!("this one is {}.{}", found.kernel.0, found.kernel.1);
            return Err(StepError::new(format!("needs Linux {major}.{minor}"), reason));
        }
        let ids = enter_own_world()?;
        found.ids = Some(ids.clone());
        let folder = state_dir.join("starters");
        fs::create_dir_all(&folder).step(format!("create {}", folder.display()))?;
        record::clean_up_after_others(&folder);
        let root = state_dir.join("root");
        let gate = found.try_gate(outside.gate);
        stage::build(&root, gate, outside.authority.as_deref())?;
        // Inits begin where the starter is. They need no way to it then, which may lead through directories that are closed to them.
        rustix::process::chdir(&root).step("enter the minimal root")?;
        let filter = Filter::compile()?;
        found.try_namespaces();
        found.try_filter(&filter);
        let identity = record::identity(std::process::id())
            .ok_or(Errno::SRCH)
            .step("read /proc/self/stat")?;
        let tree = found.take_groups(establish_groups(&identity)?);
        let record = Record::write(&folder, &identity, tree.dirs()).inspect_err(|_| tree.remove())?;
        Ok(Self {
            filter,
            ids,
            tree,
            record,
            next: 0,
            gate,
        })
    }

    /// Makes an init that waits to become an environment.
    pub(super) fn blank(&mut self) -> Result<Blank, StepError> {
        let number = self.next;
        self.next += 1;
        let group = self.tree.group(&format!("env-{number}"))?;
        spawn::blank(
            &Parts {
                filter: &self.filter,
                ids: &self.ids,
                gate: self.gate,
            },
            number,
            group,
        )
    }

    /// Whether inits join version 1 control groups.
    pub(super) fn has_version_1_groups(&self) -> bool {
        Controller::ALL
            .into_iter()
            .any(|controller| self.tree.version_of(controller) == Some(Version::V1))
    }

    /// Removes what lies outside this process: the control groups and the note of them.
    pub(super) fn clear(self) {
        self.tree.remove();
        self.record.remove();
    }
}

/// Enters a mount namespace that this process is privileged over. Root has the privilege; everybody else gets it in a user namespace.
fn enter_own_world() -> Result<HostIds, StepError> {
    let (uid, gid) = (geteuid(), getegid());
    let ids = if uid.is_root() && sys::unshare_mounts(false).is_ok() {
        HostIds::available(&fs::read_to_string("/proc/self/uid_map").step("read /proc/self/uid_map")?)
    } else {
        sys::unshare_mounts(true).step("create a user namespace")?;
        // An ordinary user may only map its groups after it gave up the right to drop them.
        fs::write("/proc/self/setgroups", "deny").step("write setgroups")?;
        fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw())).step("write uid_map")?;
        fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw())).step("write gid_map")?;
        HostIds::Own
    };
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).step("keep mounts to itself")?;
    Ok(ids)
}

fn establish_groups(identity: &str) -> Result<(Tree, Vec<cgroup::Missing>), StepError> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").step("read /proc/self/mountinfo")?;
    let membership = fs::read_to_string("/proc/self/cgroup").step("read /proc/self/cgroup")?;
    let server = getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let residents = [getpid().as_raw_nonzero().get(), server];
    Ok(Tree::establish(
        &cgroup::hierarchies(&mountinfo, &membership),
        identity,
        &residents,
    ))
}

fn kernel_version() -> (u32, u32) {
    let name = rustix::system::uname();
    version_of(&name.release().to_string_lossy())
}

fn version_of(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_release_is_compared_by_number() {
        assert_eq!(version_of("6.18.44-fc-v657"), (6, 18));
        assert_eq!(version_of("5.4-generic"), (5, 4));
        assert!(version_of("5.10.0") < OLDEST_KERNEL && version_of("6.1.0") > OLDEST_KERNEL);
    }
}
