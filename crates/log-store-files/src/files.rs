//! The store: its groups, the threads that write and look after them, and the contract.

use crate::{
    group::{Group, unavailable},
    outbox::{self, Outbox, Outboxes},
    read,
    registry::Origin,
};
use lambent_log_store as contract;
use lambent_log_store::{BoxFuture, Event, LogError, LogGroupKey, LogStore, NewEvent, Outlet, Page, Query, Stream};
use lambent_types::{Clock, Scope, Sha256Digest};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use tokio::sync::{Semaphore, watch};

/// How often what was written is synced, and the size looked at.
const CARE: Duration = Duration::from_secs(1);
/// Files of groups that are not written to are closed every so often, in rounds of care.
const REST: u32 = 10;
/// A segment is sealed at this length, or earlier where little may be kept.
const SEGMENT: u64 = 16 << 20;
/// With more files than this to sync, the file system syncs all it has at once.
const SYNCED_ONE_BY_ONE: usize = 32;
/// Pages read at the same time: each takes a thread and some megabytes.
const READERS: usize = 16;

/// What an operator can set.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// All logs together take no more room than this, in bytes, for longer than a second; the oldest go first.
    pub most_bytes: u64,
}

/// Logs in files. Dropping it writes and syncs what waits.
pub struct FileLogs {
    shared: Arc<Shared>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    care: Mutex<Option<mpsc::Sender<()>>>,
}

struct Shared {
    root: PathBuf,
    options: Options,
    clock: Arc<dyn Clock>,
    groups: RwLock<BTreeMap<LogGroupKey, Arc<Group>>>,
    outboxes: Arc<Outboxes>,
    /// Held while outboxes are emptied: who comes after finds in files what was in them.
    emptying: Mutex<()>,
    written: watch::Sender<u64>,
    lost: AtomicU64,
    readers: Semaphore,
}

impl FileLogs {
    /// Takes up what is in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(root: &Path, options: Options, clock: Arc<dyn Clock>) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let now = u64::try_from(clock.now().as_micros()).unwrap_or(0);
        let mut groups = BTreeMap::new();
        for entry in fs::read_dir(root)? {
            let folder = entry?.path();
            if folder.extension().is_some() {
                // Half made or half removed.
                fs::remove_dir_all(&folder)?;
            } else if let Some(group) = Group::open(&folder, now)? {
                groups.insert(group.key.clone(), Arc::new(group));
            }
        }
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            options,
            clock,
            groups: RwLock::new(groups),
            outboxes: Arc::default(),
            emptying: Mutex::default(),
            written: watch::Sender::new(0),
            lost: AtomicU64::new(0),
            readers: Semaphore::new(READERS),
        });
        let (writing, caring) = (Arc::clone(&shared), Arc::clone(&shared));
        let (care, stop) = mpsc::channel();
        let writer = thread::Builder::new().name("log-writer".to_owned()).spawn(move || {
            while writing.outboxes.wait() {
                writing.empty_outboxes();
            }
            writing.empty_outboxes();
        })?;
        let keeper = thread::Builder::new().name("log-keeper".to_owned()).spawn(move || {
            let mut round = 0_u32;
            while stop.recv_timeout(CARE) == Err(RecvTimeoutError::Timeout) {
                round = round.wrapping_add(1);
                caring.care(round.is_multiple_of(REST));
            }
        })?;
        Ok(Self {
            shared,
            threads: Mutex::new(vec![writer, keeper]),
            care: Mutex::new(Some(care)),
        })
    }

    /// Writes and syncs what waits, and ends. What comes later is lost.
    pub fn close(&self) {
        self.shared.outboxes.stop();
        drop(lock(&self.care).take());
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            let _ = thread.join();
        }
        self.shared.empty_outboxes();
        self.shared.care(true);
    }

    /// Events that could not be written since the server started.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// The room that all logs take.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.shared.all_groups().iter().map(|group| group.state().bytes()).sum()
    }

    /// Runs blocking work on a group.
    fn work<T: Send + 'static>(
        &self,
        key: &LogGroupKey,
        work: impl FnOnce(&Shared, &Group) -> Result<T, LogError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, LogError>> {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        Box::pin(async move {
            let permit = self.shared.readers.acquire().await.map_err(unavailable)?;
            let done = tokio::task::spawn_blocking(move || {
                shared.empty_outboxes();
                let group = shared.group(&key).ok_or(LogError::GroupMissing)?;
                work(&shared, &group)
            });
            let done = done.await.map_err(unavailable)?;
            drop(permit);
            done
        })
    }
}

