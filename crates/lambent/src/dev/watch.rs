//! Sees that a directory has changed.
//!
//! By looking, not by asking the kernel to be told: that works on every file system, and takes no watch for each of the thousands of
//! directories that a project may have.

use lambent_types::Clock;
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// How often it is looked, at the most.
const PAUSE: Duration = Duration::from_millis(200);
/// Looking takes one part in so many of a processor's time, at the most.
const SHARE: u32 = 20;
/// Files that stay as they are for this long are complete: editors and compilers write several, one after the other.
const QUIET: Duration = Duration::from_millis(100);

/// What stands for the state of all files: two states that differ have different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(u64);

impl Snapshot {
    /// Looks at names, sizes, times and permissions. Not at what begins with a dot, nor at what Python has compiled.
    pub(crate) fn of(dir: &Path) -> Self {
        let mut entries = Vec::new();
        let mut unvisited = vec![dir.to_owned()];
        while let Some(dir) = unvisited.pop() {
            // What has gone in between is seen the next time.
            let _ = look(&dir, &mut entries, &mut unvisited);
        }
        entries.sort_unstable();
        let mut hasher = DefaultHasher::new();
        entries.hash(&mut hasher);
        Self(hasher.finish())
    }
}

type Entry = (PathBuf, u64, u32, i64, i64, i64, i64);

fn look(dir: &Path, entries: &mut Vec<Entry>, unvisited: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name == "__pycache__" {
            continue;
        }
        let Ok(found) = entry.metadata() else { continue };
        if found.is_dir() {
            unvisited.push(entry.path());
            entries.push((entry.path(), 0, found.mode(), 0, 0, 0, 0));
        } else {
            let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
            entries.push((
                entry.path(),
                found.size(),
                found.mode(),
                modified.0,
                modified.1,
                changed.0,
                changed.1,
            ));
        }
    }
    Ok(())
}

/// A directory that is looked at.
pub(crate) struct Watched {
    dir: PathBuf,
    seen: Snapshot,
    pause: Duration,
}

impl Watched {
    /// As it is now.
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            seen: Snapshot::of(&dir),
            dir,
            pause: PAUSE,
        }
    }

    /// Resolves when the directory has changed and is quiet again.
    pub(crate) async fn changed(&mut self, clock: &dyn Clock) {
        loop {
            tokio::time::sleep(self.pause).await;
            let mut now = self.look(clock).await;
            if now == self.seen {
                continue;
            }
            loop {
                tokio::time::sleep(QUIET).await;
                let then = self.look(clock).await;
                if then == now {
                    break;
                }
                now = then;
            }
            // It may be as it was again.
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    async fn look(&mut self, clock: &dyn Clock) -> Snapshot {
        let began = clock.monotonic_micros();
        let dir = self.dir.clone();
        let looked = tokio::task::spawn_blocking(move || Snapshot::of(&dir)).await;
        let took = Duration::from_micros(clock.monotonic_micros().saturating_sub(began));
        self.pause = PAUSE.max(took * SHARE);
        // It fails when the server stops.
        looked.unwrap_or(self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SystemClock;

    #[test]
    fn whatever_happens_to_a_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let mut seen = vec![Snapshot::of(dir.path())];
        let mut changed = |what: &str| {
            let now = Snapshot::of(dir.path());
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        fs::create_dir(path("package")).unwrap();
        changed("a directory");
        fs::write(path("package/a.py"), "1").unwrap();
        changed("a file");
        fs::write(path("package/a.py"), "12").unwrap();
        changed("its size");
        fs::rename(path("package/a.py"), path("package/b.py")).unwrap();
        changed("its name");
        fs::remove_file(path("package/b.py")).unwrap();
        fs::remove_dir(path("package")).unwrap();
        let now = Snapshot::of(dir.path());
        for ignored in [".git", "__pycache__"] {
            fs::create_dir(path(ignored)).unwrap();
            fs::write(path(ignored).join("x"), "").unwrap();
        }
        assert_eq!(Snapshot::of(dir.path()), now);
    }

    #[tokio::test]
    async fn a_change_is_told_once() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), SystemClock::default());
        let mut watched = Watched::new(dir.path().to_owned());
        fs::write(dir.path().join("a"), "1").unwrap();
        watched.changed(&clock).await;
        let again = tokio::time::timeout(3 * PAUSE, watched.changed(&clock)).await;
        assert!(again.is_err());
    }
}
