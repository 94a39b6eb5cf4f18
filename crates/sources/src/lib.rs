//! Event sources: reads queues for functions, as event source mappings say.
//!
//! ```text
//! supervisor ── a poller for each mapping that is on ── a task for each batch: receive ─ filter ─ gather ── the one invoker
//!                 └── as many as the queue needs                                         └── delete what was handled; the rest is
//!                                                                                            visible again when its time is over
//! ```
//!
//! A message is deleted only after the function has returned from it, so that whatever happens to the process, what was not handled
//! comes back. What a batch is, what becomes of it and how many there are is decided in `engine::batch`. A queue is whatever implements
//! [`Queue`]: the server's own, or one behind an endpoint that speaks SQS ([`Remote`]). How mappings stand is on the [`Board`].

mod board;
mod desk;
mod embedded;
mod poller;
mod queue;
mod record;
mod remote;
mod supervisor;
#[cfg(test)]
mod testing;
mod work;

pub use board::Board;
pub use desk::Desk;
pub use queue::{Queue, Queues, Received, Trouble};
pub use remote::{InvalidEndpoint, Keys, Remote};
pub use supervisor::{BatchEnd, Functions, Mappings, Sources};
