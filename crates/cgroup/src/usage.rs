//! What the server reads from an environment's control groups, and how it lets their processes end.

use super::Version;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::PathBuf,
};

/// Where an environment's memory and processor time are accounted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The interface and the directory; absent where the host has no memory controller for us.
    pub memory: Option<(Version, PathBuf)>,
    /// The same of processor time.
    pub processor: Option<(Version, PathBuf)>,
}

impl Usage {
    /// How many processes the kernel ended because the memory was used up.
    pub fn oom_kills(&self) -> u64 {
        let Some((version, dir)) = &self.memory else { return 0 };
        let file = match version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        let counters = fs::read_to_string(dir.join(file)).unwrap_or_default();
        counters
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
            .unwrap_or(0)
    }

    /// The most memory ever held, in bytes. Version 2 counts it since Linux 5.19.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        self.open_peak()?.bytes()
    }

    /// The file of the peak, kept open: it is read after every invocation, and opening it costs ten times as much as reading it.
    pub fn open_peak(&self) -> Option<Peak> {
        let (version, dir) = self.memory.as_ref()?;
        let file = match version {
            Version::V1 => "memory.max_usage_in_bytes",
            Version::V2 => "memory.peak",
        };
        File::open(dir.join(file)).ok().map(Peak)
    }

    /// Lets processes that are about to be killed have as much processor time as there is. Those that have overdrawn theirs in the
    /// kernel, as a thousand that do nothing but fork have, are held back for up to minutes, and nobody among them can die meanwhile.
    pub fn lift_processor_limit(&self) {
        let Some((version, dir)) = &self.processor else { return };
        let (file, without) = match version {
            Version::V1 => ("cpu.cfs_quota_us", "-1"),
            Version::V2 => ("cpu.max", "max"),
        };
        // A group that is gone has nobody left to end.
        let _ = fs::write(dir.join(file), without);
    }

    /// Puts the limit in force again, for a function that has so much of a processor.
    pub fn limit_processor(&self, milli_cpus: u32) {
        let Some((version, dir)) = &self.processor else { return };
        let (file, quota) = super::group::processor_quota(*version, milli_cpus);
        // A group that is gone has nobody left to limit.
        let _ = fs::write(dir.join(file), quota);
    }

    /// Both, before the group is removed.
    pub fn last_words(&self) -> LastWords {
        LastWords {
            oom_kills: self.oom_kills(),
            peak_memory_bytes: self.peak_memory_bytes(),
        }
    }
}

/// What the processes of a group had used when they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWords {
    /// How many of its processes the kernel ended for want of memory.
    pub oom_kills: u64,
    /// The most memory it held, in bytes.
    pub peak_memory_bytes: Option<u64>,
}

/// Where an environment's highest memory use is read.
pub struct Peak(File);

impl Peak {
    /// In bytes; `None` once the group is gone.
    pub fn bytes(&self) -> Option<u64> {
        let mut digits = [0; 32];
        let count = self.0.read_at(&mut digits, 0).ok()?;
        std::str::from_utf8(&digits[..count]).ok()?.trim().parse().ok()
    }
}
