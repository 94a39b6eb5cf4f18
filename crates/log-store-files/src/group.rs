//! One group: its streams, its segments, and the folder they are in.

mod view;

pub(crate) use view::Snapshot;

use crate::{
    block::{self, Builder},
    registry::{Origin, Registry},
    segment::Segment,
};
use lambent_log_store::{LogError, LogGroupKey};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What names a group's folder's owner, in the folder.
const NAME_FILE: &str = "group.json";
const STREAMS_FILE: &str = "streams";
/// A segment is sealed when its events are so far apart, so that retention finds whole segments to remove.
const SEGMENT_MILLIS: u64 = 24 * 3_600 * 1_000;

/// What is in the file that names the group.
#[derive(Serialize, Deserialize)]
struct Named {
    account: String,
    region: String,
    name: String,
    /// Milliseconds since the epoch.
    created: u64,
}

/// A group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: LogGroupKey,
    /// Milliseconds since the epoch.
    pub(crate) created: u64,
    pub(crate) folder: PathBuf,
    state: Mutex<State>,
}

/// What changes of a group.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    registry: Registry,
    /// In order; the last one is appended to.
    segments: Vec<Segment>,
    /// The last segment's file while it is written to.
    open: Option<Arc<File>>,
    /// Files of sealed segments that are to be synced once more.
    sealed: Vec<Arc<File>>,
    next_sequence: u64,
    removed: bool,
    pub(crate) dirty: Dirty,
}

/// What was written since it was last taken care of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) blocks: bool,
    pub(crate) registry: bool,
    pub(crate) folder: bool,
}

impl Group {
    /// Makes a group's folder. It is there whole or not at all.
    pub(crate) fn create(folder: PathBuf, key: &LogGroupKey, created: u64, durable: bool) -> io::Result<Self> {
        let making = folder.with_extension("new");
        let _ = fs::remove_dir_all(&making);
        fs::create_dir_all(&making)?;
        let named = Named {
            account: key.scope.account.to_string(),
            region: key.scope.region.to_string(),
            name: key.name.clone(),
            created,
        };
        fs::write(making.join(NAME_FILE), serde_json::to_vec(&named)?)?;
        if durable {
            File::open(making.join(NAME_FILE))?.sync_all()?;
        }
        fs::rename(&making, &folder)?;
        if durable && let Some(parent) = folder.parent() {
            File::open(parent)?.sync_all()?;
        }
        Self::with(folder, key.clone(), created, created.saturating_mul(1_000))
    }

    /// Takes up a group. `None` if the folder is none's.
    pub(crate) fn open(folder: &Path, now_micros: u64) -> io::Result<Option<Self>> {
        let Ok(named) = fs::read(folder.join(NAME_FILE)) else {
            return Ok(None);
        };
        let Ok(named) = serde_json::from_slice::<Named>(&named) else {
            tracing::error!(folder = %folder.display(), "a log group's name cannot be read, and the group is left out");
            return Ok(None);
        };
        let (Ok(account), Ok(region)) = (named.account.parse(), named.region.parse()) else {
            tracing::error!(folder = %folder.display(), "a log group's owner cannot be read, and the group is left out");
            return Ok(None);
        };
        let key = LogGroupKey {
            scope: lambent_types::Scope { account, region },
            name: named.name,
        };
        Self::with(folder.to_owned(), key, named.created, now_micros).map(Some)
    }

