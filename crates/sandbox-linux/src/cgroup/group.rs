//! The groups of one environment: one directory in each hierarchy.

use super::{
    Controller, Usage, Version,
    tree::{Parent, make_dir},
};
use crate::step::{Step, StepError};
use lambent_sandbox::Limits;
use rustix::fs::{Mode, OFlags};
use std::{fs, io, os::fd::OwnedFd, path::Path};

/// Processor time is shared out in slices of this many microseconds: short, so that whoever has used up its own does not stop for
/// long.
const CPU_PERIOD_US: u64 = 20_000;

/// One environment's groups.
#[derive(Debug)]
pub(crate) struct Group {
    parts: Vec<Parent>,
}

impl Group {
    pub(super) fn create(parents: &[Parent], name: &str) -> Result<Self, StepError> {
        let mut group = Self {
            parts: Vec::with_capacity(parents.len()),
        };
        for parent in parents {
            let dir = parent.dir.join(name);
            if let Err(error) = make_dir(&dir) {
                group.remove();
                return Err(error);
            }
            group.parts.push(Parent { dir, ..parent.clone() });
        }
        Ok(group)
    }

    /// Puts `limits` in force.
    ///
    /// # Errors
    /// The file that could not be written.
    pub(crate) fn limit(&self, limits: &Limits) -> Result<(), StepError> {
        for part in &self.parts {
            for controller in &part.controllers {
                let write = |name: &str, value: String| {
                    fs::write(part.dir.join(name), value).step(format!("limit {}: write {name}", controller.name()))
                };
                match (controller, part.version) {
                    (Controller::Memory, Version::V1) => {
                        write("memory.limit_in_bytes", limits.memory_bytes.to_string())?;
                        limit_swap(&part.dir.join("memory.memsw.limit_in_bytes"), limits.memory_bytes)?;
                    }
                    (Controller::Memory, Version::V2) => {
                        write("memory.max", limits.memory_bytes.to_string())?;
                        limit_swap(&part.dir.join("memory.swap.max"), 0)?;
                    }
                    (Controller::Cpu, Version::V1) => {
                        write("cpu.cfs_period_us", CPU_PERIOD_US.to_string())?;
                        write("cpu.cfs_quota_us", cpu_quota_us(limits.milli_cpus).to_string())?;
                        write("cpu.shares", cpu_shares(limits.milli_cpus).to_string())?;
                    }
                    (Controller::Cpu, Version::V2) => {
                        write(
                            "cpu.max",
                            format!("{} {CPU_PERIOD_US}", cpu_quota_us(limits.milli_cpus)),
                        )?;
                        write("cpu.weight", cpu_weight(limits.milli_cpus).to_string())?;
                    }
                    // The init is a process of the group, and not the function's.
                    (Controller::Pids, _) => write("pids.max", (u64::from(limits.processes) + 1).to_string())?,
                }
            }
        }
        Ok(())
    }

    /// Opens what a new process writes `0` to in order to join the version 1 groups. Joining waits for the kernel, and the process
    /// that makes environments must not.
    ///
    /// # Errors
    /// The file that could not be opened.
    pub(crate) fn version_1_entrances(&self) -> Result<Vec<OwnedFd>, StepError> {
        self.parts
            .iter()
            .filter(|part| part.version == Version::V1)
            .map(|part| open(&part.dir.join("cgroup.procs"), OFlags::WRONLY))
            .collect()
    }

    /// Opens the version 2 group, which a process is born into.
    ///
    /// # Errors
    /// The directory that could not be opened.
    pub(crate) fn version_2_dir(&self) -> Result<Option<OwnedFd>, StepError> {
        let part = self.parts.iter().find(|part| part.version == Version::V2);
        part.map(|part| open(&part.dir, OFlags::RDONLY | OFlags::DIRECTORY))
            .transpose()
    }

    /// Where to read what the environment used.
    pub(crate) fn usage(&self) -> Usage {
        let memory = self
            .parts
            .iter()
            .find(|part| part.controllers.contains(&Controller::Memory));
        Usage {
            memory: memory.map(|part| (part.version, part.dir.clone())),
        }
    }

    /// Removes the directories. Returns whether they are gone: a group is busy until its last process is reaped.
    pub(crate) fn remove(&self) -> bool {
        self.parts.iter().fold(true, |gone, part| {
            let removed = fs::remove_dir(&part.dir);
            gone & removed.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |()| true)
        })
    }
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd, StepError> {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).step(format!("open {}", path.display()))
}

/// A share below one processor may burst to a whole one: a small function starts as fast as a large one, as it does on AWS, and is
/// held to its share by its weight where processors are contended.
fn cpu_quota_us(milli_cpus: u32) -> u64 {
    u64::from(milli_cpus.max(1_000)) * CPU_PERIOD_US / 1_000
}

/// 1,024 stands for one processor; the kernel admits 2 to 262,144.
fn cpu_shares(milli_cpus: u32) -> u64 {
    (u64::from(milli_cpus) * 1_024 / 1_000).clamp(2, 262_144)
}

/// 100 stands for one processor; the kernel admits 1 to 10,000.
fn cpu_weight(milli_cpus: u32) -> u64 {
    (u64::from(milli_cpus) / 10).clamp(1, 10_000)
}

/// Writes a file that exists only where the kernel accounts for swap: elsewhere there is nothing to forbid.
fn limit_swap(file: &Path, bytes: u64) -> Result<(), StepError> {
    if !file.exists() {
        return Ok(());
    }
    fs::write(file, bytes.to_string()).step(format!("limit swap: write {}", file.display()))
}
