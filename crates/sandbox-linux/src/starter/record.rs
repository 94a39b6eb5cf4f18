//! A note of the control groups a starter made, for the next one to clean up after it should it be killed.

use crate::{
    cgroup::remove_tree,
    step::{Step, StepError},
};
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Killed processes are gone after a moment.
const RETRIES: usize = 50;
const RETRY: Duration = Duration::from_millis(5);

/// The note of this starter.
pub(super) struct Record {
    file: PathBuf,
}

/// A name for a living process that no other ever had since the machine booted: its id and when it started.
pub(super) fn identity(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name is in parentheses and may contain anything, also spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A killed process whose parent died as well may wait long for being reaped.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Some(format!("{pid}-{}", fields.nth(18)?))
}

impl Record {
    /// Writes down `dirs`.
    pub(super) fn write<'a>(
        folder: &Path,
        identity: &str,
        dirs: impl Iterator<Item = &'a Path>,
    ) -> Result<Self, StepError> {
        let file = folder.join(identity);
        let lines: Vec<String> = dirs.map(|dir| dir.display().to_string()).collect();
        fs::write(&file, lines.join("\n")).step(format!("write {}", file.display()))?;
        Ok(Self { file })
    }

    /// Takes the note back.
    pub(super) fn remove(&self) {
        // Left behind, it does no harm: the next starter finds nothing to remove.
        let _ = fs::remove_file(&self.file);
    }
}

/// Removes the groups of starters that are gone.
pub(super) fn clean_up_after_others(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.split('-').next().and_then(|pid| pid.parse().ok());
        let lives = pid.and_then(identity).is_some_and(|living| living == name);
        if lives {
            continue;
        }
        let dirs = fs::read_to_string(entry.path()).unwrap_or_default();
        let gone = (0..RETRIES).any(|_| {
            let gone = dirs.lines().map(Path::new).filter(|dir| !remove_tree(dir)).count() == 0;
            if !gone {
                thread::sleep(RETRY);
            }
            gone
        });
        if gone {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_dead_starter_are_removed_and_those_of_a_living_one_stay() {
        let root = tempfile::tempdir().unwrap();
        let (notes, dead, living) = (
            root.path().join("notes"),
            root.path().join("lambent-1"),
            root.path().join("lambent-2"),
        );
        for dir in [&notes, &dead, &living] {
            fs::create_dir(dir).unwrap();
        }
        fs::create_dir(dead.join("env-0")).unwrap();
        let me = identity(std::process::id()).unwrap();
        Record::write(
            &notes,
            &format!("{}-1", std::process::id()),
            [dead.as_path()].into_iter(),
        )
        .unwrap();
        let record = Record::write(&notes, &me, [living.as_path()].into_iter()).unwrap();
        clean_up_after_others(&notes);
        assert!(!dead.exists() && living.exists());
        record.remove();
        assert_eq!(fs::read_dir(notes).unwrap().count(), 0);
    }
}
