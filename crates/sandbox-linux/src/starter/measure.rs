//! What this host enforces, found by trying.

use super::{ids::HostIds, spawn};
use crate::{
    cgroup::{Controller, Missing, Tree},
    init::{Filter, load_filter, try_gate},
    step::StepError,
    sys,
};
use lambent_sandbox::{Enforcement, Guarantee, Primitive};
use std::fs;

const NAMESPACES: [(Primitive, libc::c_int); 6] = [
    (Primitive::UserNamespace, libc::CLONE_NEWUSER),
    (Primitive::MountNamespace, libc::CLONE_NEWNS),
    (Primitive::PidNamespace, libc::CLONE_NEWPID),
    (Primitive::NetworkNamespace, libc::CLONE_NEWNET),
    (Primitive::IpcNamespace, libc::CLONE_NEWIPC),
    (Primitive::UtsNamespace, libc::CLONE_NEWUTS),
];
/// The first Linux that counts a user's processes per user namespace, so that RLIMIT_NPROC limits an environment.
const COUNTS_PROCESSES: (u32, u32) = (5, 14);
const DELEGATE: &str =
    "run Lambent as root, or in a delegated control group: systemd-run --user --scope -p Delegate=yes lambent serve";

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    /// The kernel's version.
    pub(super) kernel: (u32, u32),
    /// The ids of environments, once the starter is in its own world.
    pub(super) ids: Option<HostIds>,
    namespaces: Vec<(Primitive, Result<(), StepError>)>,
    filter: Option<Result<(), StepError>>,
    /// `None` where nobody wants one.
    gate: Option<Result<(), StepError>>,
    controllers: Vec<(Controller, Result<String, String>)>,
}

impl Found {
    /// Makes a process in each kind of namespace.
    pub(super) fn try_namespaces(&mut self) {
        self.namespaces = NAMESPACES
            .into_iter()
            .map(|(primitive, flag)| (primitive, spawn::in_child(flag, || Ok(()))))
            .collect();
    }

    /// Loads the filter in a child.
    pub(super) fn try_filter(&mut self, filter: &Filter) {
        self.filter = Some(spawn::in_child(0, || load_filter(filter)));
    }

    /// Builds a gate in a child, if there are to be any. Whether there can be.
    pub(super) fn try_gate(&mut self, wanted: bool) -> bool {
        self.gate = wanted.then(|| spawn::in_child(libc::CLONE_NEWUSER | libc::CLONE_NEWNET, try_gate));
        self.gate.as_ref().is_some_and(Result::is_ok)
    }

    /// Takes note of which controllers were found.
    pub(super) fn take_groups(&mut self, (tree, missing): (Tree, Vec<Missing>)) -> Tree {
        let present = Controller::ALL
            .into_iter()
            .filter_map(|each| Some((each, Ok(tree.version_of(each)?.to_string()))));
        let absent = missing.into_iter().map(|each| (each.controller, Err(each.reason)));
        self.controllers = present.chain(absent).collect();
        tree
    }

    fn controller(&self, wanted: Controller) -> Guarantee {
        match self.controllers.iter().find(|(controller, _)| *controller == wanted) {
            Some((_, Ok(version))) => Guarantee::Enforced(version.clone()),
            Some((_, Err(reason))) => absent(reason, DELEGATE),
            None => absent(
                "control groups were not looked for: an earlier step failed",
                "see the reasons above",
            ),
        }
    }

    fn processes(&self) -> Guarantee {
        let by_group = self.controller(Controller::Pids);
        let counted_by_user = self.kernel >= COUNTS_PROCESSES && self.ids.is_some();
        if counted_by_user && matches!(by_group, Guarantee::Absent { .. }) {
            return Guarantee::Enforced("RLIMIT_NPROC in the environment's user namespace".to_owned());
        }
        by_group
    }

    fn distinct_user(&self) -> Guarantee {
        match &self.ids {
            Some(HostIds::Distinct(range)) => {
                Guarantee::Enforced(format!("host user ids {} to {}", range.start, range.end - 1))
            }
            Some(HostIds::Own) => absent("an ordinary user may map no user id but its own", "run Lambent as root"),
            None => absent("there is no user namespace", "see the user namespace above"),
        }
    }
}

