//! Logs in append-only files.
//!
//! ```text
//! <root>/<group>/group.json      whose it is
//! <root>/<group>/streams         additions and removals of streams
//! <root>/<group>/<number>.log    a segment: blocks of events in the order in which they came, of all streams together
//! <root>/<group>/<number>.idx    a sealed segment's index: which moments and which streams are where
//! ```
//!
//! Environments write into buffers of their own; one thread writes these into the groups' last segments ten times a second, or at once
//! when much waits. Another syncs every second. So `kill -9` costs what was written in the last tenth of a second, and a crash of the
//! machine what was written in the last second or so; a block that was not written to its end is recognised by its checksum and cut off
//! at the next start. What [`append`](lambent_log_store::LogStore::append) answered is in the file.
//!
//! Memory holds an index entry for every 64 KB of logs: about 1 MB for each GB.

mod block;
mod files;
mod group;
mod index;
mod outbox;
mod read;
mod registry;
mod segment;

pub use files::{FileLogs, Options};
