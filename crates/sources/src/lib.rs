//! Event sources: reads queues for functions, as event source mappings say.
//!
//! ```text
//! supervisor ── one task for each mapping that is on ── receive ─ filter ─ gather ── batch ── the one invoker
//!                                                                                     └── delete what was handled; the rest is
//!                                                                                         visible again when its time is over
//! ```
//!
//! A message is deleted only after the function has returned from it, so that whatever happens to the process, what was not handled
//! comes back. What a batch is and what becomes of it is decided in `engine::batch`.

mod poller;
mod record;
mod supervisor;

pub use supervisor::{BatchEnd, Functions, Sources};
