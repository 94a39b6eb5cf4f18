//! What the tests of operations share.

use crate::Core;
use lambent_control_core::{Pace, testing};
use lambent_store_memory::MemoryStore;
use std::sync::Arc;

pub(crate) use testing::{context, record, refused};

/// What operations work with, over a store in memory.
pub(crate) fn core() -> Core {
    testing::core(Arc::new(MemoryStore::default()), Pace::AtOnce)
}
