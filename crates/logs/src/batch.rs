//! The rules of `PutLogEvents`: which batches are refused, and which events of a batch are left out.

use crate::Refusal;
use lambent_log_store::NewEvent;

/// A batch has no more bytes than this: of messages, and so many for each event.
const LARGEST: usize = 1_048_576;
const EACH: usize = 26;
const HOUR: u64 = 3_600 * 1_000;
/// The events of a batch are no further apart.
const LONGEST_SPAN: u64 = 24 * HOUR;
/// Events from later than this are left out.
const FUTURE: u64 = 2 * HOUR;
/// Events from before this are left out.
const PAST: u64 = 14 * 24 * HOUR;

/// A batch that is not refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// What is to be kept.
    pub(crate) events: Vec<NewEvent>,
    pub(crate) left_out: LeftOut,
}

/// Which events were left out, by their places in the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// The first of those that are from the future.
    pub(crate) too_new_from: Option<usize>,
    /// Behind the last of those that are too old.
    pub(crate) too_old_to: Option<usize>,
    /// Behind the last of those that retention has forgotten.
    pub(crate) expired_to: Option<usize>,
}

/// Checks a batch at a moment, with retention back to another.
pub(crate) fn check(mut events: Vec<NewEvent>, now: u64, forgotten_before: u64) -> Result<Batch, Refusal> {
    let bytes: usize = events.iter().map(|event| event.message.len() + EACH).sum();
    if bytes > LARGEST {
        return refuse(format!("Upload too large: {bytes} bytes exceeds limit of {LARGEST}"));
    }
    if !events.is_sorted_by_key(|event| event.millis) {
        return refuse("Log events in a single PutLogEvents request must be in chronological order.".to_owned());
    }
    let span = events.last().zip(events.first());
    if span.is_some_and(|(last, first)| last.millis - first.millis > LONGEST_SPAN) {
        return refuse(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.".to_owned(),
        );
    }
    let before = |moment: u64| events.partition_point(|event| event.millis < moment);
    let old = before(now.saturating_sub(PAST));
    let expired = before(forgotten_before);
    let new = events.partition_point(|event| event.millis <= now.saturating_add(FUTURE));
    let left_out = LeftOut {
        too_new_from: (new < events.len()).then_some(new),
        too_old_to: (old > 0).then_some(old),
        expired_to: (expired > old).then_some(expired),
    };
    events.truncate(new);
    events.drain(..old.max(expired).min(new));
    Ok(Batch { events, left_out })
}

fn refuse(text: String) -> Result<Batch, Refusal> {
    Err(Refusal::InvalidParameter(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_435_534_123;

    fn events(moments: &[u64]) -> Vec<NewEvent> {
        let event = |millis: &u64| NewEvent {
            millis: *millis,
            message: b"x".to_vec(),
        };
        moments.iter().map(event).collect()
    }

    #[test]
    fn a_batch_is_refused_as_a_whole() {
        assert!(check(events(&[NOW, NOW - 1]), NOW, 0).is_err());
        assert!(check(events(&[NOW - LONGEST_SPAN - 1, NOW]), NOW, 0).is_err());
        assert!(check(events(&[NOW - LONGEST_SPAN, NOW]), NOW, 0).is_ok());
        let large = |bytes: usize| NewEvent {
            millis: NOW,
            message: vec![b'x'; bytes],
        };
        assert!(check(vec![large(LARGEST - EACH)], NOW, 0).is_ok());
        assert!(check(vec![large(LARGEST - EACH + 1)], NOW, 0).is_err());
    }

    #[test]
    fn events_out_of_time_are_left_out() {
        let old = NOW - PAST;
        let batch = check(events(&[old - 1, old, old + 1, old + 2]), NOW, old + 2).unwrap();
        assert_eq!(batch.events, events(&[old + 2]));
        let left_out = LeftOut {
            too_new_from: None,
            too_old_to: Some(1),
            expired_to: Some(3),
        };
        assert_eq!(batch.left_out, left_out);
        let batch = check(events(&[NOW, NOW + FUTURE, NOW + FUTURE + 1]), NOW, 0).unwrap();
        assert_eq!((batch.events.len(), batch.left_out.too_new_from), (2, Some(2)));
        let batch = check(events(&[NOW + FUTURE + 1]), NOW, 0).unwrap();
        assert!(batch.events.is_empty());
        assert_eq!(check(events(&[NOW]), NOW, 0).unwrap().left_out, LeftOut::default());
    }
}
