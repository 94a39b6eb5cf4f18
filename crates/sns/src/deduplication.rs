//! Messages of FIFO topics that were published in the last minutes. They are kept in memory: a queue that a topic leads to tells
//! repetitions by the same id, so that one which comes after a restart ends there.

use crate::topic::TopicKey;
use lambent_types::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// AWS's deduplication interval.
const WINDOW: Duration = Duration::from_secs(300);

/// What was answered to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) message_id: String,
    /// In a FIFO topic.
    pub(crate) sequence_number: Option<String>,
}

#[derive(Default)]
pub(crate) struct Recent(Mutex<State>);

#[derive(Default)]
struct State {
    newest: i64,
    seen: HashMap<(TopicKey, String), (Timestamp, Published)>,
}

impl Recent {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to the message that was published under this id, if that was lately; if not, remembers `published`.
    pub(crate) fn repeated(
        &self,
        topic: &TopicKey,
        id: &str,
        published: &Published,
        now: Timestamp,
    ) -> Option<Published> {
        let mut state = self.state();
        state.seen.retain(|_, (at, _)| now.since(*at) < WINDOW);
        let key = (topic.clone(), id.to_owned());
        if let Some((_, first)) = state.seen.get(&key) {
            return Some(first.clone());
        }
        state.seen.insert(key, (now, published.clone()));
        None
    }

    /// A message that could not be published was not.
    pub(crate) fn forget(&self, topic: &TopicKey, id: &str) {
        self.state().seen.remove(&(topic.clone(), id.to_owned()));
    }

    /// A number of twenty digits behind all that were given.
    pub(crate) fn sequence_number(&self, now: Timestamp) -> String {
        let mut state = self.state();
        state.newest = now.as_micros().max(state.newest.saturating_add(1));
        format!("1{:019}", state.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_repetition_is_answered_as_the_first_for_a_while() {
        let (recent, topic) = (Recent::default(), testing::topic("t.fifo"));
        let published = |id: &str| Published {
            message_id: id.to_owned(),
            sequence_number: None,
        };
        let start = Timestamp::from_micros(0);
        assert_eq!(recent.repeated(&topic, "d", &published("1"), start), None);
        let soon = start.plus(WINDOW - Duration::from_secs(1));
        assert_eq!(
            recent.repeated(&topic, "d", &published("2"), soon),
            Some(published("1"))
        );
        assert_eq!(recent.repeated(&topic, "d", &published("3"), start.plus(WINDOW)), None);
        recent.forget(&topic, "d");
        assert_eq!(recent.repeated(&topic, "d", &published("4"), start.plus(WINDOW)), None);
    }

    #[test]
    fn numbers_grow_whatever_the_clock_does() {
        let recent = Recent::default();
        let numbers = [5, 5, 3].map(|micros| recent.sequence_number(Timestamp::from_micros(micros)));
        assert!(
            numbers.is_sorted() && numbers.iter().all(|number| number.len() == 20),
            "{numbers:?}"
        );
        assert_ne!(numbers[0], numbers[1]);
    }
}
