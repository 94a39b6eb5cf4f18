//! The storage contract: what Lambent remembers, whichever engine remembers it.
//!
//! Reads go through one trait per table. Every change is a [`Transaction`]: data that names its conditions and its changes, applied
//! as a whole or not at all. That form asks nothing of the engine but atomicity, so it holds for an embedded database with one
//! writer and for a database that many nodes share.
//!
//! A commit that was answered `Ok` survives the death of the process and, where the engine can, of the machine.

mod code;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "contract")]
mod contract_deliveries;
#[cfg(feature = "contract")]
mod contract_messages;
mod delivery;
mod document;
mod event;
mod function;
mod image;
mod message;
mod metric;
mod object;
mod transaction;
pub mod typed;

pub use code::{CodePin, CodeStore, IntakeError};
pub use delivery::DeliveryTable;
pub use document::{Document, DocumentKey, DocumentPage, DocumentQuery, DocumentTable, Kind};
pub use event::{EventTable, NodeId};
pub use function::{FunctionPage, FunctionTable};
pub use image::{ImageError, ImageSettings, ImageStore, InstalledImage};
pub use message::{MessageCounts, MessageTable, ReceiveMessages, Retention};
pub use metric::{Kept, MetricTable, MinutePart, Series};
pub use object::{ObjectError, ObjectName, ObjectStore};
pub use transaction::{Change, CommitError, Condition, Transaction};

use std::{future::Future, pin::Pin};

/// A future in a box: traits here are used as objects, so that the engine is chosen at start.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The engine could not answer: a full disk, a lost connection, damage. Nothing is known to have changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable: {0}")]
pub struct Unavailable(pub String);

/// A whole store: all tables and the way to change them.
pub trait Store: FunctionTable + EventTable + DocumentTable + DeliveryTable + MessageTable {
    /// Applies a transaction as a whole or not at all. `Ok` means durable.
    ///
    /// # Errors
    /// [`CommitError::Condition`] names the first condition that did not hold; nothing has changed then.
    fn commit(&self, transaction: Transaction) -> BoxFuture<'_, Result<(), CommitError>>;
}
