//! What the tests of operations share.

use crate::{Control, Pace};
use lambent_control_core::testing;
use lambent_store_memory::MemoryStore;
use std::sync::Arc;

pub(crate) use testing::{context, record, refused};

/// A control plane over a store in memory. It can do everything but run functions.
pub(crate) fn control() -> Control {
    control_at(Pace::AtOnce)
}

/// The same, in which functions come to rest at that pace.
pub(crate) fn control_at(pace: Pace) -> Control {
    Control(testing::core(Arc::new(MemoryStore::default()), pace))
}