/// The list of what holds. `broken` is the step without which no environment can be made.
pub(super) fn enforcement(found: &Found, broken: Option<&StepError>) -> Enforcement {
    let namespaces = NAMESPACES.into_iter().map(|(primitive, _)| {
        let tried = found
            .namespaces
            .iter()
            .find(|(each, _)| *each == primitive)
            .map(|(_, result)| result);
        let guarantee = match (tried, broken) {
            (Some(Ok(())), _) => Guarantee::Enforced(String::new()),
            (Some(Err(error)), _) | (None, Some(error)) => absent(error, namespace_fix()),
            (None, None) => absent("not tried", namespace_fix()),
        };
        (primitive, guarantee)
    });
    let seccomp = match &found.filter {
        Some(Ok(())) => Guarantee::Enforced("filter".to_owned()),
        Some(Err(error)) => absent(error, "use a kernel with CONFIG_SECCOMP_FILTER"),
        None => absent("not tried: an earlier step failed", "see the reasons above"),
    };
    let landlock = sys::landlock_abi().map_or_else(
        || {
            absent(
                "the kernel has no Landlock or has it switched off",
                "use Linux 5.13 or newer with landlock in lsm=",
            )
        },
        |abi| Guarantee::Enforced(format!("ABI {abi}")),
    );
    let rest = [
        (Primitive::MemoryLimit, found.controller(Controller::Memory)),
        (Primitive::CpuLimit, found.controller(Controller::Cpu)),
        (Primitive::ProcessLimit, found.processes()),
        (Primitive::Seccomp, seccomp),
        (Primitive::Landlock, landlock),
        (Primitive::DistinctUser, found.distinct_user()),
    ];
    let gate = found.gate.as_ref().map(|tried| (Primitive::Gate, gate(tried)));
    Enforcement {
        guarantees: namespaces.chain(rest).chain(gate).collect(),
    }
}

fn gate(tried: &Result<(), StepError>) -> Guarantee {
    match tried {
        Ok(()) => Guarantee::Enforced("TCP and UDP, let through by the server".to_owned()),
        Err(error) => absent(
            error,
            "functions reach no network; load the kernel modules nf_tables, nft_tproxy, nft_log and nfnetlink_log: modprobe -a",
        ),
    }
}

fn absent(reason: impl ToString, fix: &str) -> Guarantee {
    Guarantee::Absent {
        reason: reason.to_string(),
        fix: fix.to_owned(),
    }
}

/// What keeps ordinary users from making namespaces differs by distribution.
fn namespace_fix() -> &'static str {
    let switched_on = |name: &str| fs::read_to_string(name).is_ok_and(|value| value.trim() == "1");
    let switched_off = |name: &str| fs::read_to_string(name).is_ok_and(|value| value.trim() == "0");
    if switched_on("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") {
        "AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, an AppArmor profile for lambent, or root"
    } else if switched_off("/proc/sys/kernel/unprivileged_userns_clone") {
        "the distribution forbids it: sysctl kernel.unprivileged_userns_clone=1, or run Lambent as root"
    } else if switched_off("/proc/sys/user/max_user_namespaces") {
        "the host allows none: sysctl user.max_user_namespaces=10000"
    } else {
        "run Lambent as root or, in a container, with --privileged"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_where_nothing_works_says_so_line_by_line() {
        let broken = StepError::new("create a user namespace", "Operation not permitted");
        let enforcement = enforcement(&Found::default(), Some(&broken));
        assert_eq!(enforcement.guarantees.len(), 12);
        let all_but_landlock = enforcement
            .guarantees
            .iter()
            .filter(|(primitive, _)| *primitive != Primitive::Landlock);
        for (primitive, _) in all_but_landlock {
            assert!(!enforcement.enforces(*primitive), "{primitive:?}");
        }
    }

    #[test]
    fn processes_are_limited_without_control_groups_where_the_kernel_counts_them() {
        let found = Found {
            kernel: (6, 1),
            ids: Some(HostIds::Own),
            ..Found::default()
        };
        assert!(matches!(found.processes(), Guarantee::Enforced(_)));
        let old = Found {
            kernel: (5, 13),
            ids: Some(HostIds::Own),
            ..Found::default()
        };
        assert!(matches!(old.processes(), Guarantee::Absent { .. }));
    }
}