    fn with(folder: PathBuf, key: LogGroupKey, created: u64, sequence: u64) -> io::Result<Self> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        paths.sort();
        let mut segments = Vec::new();
        for path in paths {
            segments.extend(Segment::open(&path)?);
        }
        let newest = segments.iter().filter_map(|segment| segment.index.end_sequence()).max();
        // Numbers begin with the time in microseconds, so that none is used again where all segments have gone.
        let next_sequence = newest.unwrap_or(0).max(sequence).max(1);
        if let Some((last, before)) = segments.split_last() {
            for unsealed in before.iter().filter(|segment| !segment.is_sealed()) {
                unsealed.seal()?;
            }
            // What is behind a sealed segment's index would not be found.
            if last.is_sealed() {
                segments.push(Segment::fresh(&folder, next_sequence));
            }
        }
        let mut registry = Registry::open(&folder.join(STREAMS_FILE))?;
        registry.compact(&folder.join(STREAMS_FILE))?;
        let state = State {
            folder: folder.clone(),
            registry,
            segments,
            open: None,
            sealed: Vec::new(),
            next_sequence,
            removed: false,
            dirty: Dirty::default(),
        };
        Ok(Self {
            key,
            created,
            folder,
            state: Mutex::new(state),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The number of a stream; it is made if it is not there and `origin` is given.
    pub(crate) fn stream(&mut self, name: &str, now: u64, origin: Option<Origin>) -> Result<u32, LogError> {
        if self.removed {
            return Err(LogError::GroupMissing);
        }
        match (self.registry.number(name), origin) {
            (Some(number), _) => Ok(number),
            (None, None) => Err(LogError::StreamMissing),
            (None, Some(origin)) => {
                self.dirty.registry = true;
                self.registry.add(name, now, origin).map_err(unavailable)
            }
        }
    }

    pub(crate) fn remove_stream(&mut self, name: &str) -> Result<(), LogError> {
        let number = self.stream(name, 0, None)?;
        self.dirty.registry = true;
        self.registry.remove(number).map_err(unavailable)?;
        self.registry
            .compact(&self.folder.join(STREAMS_FILE))
            .map_err(unavailable)
    }

    /// Appends events: the number of the stream, the moment, the message.
    pub(crate) fn append<'a>(
        &mut self,
        now: u64,
        events: impl Iterator<Item = (u32, u64, &'a [u8])>,
    ) -> Result<(), LogError> {
        if self.removed {
            return Err(LogError::GroupMissing);
        }
        let mut builder = Builder::new(self.next_sequence, now);
        for (stream, millis, message) in events {
            builder.push(stream, millis, message);
            if builder.is_full() {
                let next = Builder::new(builder.next_sequence(), now);
                self.write(std::mem::replace(&mut builder, next)).map_err(unavailable)?;
            }
        }
        if builder.is_empty() {
            return Ok(());
        }
        self.write(builder).map_err(unavailable)
    }

    fn write(&mut self, builder: Builder) -> io::Result<()> {
        let next = builder.next_sequence();
        let (head, bytes) = builder.finish();
        if self.segments.is_empty() {
            self.segments.push(Segment::fresh(&self.folder, self.next_sequence));
            self.dirty.folder = true;
        }
        let Some(segment) = self.segments.last_mut() else {
            return Ok(());
        };
        let file = match &self.open {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.open.insert(segment.file()?)),
        };
        let records = block::records(head, &bytes[block::HEAD..]);
        let written = segment.append(&file, head, &bytes, records);
        if written.is_err() {
            // Opening it again cuts off what may have been written of the block.
            self.open = None;
            return written;
        }
        self.next_sequence = next;
        self.dirty.blocks = true;
        Ok(())
    }

    /// Seals the last segment if it is so long, or spans so much time.
    pub(crate) fn roll(&mut self, longest: u64) -> io::Result<()> {
        let Some(last) = self.segments.last() else {
            return Ok(());
        };
        let spanned = last.index.latest().zip(last.index.earliest());
        let spanned = spanned.map_or(0, |(latest, earliest)| latest - earliest);
        if last.index.length() < longest && spanned < SEGMENT_MILLIS {
            return Ok(());
        }
        self.seal()
    }

    fn seal(&mut self) -> io::Result<()> {
        let Some(last) = self.segments.last() else {
            return Ok(());
        };
        last.seal()?;
        self.sealed.extend(self.open.take());
        let fresh = Segment::fresh(&self.folder, self.next_sequence);
        self.segments.push(fresh);
        self.dirty.folder = true;
        Ok(())
    }

    /// The files that have unsynced blocks or entries; they count as synced from now on.
    pub(crate) fn take_unsynced(&mut self) -> (Vec<Arc<File>>, bool) {
        let dirty = std::mem::take(&mut self.dirty);
        let mut files = std::mem::take(&mut self.sealed);
        if dirty.registry {
            files.extend(self.registry.written_to());
        }
        if dirty.blocks {
            files.extend(self.open.clone());
        }
        (files, dirty.folder)
    }

    /// Closes the files of a group that is not written to.
    pub(crate) fn rest(&mut self) {
        if !self.dirty.registry {
            self.registry.rest();
        }
        if !self.dirty.blocks {
            self.open = None;
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.index.length()).sum()
    }

    /// The latest moment of the oldest segment.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.segments.iter().find_map(|segment| segment.index.latest())
    }

    /// Removes the oldest segment that has anything.
    pub(crate) fn drop_oldest(&mut self) -> io::Result<()> {
        let Some(at) = self.segments.iter().position(|segment| segment.index.length() > 0) else {
            return Ok(());
        };
        self.drop_segment(at)
    }

    /// Removes the segments all of whose events are older.
    pub(crate) fn forget_before(&mut self, millis: u64) -> io::Result<()> {
        let is_old = |segment: &Segment| segment.index.latest().is_some_and(|latest| latest < millis);
        while let Some(at) = self.segments.iter().position(is_old) {
            self.drop_segment(at)?;
        }
        Ok(())
    }

    fn drop_segment(&mut self, at: usize) -> io::Result<()> {
        if at + 1 == self.segments.len() {
            self.seal()?;
        }
        self.segments[at].remove()?;
        let gone = self.segments.remove(at);
        for number in gone.index.shares.keys() {
            let is_elsewhere = self
                .segments
                .iter()
                .any(|segment| segment.index.shares.contains_key(number));
            let origin = self.registry.entry(*number).map(|entry| entry.origin);
            if !is_elsewhere && origin == Some(Origin::Writer) {
                self.dirty.registry = true;
                self.registry.remove(*number)?;
            }
        }
        self.registry.compact(&self.folder.join(STREAMS_FILE))
    }

    /// Nothing can be written any more.
    pub(crate) fn close(&mut self) {
        self.removed = true;
        self.open = None;
    }

    pub(crate) fn newest_sequence(&self) -> u64 {
        self.next_sequence - 1
    }
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> LogError {
    LogError::Unavailable(error.to_string())
}
