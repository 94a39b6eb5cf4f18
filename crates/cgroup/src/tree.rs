//! A place in each hierarchy where one starter makes the groups of its environments.
//!
//! The group the server itself runs in comes first, so that limits which an operator put on the server hold for its environments
//! too; the root of the hierarchy is second.

use super::{Controller, Group, Version, hierarchy::Hierarchy};
use crate::step::{Step, StepError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The start of the name of every directory made here; nothing else is ever removed.
const PREFIX: &str = "lambent-";
/// Where the server goes in version 2, whose groups hold either processes or groups with controllers.
const SERVER_LEAF: &str = "lambent-server";

/// Where the groups of environments are made.
#[derive(Debug, Default)]
pub struct Tree {
    parents: Vec<Parent>,
}

/// One directory that a starter made for its environments' groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) version: Version,
    pub(crate) dir: PathBuf,
    pub(crate) controllers: Vec<Controller>,
}

/// A controller that is in force nowhere, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which controller.
    pub controller: Controller,
    /// Why not.
    pub reason: String,
}

impl Tree {
    /// Makes a directory of `name` in the hierarchies that carry the controllers. `residents` are the processes that may be moved
    /// to a leaf where version 2 wants that: the server and its starter.
    pub fn establish(hierarchies: &[Hierarchy], name: &str, residents: &[i32]) -> (Self, Vec<Missing>) {
        let mut tree = Self::default();
        let mut reasons = Vec::new();
        let name = format!("{PREFIX}{name}");
        // Version 1 first: a controller that it carries is not offered by version 2.
        for version in [Version::V1, Version::V2] {
            for hierarchy in hierarchies.iter().filter(|each| each.version == version) {
                match parent_in(hierarchy, &name, residents) {
                    Ok(parent) => tree.parents.push(parent),
                    Err(error) => reasons.push((hierarchy.controllers.clone(), error.to_string())),
                }
            }
        }
        let missing = Controller::ALL
            .into_iter()
            .filter(|controller| tree.version_of(*controller).is_none())
            .map(|controller| Missing {
                controller,
                reason: reason_for(controller, &reasons),
            })
            .collect();
        (tree, missing)
    }

    /// By which interface `controller` is in force.
    pub fn version_of(&self, controller: Controller) -> Option<Version> {
        self.parents
            .iter()
            .find(|each| each.controllers.contains(&controller))
            .map(|each| each.version)
    }

    /// The directories, to be remembered in case this starter cannot remove them.
    pub fn dirs(&self) -> impl Iterator<Item = &Path> {
        self.parents.iter().map(|each| each.dir.as_path())
    }

    /// Makes the groups of one environment.
    ///
    /// # Errors
    /// The directory that could not be made; those made before it are gone again.
    pub fn group(&self, name: &str) -> Result<Group, StepError> {
        Group::create(&self.parents, name)
    }

    /// Removes what [`Tree::establish`] made.
    pub fn remove(&self) {
        for parent in &self.parents {
            remove_tree(&parent.dir);
        }
    }
}

/// Kills what is left in the groups below `dir` and removes them and `dir`. Only ever touches directories made by a starter.
/// Returns whether `dir` is gone.
pub fn remove_tree(dir: &Path) -> bool {
    let ours = dir
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    if !ours {
        return false;
    }
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            kill_all(&entry.path());
            // A group whose last process is not reaped yet is busy; the caller tries again.
            let _ = fs::remove_dir(entry.path());
        }
    }
    let _ = fs::remove_dir(dir);
    !dir.exists()
}