impl Drop for FileLogs {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn millis(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis()).unwrap_or(0)
    }

    fn group(&self, key: &LogGroupKey) -> Option<Arc<Group>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(key).cloned()
    }

    fn all_groups(&self) -> Vec<Arc<Group>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.values().cloned().collect()
    }

    /// Makes a group that is not there.
    fn create(&self, key: &LogGroupKey, durable: bool) -> Result<Arc<Group>, LogError> {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.contains_key(key) {
            return Err(LogError::GroupExists);
        }
        let group = Group::create(self.folder(key), key, self.millis(), durable).map_err(unavailable)?;
        let group = Arc::new(group);
        groups.insert(key.clone(), Arc::clone(&group));
        Ok(group)
    }

    /// A group's name may be longer than a file's, and has slashes.
    fn folder(&self, key: &LogGroupKey) -> PathBuf {
        let scope = &key.scope;
        let digest = Sha256Digest::of(format!("{} {} {}", scope.account, scope.region, key.name).as_bytes());
        self.root.join(&digest.to_hex()[..40])
    }

    fn delete(&self, key: &LogGroupKey) -> Result<(), LogError> {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let group = groups.get(key).ok_or(LogError::GroupMissing)?;
        let gone = group.folder.with_extension("gone");
        let _ = fs::remove_dir_all(&gone);
        fs::rename(&group.folder, &gone).map_err(unavailable)?;
        group.state().close();
        groups.remove(key);
        drop(groups);
        fs::remove_dir_all(&gone).map_err(unavailable)
    }

    /// Writes what is in the outboxes, group by group.
    fn empty_outboxes(&self) {
        let emptying = lock(&self.emptying);
        let mut by_group: BTreeMap<&LogGroupKey, Vec<(&Outbox, Vec<u8>)>> = BTreeMap::new();
        let boxes = self.outboxes.take();
        for outbox in &boxes {
            by_group.entry(&outbox.key).or_default().push((outbox, outbox.take()));
        }
        if by_group.is_empty() {
            return;
        }
        for (key, taken) in by_group {
            let mut written = self.write(key, &taken);
            if written == Err(LogError::GroupMissing) {
                // A client has just removed it: who goes on writing makes it anew.
                written = self.write(key, &taken);
            }
            if let Err(error) = written {
                let count: usize = taken.iter().map(|(_, frames)| outbox::events(frames).count()).sum();
                let lost = self.lost.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
                tracing::error!(%error, group = key.name, count, lost, "log events could not be written and are lost");
            }
            for (outbox, frames) in taken {
                outbox.written(frames);
            }
        }
        drop(emptying);
        self.tell();
    }

    /// The group and the streams are made where they are missing.
    fn write(&self, key: &LogGroupKey, taken: &[(&Outbox, Vec<u8>)]) -> Result<(), LogError> {
        let now = self.millis();
        let group = match self.group(key) {
            Some(group) => group,
            None => self.create(key, false)?,
        };
        let mut state = group.state();
        let mut numbered = Vec::with_capacity(taken.len());
        for (outbox, frames) in taken {
            numbered.push((state.stream(&outbox.stream, now, Some(Origin::Writer))?, frames));
        }
        let events = numbered
            .iter()
            .flat_map(|(stream, frames)| outbox::events(frames).map(|(millis, message)| (*stream, millis, message)));
        state.append(now, events)?;
        state.roll(self.longest_segment()).map_err(unavailable)
    }

    fn longest_segment(&self) -> u64 {
        SEGMENT.min(self.options.most_bytes / 8).max(1 << 16)
    }

    fn tell(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Syncs what was written, and keeps to the size.
    fn care(&self, rest: bool) {
        let groups = self.all_groups();
        if let Err(error) = self.sync(&groups) {
            tracing::error!(%error, "logs could not be synced");
        }
        if rest {
            for group in &groups {
                group.state().rest();
            }
        }
        if let Err(error) = self.shrink(&groups) {
            tracing::error!(%error, "logs take more room than they may");
        }
    }

    fn sync(&self, groups: &[Arc<Group>]) -> io::Result<()> {
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for group in groups {
            let (unsynced, folder) = group.state().take_unsynced();
            files.extend(unsynced);
            if folder {
                folders.push(&group.folder);
            }
        }
        if files.len() + folders.len() > SYNCED_ONE_BY_ONE {
            return Ok(rustix::fs::syncfs(File::open(&self.root)?)?);
        }
        for file in files {
            file.sync_data()?;
        }
        for folder in folders {
            match File::open(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => opened?.sync_all()?,
            }
        }
        Ok(())
    }

    /// Removes the oldest segments of all until the rest fits.
    fn shrink(&self, groups: &[Arc<Group>]) -> io::Result<()> {
        let mut bytes: u64 = groups.iter().map(|group| group.state().bytes()).sum();
        while bytes > self.options.most_bytes {
            let oldest = groups
                .iter()
                .filter_map(|group| Some((group.state().oldest()?, group)))
                .min_by_key(|(latest, _)| *latest);
            let Some((_, group)) = oldest else { break };
            let mut state = group.state();
            bytes -= state.bytes();
            state.drop_oldest()?;
            bytes += state.bytes();
        }
        Ok(())
    }
}

