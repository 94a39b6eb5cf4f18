//! What the figures were measured on.

use rustix::{
    system::uname,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};
use std::{fs, thread};

/// Kernel, processors and memory in one line.
pub(crate) fn facts() -> String {
    let kernel = uname();
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |file: &str, name: &str| {
        let content = text(file);
        let line = content
            .lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(':'));
        line.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    format!(
        "{} {} {}, {} processors ({}), {}",
        kernel.sysname().to_string_lossy(),
        kernel.release().to_string_lossy(),
        kernel.machine().to_string_lossy(),
        thread::available_parallelism().map_or(1, usize::from),
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal"),
    )
}

/// While it is held, this thread, and what it starts, stays on one processor.
pub(crate) struct OneProcessor(CpuSet);

impl OneProcessor {
    pub(crate) fn hold() -> rustix::io::Result<Self> {
        let before = sched_getaffinity(None)?;
        let mut one = CpuSet::new();
        let first = (0..CpuSet::MAX_CPU).find(|processor| before.is_set(*processor));
        one.set(first.unwrap_or(0));
        sched_setaffinity(None, &one)?;
        Ok(Self(before))
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        // It was allowed before, so it is allowed now.
        let _ = sched_setaffinity(None, &self.0);
    }
}