fn kill_all(group: &Path) {
    for pid in processes(group) {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            // It may be gone already, which is what is wanted.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn processes(group: &Path) -> Vec<i32> {
    let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    listed.lines().filter_map(|line| line.parse().ok()).collect()
}

fn reason_for(controller: Controller, reasons: &[(Vec<Controller>, String)]) -> String {
    let about = |carried: &[Controller]| carried.contains(&controller) || carried.is_empty();
    reasons.iter().find(|(carried, _)| about(carried)).map_or_else(
        || format!("no mounted hierarchy has the {} controller", controller.name()),
        |(_, why)| why.clone(),
    )
}

fn parent_in(hierarchy: &Hierarchy, name: &str, residents: &[i32]) -> Result<Parent, StepError> {
    let own = match hierarchy.own.file_name() {
        Some(leaf) if leaf == SERVER_LEAF => hierarchy.own.parent().unwrap_or(&hierarchy.own),
        _ => &hierarchy.own,
    };
    let attempt = |base: &Path| match hierarchy.version {
        Version::V1 => version_1_parent(base, name, &hierarchy.controllers),
        Version::V2 => version_2_parent(base, name, residents),
    };
    attempt(own).or_else(|error| {
        if own == hierarchy.mount {
            Err(error)
        } else {
            attempt(&hierarchy.mount).map_err(|_| error)
        }
    })
}

fn version_1_parent(base: &Path, name: &str, controllers: &[Controller]) -> Result<Parent, StepError> {
    let dir = base.join(name);
    make_dir(&dir)?;
    Ok(Parent {
        version: Version::V1,
        dir,
        controllers: controllers.to_vec(),
    })
}

fn version_2_parent(base: &Path, name: &str, residents: &[i32]) -> Result<Parent, StepError> {
    let available = fs::read_to_string(base.join("cgroup.controllers"))
        .step(format!("read {}", base.join("cgroup.controllers").display()))?;
    let controllers = Controller::among(&available, ' ');
    if controllers.is_empty() {
        return Err(StepError::new(
            format!("{}", base.display()),
            "offers neither memory, cpu nor pids",
        ));
    }
    let dir = base.join(name);
    // Made first: where not even that is allowed, nothing else is touched.
    make_dir(&dir)?;
    let enabled = enable(base, &controllers)
        .or_else(|_| move_to_leaf(base, residents).and_then(|()| enable(base, &controllers)))
        .and_then(|()| enable(&dir, &controllers));
    match enabled {
        Ok(()) => Ok(Parent {
            version: Version::V2,
            dir,
            controllers,
        }),
        Err(error) => {
            let _ = fs::remove_dir(&dir);
            Err(StepError::new(
                format!("enable controllers in {}", base.display()),
                error,
            ))
        }
    }
}

fn enable(group: &Path, controllers: &[Controller]) -> io::Result<()> {
    let wanted: Vec<String> = controllers.iter().map(|each| format!("+{}", each.name())).collect();
    fs::write(group.join("cgroup.subtree_control"), wanted.join(" "))
}

/// Moves the residents of `group` to a leaf below it. Refuses when anybody else lives there.
fn move_to_leaf(group: &Path, residents: &[i32]) -> io::Result<()> {
    let present = processes(group);
    if let Some(stranger) = present.iter().find(|pid| !residents.contains(pid)) {
        return Err(io::Error::other(format!(
            "process {stranger} runs in the same control group"
        )));
    }
    let leaf = group.join(SERVER_LEAF);
    fs::create_dir(&leaf).or_else(|error| if leaf.is_dir() { Ok(()) } else { Err(error) })?;
    present
        .iter()
        .try_for_each(|pid| fs::write(leaf.join("cgroup.procs"), pid.to_string()))
}

pub(crate) fn make_dir(dir: &Path) -> Result<(), StepError> {
    fs::create_dir(dir).step(format!("create control group {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchies;
    use lambent_sandbox::Limits;

    const LIMITS: Limits = Limits {
        memory_bytes: 128 << 20,
        milli_cpus: 72,
        processes: 1024,
        open_files: 1024,
        tmp_bytes: 512 << 20,
    };

    /// The files of a group, as the kernel makes them, but ordinary.
    fn plant(dir: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(dir).unwrap();
        for (name, content) in files {
            fs::write(dir.join(name), content).unwrap();
        }
    }

    fn read(path: PathBuf) -> String {
        fs::read_to_string(path).unwrap()
    }

    fn version_2_host(root: &Path, membership: &str) -> Vec<Hierarchy> {
        hierarchies(
            &format!("30 24 0:26 / {} rw - cgroup2 cgroup2 rw\n", root.display()),
            membership,
        )
    }

    #[test]
    fn a_delegated_scope_of_version_2_takes_all_controllers() {
        let root = tempfile::tempdir().unwrap();
        let scope = root.path().join("user.slice/run-u7.scope");
        plant(
            &scope,
            &[("cgroup.controllers", "cpu memory pids\n"), ("cgroup.procs", "")],
        );
        let found = version_2_host(root.path(), "0::/user.slice/run-u7.scope\n");
        let (tree, missing) = Tree::establish(&found, "7-1", &[7]);
        assert_eq!(missing, []);
        assert_eq!(read(scope.join("cgroup.subtree_control")), "+memory +cpu +pids");
        assert_eq!(
            read(scope.join("lambent-7-1/cgroup.subtree_control")),
            "+memory +cpu +pids"
        );

        let mut group = tree.group("env-0").unwrap();
        group.limit(&LIMITS).unwrap();
        let dir = scope.join("lambent-7-1/env-0");
        assert_eq!(read(dir.join("memory.max")), "134217728");
        assert_eq!(
            read(dir.join("cpu.max")),
            "20000 20000",
            "a small share may burst to one processor"
        );
        assert_eq!(read(dir.join("cpu.weight")), "7");
        assert_eq!(read(dir.join("pids.max")), "1025", "the init counts too");
        group.usage().lift_processor_limit();
        assert_eq!(read(dir.join("cpu.max")), "max");
        plant(
            &dir,
            &[
                ("memory.events", "low 0\noom 3\noom_kill 2\n"),
                ("memory.peak", "4096\n"),
            ],
        );
        assert_eq!(
            (group.usage().oom_kills(), group.usage().peak_memory_bytes()),
            (2, Some(4096))
        );
    }

    #[test]
    fn a_group_shared_with_strangers_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        plant(root.path(), &[("cgroup.procs", "7\n8\n")]);
        assert!(
            move_to_leaf(root.path(), &[7])
                .unwrap_err()
                .to_string()
                .contains("process 8")
        );
        plant(root.path(), &[("cgroup.procs", "7\n")]);
        move_to_leaf(root.path(), &[7]).unwrap();
        assert_eq!(read(root.path().join("lambent-server/cgroup.procs")), "7");
    }

    #[test]
    fn a_server_that_was_moved_to_its_leaf_finds_its_way_back() {
        let root = tempfile::tempdir().unwrap();
        plant(&root.path().join("a.scope/lambent-server"), &[]);
        plant(&root.path().join("a.scope"), &[("cgroup.controllers", "memory pids\n")]);
        let (tree, missing) = Tree::establish(&version_2_host(root.path(), "0::/a.scope/lambent-server\n"), "7-1", &[]);
        assert_eq!(tree.dirs().next().unwrap(), root.path().join("a.scope/lambent-7-1"));
        assert_eq!(missing.len(), 1);
        assert_eq!(
            missing[0].controller,
            Controller::Cpu,
            "systemd does not delegate it to users by default"
        );
    }

    #[test]
    fn version_1_is_preferred_where_it_carries_the_controller() {
        let root = tempfile::tempdir().unwrap();
        for each in ["memory", "cpu", "pids"] {
            plant(&root.path().join(each), &[]);
        }
        plant(&root.path().join("unified"), &[("cgroup.controllers", "hugetlb\n")]);
        let at = |name: &str| root.path().join(name).display().to_string();
        let mountinfo = format!(
            "1 2 0:1 / {} rw - cgroup cgroup rw,memory\n1 2 0:1 / {} rw - cgroup cgroup rw,cpu\n\
             1 2 0:1 / {} rw - cgroup cgroup rw,pids\n1 2 0:1 / {} rw - cgroup2 cgroup2 rw\n",
            at("memory"),
            at("cpu"),
            at("pids"),
            at("unified")
        );
        let (tree, missing) = Tree::establish(&hierarchies(&mountinfo, "0::/\n"), "7-1", &[]);
        assert_eq!(missing, []);
        assert_eq!(tree.dirs().count(), 3);
        assert_eq!(tree.version_of(Controller::Memory), Some(Version::V1));
        let mut group = tree.group("env-0").unwrap();
        group.limit(&LIMITS).unwrap();
        assert_eq!(
            read(root.path().join("cpu/lambent-7-1/env-0/cpu.cfs_quota_us")),
            "20000"
        );
        assert_eq!(read(root.path().join("cpu/lambent-7-1/env-0/cpu.shares")), "73");
        group.usage().lift_processor_limit();
        assert_eq!(read(root.path().join("cpu/lambent-7-1/env-0/cpu.cfs_quota_us")), "-1");
        assert_eq!(
            read(root.path().join("memory/lambent-7-1/env-0/memory.limit_in_bytes")),
            "134217728"
        );
    }

    #[test]
    fn a_host_without_control_groups_says_so() {
        let (tree, missing) = Tree::establish(&[], "7-1", &[]);
        assert_eq!(missing.len(), 3);
        assert!(missing[0].reason.contains("memory"), "{}", missing[0].reason);
        tree.group("env-0").unwrap().limit(&LIMITS).unwrap();
    }

    #[test]
    fn only_directories_of_a_starter_are_removed() {
        let root = tempfile::tempdir().unwrap();
        plant(&root.path().join("lambent-7-1/env-0"), &[]);
        plant(&root.path().join("important/env-0"), &[]);
        assert!(remove_tree(&root.path().join("lambent-7-1")));
        assert!(!remove_tree(&root.path().join("important")));
        assert!(root.path().join("important/env-0").exists());
    }
}