impl LogStore for FileLogs {
    fn create_group(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<(), LogError>> {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        Box::pin(async move {
            let made = tokio::task::spawn_blocking(move || shared.create(&key, true).map(drop));
            made.await.map_err(unavailable)?
        })
    }

    fn delete_group(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<(), LogError>> {
        self.work(key, |shared, group| shared.delete(&group.key))
    }

    fn group(&self, key: &LogGroupKey) -> Option<contract::Group> {
        self.shared.group(key).map(|group| shown(&group))
    }

    fn groups(&self, scope: &Scope) -> Vec<contract::Group> {
        let groups = self.shared.groups.read().unwrap_or_else(PoisonError::into_inner);
        let of_scope = groups.iter().filter(|(key, _)| key.scope == *scope);
        of_scope.map(|(_, group)| shown(group)).collect()
    }

    fn create_stream(&self, key: &LogGroupKey, stream: &str) -> BoxFuture<'_, Result<(), LogError>> {
        let stream = stream.to_owned();
        self.work(key, move |shared, group| {
            let mut state = group.state();
            match state.stream(&stream, 0, None) {
                Ok(_) => Err(LogError::StreamExists),
                Err(LogError::StreamMissing) => {
                    state.stream(&stream, shared.millis(), Some(Origin::Client))?;
                    state.dirty.registry = true;
                    Ok(())
                }
                Err(other) => Err(other),
            }
        })
    }

    fn delete_stream(&self, key: &LogGroupKey, stream: &str) -> BoxFuture<'_, Result<(), LogError>> {
        let stream = stream.to_owned();
        self.work(key, move |_, group| group.state().remove_stream(&stream))
    }

    fn streams(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<Vec<Stream>, LogError>> {
        self.work(key, |_, group| Ok(group.state().streams()))
    }

    fn append(&self, key: &LogGroupKey, stream: &str, events: Vec<NewEvent>) -> BoxFuture<'_, Result<(), LogError>> {
        let stream = stream.to_owned();
        self.work(key, move |shared, group| {
            let mut state = group.state();
            let number = state.stream(&stream, 0, None)?;
            let events = events
                .iter()
                .map(|event| (number, event.millis, event.message.as_slice()));
            state.append(shared.millis(), events)?;
            state.roll(shared.longest_segment()).map_err(unavailable)?;
            drop(state);
            shared.tell();
            Ok(())
        })
    }

    fn outlet(&self, key: &LogGroupKey, stream: &str) -> Arc<dyn Outlet> {
        Outbox::new(key, stream, &self.shared.outboxes)
    }

    fn read(&self, query: Query) -> BoxFuture<'_, Result<Page, LogError>> {
        let key = query.group.clone();
        self.work(&key, move |_, group| read::read(group, &query))
    }

    fn follow(&self, key: &LogGroupKey, after: u64, most_bytes: usize) -> BoxFuture<'_, Result<Vec<Event>, LogError>> {
        self.work(key, move |_, group| read::follow(group, after, most_bytes))
    }

    fn newest(&self, key: &LogGroupKey) -> Option<u64> {
        Some(self.shared.group(key)?.state().newest_sequence())
    }

    fn written(&self) -> watch::Receiver<u64> {
        self.shared.written.subscribe()
    }

    fn forget_before(&self, key: &LogGroupKey, millis: u64) -> BoxFuture<'_, Result<(), LogError>> {
        self.work(key, move |_, group| {
            group.state().forget_before(millis).map_err(unavailable)
        })
    }
}

fn shown(group: &Group) -> contract::Group {
    contract::Group {
        key: group.key.clone(),
        created: group.created,
        stored_bytes: group.state().bytes(),
    }
}
