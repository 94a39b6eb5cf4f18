//! What the operations on mappings ask of those who read.

use crate::{Board, Queues, Trouble};
use lambent_types::QueueKey;
use std::{fmt, sync::Arc, time::Duration};

/// A queue that does not answer for so long is taken to be there: reading it will show.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells how mappings stand and whether queues exist. Cheap to clone.
#[derive(Clone, Default)]
pub struct Desk {
    /// How mappings stand.
    pub board: Board,
    /// The queues, where there are some.
    pub queues: Option<Arc<dyn Queues>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// Why a queue cannot be read because there is none of this name. Whatever else is wrong with it may be right by the time it is read.
    pub async fn missing(&self, key: &QueueKey) -> Option<Trouble> {
        let queue = self.queues.as_ref()?.queue(key);
        let asked = tokio::time::timeout(PATIENCE, queue.visibility_timeout()).await;
        asked.ok()?.err().filter(Trouble::is_no_queue)
    }
}
