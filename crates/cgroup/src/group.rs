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
pub struct Group {
    parts: Vec<Parent>,
    /// What is still to be limited, in this order. The files are opened while nobody waits.
    knobs: Vec<(Knob, OwnedFd)>,
}

/// One file that limits a group.
#[derive(Clone, Copy, Debug)]
enum Knob {
    MemoryV1,
    MemoryAndSwapV1,
    MemoryV2,
    SwapV2,
    QuotaV1,
    SharesV1,
    QuotaV2,
    WeightV2,
    Processes,
}

impl Group {
    pub(crate) fn create(parents: &[Parent], name: &str) -> Result<Self, StepError> {
        let mut group = Self {
            parts: Vec::with_capacity(parents.len()),
            knobs: Vec::new(),
        };
        for parent in parents {
            let dir = parent.dir.join(name);
            if let Err(error) = make_dir(&dir) {
                group.remove();
                return Err(error);
            }
            group.parts.push(Parent { dir, ..parent.clone() });
        }
        match group.open_knobs() {
            Ok(knobs) => {
                group.knobs = knobs;
                Ok(group)
            }
            Err(error) => {
                group.remove();
                Err(error)
            }
        }
    }

    fn open_knobs(&self) -> Result<Vec<(Knob, OwnedFd)>, StepError> {
        let mut knobs = Vec::new();
        for part in &self.parts {
            for knob in part
                .controllers
                .iter()
                .flat_map(|controller| Knob::of(*controller, part.version))
            {
                let path = part.dir.join(knob.file());
                // Where the kernel does not account for swap there is nothing to forbid.
                if !knob.is_about_swap() || path.exists() {
                    knobs.push((*knob, open(&path, OFlags::WRONLY | OFlags::CREATE)?));
                }
            }
            if part.version == Version::V1 && part.controllers.contains(&Controller::Cpu) {
                let period = part.dir.join("cpu.cfs_period_us");
                fs::write(&period, CPU_PERIOD_US.to_string()).step("limit cpu: write cpu.cfs_period_us")?;
            }
        }
        Ok(knobs)
    }

    /// Lets the processes of the group run only when nobody else wants to, until [`Group::limit`].
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn stay_in_the_background(&self) -> Result<(), StepError> {
        self.knobs.iter().try_for_each(|(knob, file)| match knob.least() {
            Some(least) => turn(*knob, file, least),
            None => Ok(()),
        })
    }

    /// Puts `limits` in force, once.
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn limit(&mut self, limits: &Limits) -> Result<(), StepError> {
        let knobs = std::mem::take(&mut self.knobs);
        knobs
            .iter()
            .try_for_each(|(knob, file)| turn(*knob, file, &knob.value(limits)))
    }

    /// Opens what a new process writes `0` to in order to join the version 1 groups. Joining waits for the kernel, and the process
    /// that makes environments must not.
    ///
    /// # Errors
    /// The file that could not be opened.
    pub fn version_1_entrances(&self) -> Result<Vec<OwnedFd>, StepError> {
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
    pub fn version_2_dir(&self) -> Result<Option<OwnedFd>, StepError> {
        let part = self.parts.iter().find(|part| part.version == Version::V2);
        part.map(|part| open(&part.dir, OFlags::RDONLY | OFlags::DIRECTORY))
            .transpose()
    }

    /// Where to read what the environment used.
    pub fn usage(&self) -> Usage {
        let carrier = |controller: Controller| {
            let part = self.parts.iter().find(|part| part.controllers.contains(&controller));
            part.map(|part| (part.version, part.dir.clone()))
        };
        Usage {
            memory: carrier(Controller::Memory),
            processor: carrier(Controller::Cpu),
        }
    }

    /// Removes the directories. Returns whether they are gone: a group is busy until its last process is reaped.
    pub fn remove(&self) -> bool {
        self.parts.iter().fold(true, |gone, part| {
            let removed = fs::remove_dir(&part.dir);
            gone & removed.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |()| true)
        })
    }
}

impl Knob {
    /// The knobs of a controller, in the order in which they are turned: a limit on memory comes before the one on memory with swap.
    const fn of(controller: Controller, version: Version) -> &'static [Self] {
        match (controller, version) {
            (Controller::Memory, Version::V1) => &[Self::MemoryV1, Self::MemoryAndSwapV1],
            (Controller::Memory, Version::V2) => &[Self::MemoryV2, Self::SwapV2],
            (Controller::Cpu, Version::V1) => &[Self::QuotaV1, Self::SharesV1],
            (Controller::Cpu, Version::V2) => &[Self::QuotaV2, Self::WeightV2],
            (Controller::Pids, _) => &[Self::Processes],
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::MemoryV1 => "memory.limit_in_bytes",
            Self::MemoryAndSwapV1 => "memory.memsw.limit_in_bytes",
            Self::MemoryV2 => "memory.max",
            Self::SwapV2 => "memory.swap.max",
            Self::QuotaV1 => "cpu.cfs_quota_us",
            Self::SharesV1 => "cpu.shares",
            Self::QuotaV2 => "cpu.max",
            Self::WeightV2 => "cpu.weight",
            Self::Processes => "pids.max",
        }
    }

    const fn is_about_swap(self) -> bool {
        matches!(self, Self::MemoryAndSwapV1 | Self::SwapV2)
    }

    fn value(self, limits: &Limits) -> String {
        match self {
            Self::MemoryV1 | Self::MemoryAndSwapV1 | Self::MemoryV2 => limits.memory_bytes.to_string(),
            Self::SwapV2 => "0".to_owned(),
            Self::QuotaV1 => processor_quota(Version::V1, limits.milli_cpus).1,
            Self::SharesV1 => cpu_shares(limits.milli_cpus).to_string(),
            Self::QuotaV2 => processor_quota(Version::V2, limits.milli_cpus).1,
            Self::WeightV2 => cpu_weight(limits.milli_cpus).to_string(),
            // The init is a process of the group, and not the function's.
            Self::Processes => (u64::from(limits.processes) + 1).to_string(),
        }
    }

    /// The value with which a group gets the least.
    const fn least(self) -> Option<&'static str> {
        match self {
            Self::SharesV1 => Some("2"),
            Self::WeightV2 => Some("1"),
            Self::MemoryV1
            | Self::MemoryAndSwapV1
            | Self::MemoryV2
            | Self::SwapV2
            | Self::QuotaV1
            | Self::QuotaV2
            | Self::Processes => None,
        }
    }
}

fn turn(knob: Knob, file: &OwnedFd, value: &str) -> Result<(), StepError> {
    // From the start of the file, however often it is written: that is what the kernel expects of control files.
    rustix::io::pwrite(file, value.as_bytes(), 0).step(format!("limit: write {}", knob.file()))?;
    Ok(())
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd, StepError> {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR).step(format!("open {}", path.display()))
}

/// The file and the value that limit processor time.
pub(crate) fn processor_quota(version: Version, milli_cpus: u32) -> (&'static str, String) {
    let quota = cpu_quota_us(milli_cpus);
    match version {
        Version::V1 => (Knob::QuotaV1.file(), quota.to_string()),
        Version::V2 => (Knob::QuotaV2.file(), format!("{quota} {CPU_PERIOD_US}")),
    }
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
