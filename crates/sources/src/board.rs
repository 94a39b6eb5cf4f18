//! What is known of the mappings that are read, for those who ask how they stand.

use lambent_types::event_source_mapping::EventSourceMapping;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How the mappings stand that are read. Kept in memory: after a restart reading begins anew. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether somebody reads at all.
    attended: bool,
    read: BTreeMap<String, Standing>,
    results: BTreeMap<String, Outcome>,
}

/// How a mapping is read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Batches of what it was before may be under way.
    Changing,
    /// As this, and nothing of what it was before is under way.
    Settled(Arc<EventSourceMapping>),
}

/// What came of the last batch, or of the last look at the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was handled.
    Ok,
    /// It was not; AWS's words for why.
    Problem(String),
}

/// The end of a batch that the function did not handle, as AWS says it.
pub(crate) const CALL_FAILED: &str = "Function call failed";

impl Board {
    /// Whether what was said of a mapping has taken effect: one that is on is read as it is, one that is off or goes is not read.
    #[must_use]
    pub fn in_effect(&self, mapping: &EventSourceMapping, read: bool) -> bool {
        let state = self.state();
        match state.read.get(&mapping.id) {
            _ if !state.attended => true,
            Some(Standing::Settled(now)) => read && **now == *mapping,
            Some(Standing::Changing) => false,
            None => !read,
        }
    }

    /// `LastProcessingResult` of a mapping of a queue. AWS shows none while all goes well (recorded:
    /// `test_sqs_event_source_mapping_update`); from the first problem on it is told what came of the last batch.
    #[must_use]
    pub fn last_result(&self, id: &str) -> Option<String> {
        Some(match self.state().results.get(id)? {
            Outcome::Ok => "OK".to_owned(),
            Outcome::Problem(what) => format!("PROBLEM: {what}"),
        })
    }

    /// Says that mappings were changed: whoever reads them looks at once.
    pub fn changed(&self) {
        self.0.changed.notify_one();
    }

    pub(crate) async fn wait_for_change(&self) {
        self.0.changed.notified().await;
    }

    /// Somebody reads from now on.
    pub(crate) fn attend(&self) {
        self.state().attended = true;
    }

    /// A mapping has been changed, and batches of what it was before may be under way.
    pub(crate) fn changing(&self, id: &str) {
        self.state().read.insert(id.to_owned(), Standing::Changing);
    }

    /// A mapping is read as this.
    pub(crate) fn settled(&self, mapping: &Arc<EventSourceMapping>) {
        let settled = Standing::Settled(Arc::clone(mapping));
        self.state().read.insert(mapping.id.clone(), settled);
    }

    /// A mapping is not read any more.
    pub(crate) fn ended(&self, id: &str) {
        self.state().read.remove(id);
    }

    /// A mapping is no more.
    pub(crate) fn forget(&self, id: &str) {
        self.state().results.remove(id);
    }

    /// Notes what came of a batch. Returns whether that is another problem than before.
    pub(crate) fn note(&self, id: &str, outcome: Outcome) -> bool {
        let mut state = self.state();
        match (state.results.get(id), &outcome) {
            (None, Outcome::Ok) => false,
            (Some(before), _) if *before == outcome => false,
            _ => {
                let problem = outcome != Outcome::Ok;
                state.results.insert(id.to_owned(), outcome);
                problem
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mapping;

    #[test]
    fn a_change_is_in_effect_once_nothing_of_what_was_before_is_under_way() {
        let board = Board::default();
        let (first, second) = (Arc::new(mapping(1)), Arc::new(mapping(2)));
        assert!(
            board.in_effect(&first, true),
            "where nobody reads, nothing is waited for"
        );
        board.attend();
        assert!(!board.in_effect(&first, true) && board.in_effect(&first, false));
        board.changing("m");
        assert!(!board.in_effect(&first, true));
        board.settled(&first);
        assert!(board.in_effect(&first, true) && !board.in_effect(&second, true) && !board.in_effect(&first, false));
        board.ended("m");
        assert!(board.in_effect(&first, false));
    }

    #[test]
    fn a_result_is_told_from_the_first_problem_on() {
        let board = Board::default();
        assert!(!board.note("m", Outcome::Ok));
        assert_eq!(board.last_result("m"), None);
        let problem = Outcome::Problem(CALL_FAILED.to_owned());
        assert!(board.note("m", problem.clone()) && !board.note("m", problem));
        assert_eq!(board.last_result("m").as_deref(), Some("PROBLEM: Function call failed"));
        assert!(!board.note("m", Outcome::Ok));
        assert_eq!(board.last_result("m").as_deref(), Some("OK"));
        board.forget("m");
        assert_eq!(board.last_result("m"), None);
    }
}
