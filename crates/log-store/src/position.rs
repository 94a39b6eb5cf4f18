//! Where an event stands among those of its group.

/// By time, and among those of the same millisecond in the order in which they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The event's own moment, in milliseconds since the epoch.
    pub millis: u64,
    /// Its number in the group, never 0 and never used again.
    pub sequence: u64,
}

/// An event id's digits, as many as AWS's have.
const DIGITS: usize = 56;
/// How many of them are the sequence number.
const SEQUENCE_DIGITS: usize = 35;

impl Position {
    /// Before every event of this moment.
    #[must_use]
    pub const fn before(millis: u64) -> Self {
        Self { millis, sequence: 0 }
    }

    /// The order as one number.
    #[must_use]
    pub const fn rank(self) -> u128 {
        ((self.millis as u128) << 64) | self.sequence as u128
    }

    /// From such a number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a number are half as long")]
    pub const fn from_rank(rank: u128) -> Self {
        Self {
            millis: (rank >> 64) as u64,
            sequence: rank as u64,
        }
    }

    /// The event's id: 56 digits in the order of the positions.
    #[must_use]
    pub fn event_id(self) -> String {
        format!("3{:020}{:0SEQUENCE_DIGITS$}", self.millis, self.sequence)
    }

    /// Reads what [`event_id`](Self::event_id) wrote.
    #[must_use]
    pub fn from_event_id(text: &str) -> Option<Self> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = text.strip_prefix('3')?;
        let (millis, sequence) = digits.split_at(digits.len() - SEQUENCE_DIGITS);
        Some(Self {
            millis: millis.parse().ok()?,
            sequence: sequence.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_and_ranks_keep_the_order_and_come_back(a: (u64, u64), b: (u64, u64)) {
            let [a, b] = [a, b].map(|(millis, sequence)| Position { millis, sequence });
            prop_assert_eq!(a.event_id().len(), 56);
            prop_assert_eq!(Position::from_event_id(&a.event_id()), Some(a));
            prop_assert_eq!(Position::from_rank(a.rank()), a);
            prop_assert_eq!(a.cmp(&b), a.event_id().cmp(&b.event_id()));
            prop_assert_eq!(a.cmp(&b), a.rank().cmp(&b.rank()));
        }

        #[test]
        fn what_is_no_id_is_none(text in ".{0,60}") {
            if let Some(position) = Position::from_event_id(&text) {
                prop_assert_eq!(position.event_id(), text);
            }
        }
    }
}
