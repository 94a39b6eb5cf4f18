//! Control groups, version 1 and 2 and hosts that mount both.
//!
//! [`hierarchy`] reads what is mounted, [`tree`] finds a place where groups may be made, [`group`] is one environment's part of it,
//! and [`usage`] is what the server reads from it.

mod group;
mod hierarchy;
pub mod step;
mod tree;
mod usage;

pub use group::Group;
pub use hierarchy::hierarchies;
pub use tree::{Missing, Tree, remove_tree};
pub use usage::{LastWords, Peak, Usage};

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which interface a hierarchy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// One hierarchy per controller.
    V1,
    /// The unified hierarchy.
    V2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "cgroup v1",
            Self::V2 => "cgroup v2",
        })
    }
}

/// The controllers that environments are limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// Memory and swap.
    Memory,
    /// Processor time.
    Cpu,
    /// Processes and threads.
    Pids,
}

impl Controller {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Cpu, Self::Pids];

    /// The kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Pids => "pids",
        }
    }

    /// The controllers among words separated by `separator`.
    fn among(words: &str, separator: char) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|each| words.split(separator).any(|word| word.trim() == each.name()))
            .collect()
    }
}
