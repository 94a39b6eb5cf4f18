//! Memory, disk and time limits of a function, each in its own unit.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Memory of an execution environment in MB (AWS's MB is 2^20 bytes): 128 to 10,240.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemorySize(u32);

/// Size of `/tmp` in MB: 512 to 10,240.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EphemeralStorage(u32);

/// How long one invocation may take, in seconds: 1 to 900.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeout(u32);

const MB: u64 = 1 << 20;

impl MemorySize {
    /// What a function gets that asks for nothing.
    pub const DEFAULT: Self = Self(128);
    /// The most an ordinary account may ask for.
    pub const MAX_MB: u32 = 10_240;
    /// AWS gives one whole processor at this size, and shares in proportion below and above.
    pub const ONE_CPU_MB: u32 = 1_769;

    /// `None` outside 128..=10240.
    #[must_use]
    pub fn from_mb(mb: u32) -> Option<Self> {
        (128..=Self::MAX_MB).contains(&mb).then_some(Self(mb))
    }

    /// In MB.
    #[must_use]
    pub const fn mb(self) -> u32 {
        self.0
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0 as u64 * MB
    }

    /// Processor share in thousandths of one processor: 1,000 at 1,769 MB.
    #[must_use]
    pub fn milli_cpus(self) -> u32 {
        (self.0 * 1_000).div_ceil(Self::ONE_CPU_MB)
    }
}

impl EphemeralStorage {
    /// What a function gets that asks for nothing.
    pub const DEFAULT: Self = Self(512);

    /// `None` outside 512..=10240.
    #[must_use]
    pub fn from_mb(mb: u32) -> Option<Self> {
        (512..=10_240).contains(&mb).then_some(Self(mb))
    }

    /// In MB.
    #[must_use]
    pub const fn mb(self) -> u32 {
        self.0
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0 as u64 * MB
    }
}

impl Timeout {
    /// What a function gets that asks for nothing.
    pub const DEFAULT: Self = Self(3);

    /// `None` outside 1..=900.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Option<Self> {
        (1..=900).contains(&seconds).then_some(Self(seconds))
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        assert!(MemorySize::from_mb(127).is_none() && MemorySize::from_mb(10_241).is_none());
        assert!(MemorySize::from_mb(128).is_some() && MemorySize::from_mb(10_240).is_some());
        assert!(Timeout::from_seconds(0).is_none() && Timeout::from_seconds(901).is_none());
        assert!(EphemeralStorage::from_mb(511).is_none() && EphemeralStorage::from_mb(512).is_some());
    }

    #[test]
    fn one_cpu_at_1769_mb() {
        assert_eq!(MemorySize::from_mb(1_769).map(MemorySize::milli_cpus), Some(1_000));
        assert_eq!(MemorySize::from_mb(128).map(MemorySize::milli_cpus), Some(73));
        assert_eq!(MemorySize::from_mb(10_240).map(MemorySize::milli_cpus), Some(5_789));
    }
}
