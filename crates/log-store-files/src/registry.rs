//! Which streams a group has, and which numbers they have in its blocks: a file of additions and removals.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Length and checksum before each entry.
const HEAD: usize = 8;
const ADDED: u8 = 1;
const REMOVED: u8 = 2;

/// Who made a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client; it stays until a client removes it.
    Client,
    /// A writer that writes once and not again; it goes with its last event.
    Writer,
}

/// A stream of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    /// Milliseconds since the epoch.
    pub(crate) created: u64,
    pub(crate) origin: Origin,
}

/// A group's streams.
#[derive(Debug)]
pub(crate) struct Registry {
    path: PathBuf,
    /// While it is written to: there may be many thousand groups.
    file: Option<Arc<File>>,
    numbers: HashMap<Arc<str>, u32>,
    entries: BTreeMap<u32, Entry>,
    next: u32,
    /// Entries in the file.
    written: usize,
}

/// So many entries about streams that are gone are not worth the work.
const FORGIVEN: usize = 1_000;

impl Registry {
    /// Reads the file, or makes it. An entry that was not written to its end is cut off.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let mut registry = Self {
            path: path.to_owned(),
            file: None,
            numbers: HashMap::new(),
            entries: BTreeMap::new(),
            next: 0,
            written: 0,
        };
        let mut rest = bytes.as_slice();
        while let Some((entry, behind)) = take(rest) {
            registry.apply(entry);
            rest = behind;
        }
        // It is there from now on, whole.
        registry.file()?.set_len((bytes.len() - rest.len()) as u64)?;
        registry.rest();
        Ok(registry)
    }

    fn apply(&mut self, entry: &[u8]) {
        self.written += 1;
        let Some((kind, rest)) = entry.split_first() else {
            return;
        };
        let Some((number, rest)) = rest.split_first_chunk::<4>() else {
            return;
        };
        let number = u32::from_le_bytes(*number);
        self.next = self.next.max(number.saturating_add(1));
        if *kind == REMOVED {
            self.drop_entry(number);
            return;
        }
        let Some((created, rest)) = rest.split_first_chunk::<8>() else {
            return;
        };
        let Some((origin, name)) = rest.split_first() else {
            return;
        };
        let entry = Entry {
            name: String::from_utf8_lossy(name).into(),
            created: u64::from_le_bytes(*created),
            origin: if *origin == 0 { Origin::Client } else { Origin::Writer },
        };
        self.numbers.insert(Arc::clone(&entry.name), number);
        self.entries.insert(number, entry);
    }

    fn drop_entry(&mut self, number: u32) {
        if let Some(entry) = self.entries.remove(&number) {
            self.numbers.remove(&entry.name);
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(&number)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.entries.iter().map(|(number, entry)| (*number, entry))
    }

    /// Adds a stream that is not there.
    pub(crate) fn add(&mut self, name: &str, created: u64, origin: Origin) -> io::Result<u32> {
        let number = self.next;
        let mut entry = vec![ADDED];
        entry.extend_from_slice(&number.to_le_bytes());
        entry.extend_from_slice(&created.to_le_bytes());
        entry.push(u8::from(origin == Origin::Writer));
        entry.extend_from_slice(name.as_bytes());
        self.write(&entry)?;
        self.apply(&entry);
        Ok(number)
    }

    /// Removes a stream. Its number is not used again.
    pub(crate) fn remove(&mut self, number: u32) -> io::Result<()> {
        let mut entry = vec![REMOVED];
        entry.extend_from_slice(&number.to_le_bytes());
        self.write(&entry)?;
        self.apply(&entry);
        Ok(())
    }

    fn write(&mut self, entry: &[u8]) -> io::Result<()> {
        let length = u32::try_from(entry.len()).map_err(io::Error::other)?;
        let mut framed = length.to_le_bytes().to_vec();
        framed.extend_from_slice(&crc32fast::hash(entry).to_le_bytes());
        framed.extend_from_slice(entry);
        let file = self.file()?;
        let mut file = &*file;
        let before = file.metadata()?.len();
        // What is behind half an entry would not be found again.
        file.write_all(&framed).inspect_err(|_| {
            let _ = file.set_len(before);
        })
    }

    /// Writes the file anew if most of it is about streams that are gone.
    pub(crate) fn compact(&mut self, path: &Path) -> io::Result<()> {
        if self.written < 2 * self.entries.len() + FORGIVEN {
            return Ok(());
        }
        let fresh_path = path.with_extension("new");
        let _ = fs::remove_file(&fresh_path);
        let mut fresh = Self::open(&fresh_path)?;
        for (number, entry) in &self.entries {
            fresh.next = *number;
            fresh.add(&entry.name, entry.created, entry.origin)?;
        }
        // The highest number stays known, so that it is not used again.
        fresh.remove(self.next.saturating_sub(1).max(fresh.next))?;
        fresh.next = self.next;
        fresh.file()?.sync_data()?;
        fs::rename(&fresh_path, path)?;
        fresh.path = path.to_owned();
        *self = fresh;
        Ok(())
    }

    fn file(&mut self) -> io::Result<Arc<File>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(OpenOptions::new().create(true).append(true).open(&self.path)?);
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// The file that was written to, for syncing.
    pub(crate) fn written_to(&self) -> Option<Arc<File>> {
        self.file.clone()
    }

    /// Closes the file until something is written again.
    pub(crate) fn rest(&mut self) {
        self.file = None;
    }
}

/// The entry at the beginning, if it is whole, and what is behind it.
fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let checksum = u32::from_le_bytes(bytes.get(4..HEAD)?.try_into().ok()?);
    let end = HEAD.checked_add(usize::try_from(length).ok()?)?;
    let entry = bytes.get(HEAD..end)?;
    (crc32fast::hash(entry) == checksum).then(|| (entry, &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_there_again_and_numbers_are_not_used_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streams");
        let mut registry = Registry::open(&path).unwrap();
        let (first, second) = (
            registry.add("a", 7, Origin::Client).unwrap(),
            registry.add("b", 8, Origin::Writer).unwrap(),
        );
        registry.remove(second).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, [&bytes[..], &[9, 0, 0]].concat()).unwrap();
        let mut registry = Registry::open(&path).unwrap();
        assert_eq!((registry.number("a"), registry.number("b")), (Some(first), None));
        assert_eq!(registry.entry(first).map(|entry| entry.created), Some(7));
        assert_eq!(registry.add("b", 9, Origin::Client).unwrap(), second + 1);
        assert_eq!(Registry::open(&path).unwrap().entries().count(), 2);
    }

    #[test]
    fn what_is_gone_takes_no_room_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streams");
        let mut registry = Registry::open(&path).unwrap();
        let kept = registry.add("kept", 7, Origin::Client).unwrap();
        for round in 0..3_000 {
            let number = registry.add(&format!("stream-{round}"), 8, Origin::Writer).unwrap();
            registry.remove(number).unwrap();
            registry.compact(&path).unwrap();
        }
        assert!(fs::metadata(&path).unwrap().len() < 100_000);
        let mut registry = Registry::open(&path).unwrap();
        assert_eq!(registry.number("kept"), Some(kept));
        assert_eq!(registry.add("next", 9, Origin::Client).unwrap(), 3_001);
    }
}
