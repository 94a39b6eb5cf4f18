//! Receipt handles: what one receive of one message is known by.

use crate::Refusal;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_types::{Message, QueueKey, Sequence, Sha256Digest, Timestamp};

/// What a handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The message.
    pub(crate) sequence: Sequence,
    /// How often it had been received, this time included.
    pub(crate) receives: u32,
    /// When it was received.
    pub(crate) received_at: Timestamp,
}

/// The first byte; another form would have another.
const FORM: u8 = 1;

impl Receipt {
    /// That of a message that was just received.
    pub(crate) fn of(message: &Message, received_at: Timestamp) -> Self {
        Self {
            sequence: message.sequence,
            receives: message.receives,
            received_at,
        }
    }

    /// As clients are given it. It says which queue it is of, since a handle counts nowhere else.
    pub(crate) fn handle(&self, queue: &QueueKey) -> String {
        let mut bytes = vec![FORM];
        bytes.extend(mark(queue));
        bytes.extend(self.sequence.number().to_be_bytes());
        bytes.extend(self.receives.to_be_bytes());
        bytes.extend(self.received_at.as_micros().to_be_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads a handle of this queue.
    pub(crate) fn read(queue: &QueueKey, handle: Option<String>) -> Result<Self, Refusal> {
        let missing = || Refusal::Missing("ReceiptHandle".to_owned());
        let handle = handle.filter(|handle| !handle.is_empty()).ok_or_else(missing)?;
        parse(queue, &handle).ok_or(Refusal::InvalidHandle(handle))
    }
}

fn parse(queue: &QueueKey, handle: &str) -> Option<Receipt> {
    let bytes = STANDARD.decode(handle).ok()?;
    let (form, rest) = bytes.split_first()?;
    let (of, rest) = rest.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (receives, rest) = rest.split_first_chunk::<4>()?;
    let received_at: [u8; 8] = rest.try_into().ok()?;
    (*form == FORM && *of == mark(queue)).then(|| Receipt {
        sequence: Sequence::from_stored(i64::from_be_bytes(*sequence)),
        receives: u32::from_be_bytes(*receives),
        received_at: Timestamp::from_micros(i64::from_be_bytes(received_at)),
    })
}

/// The beginning of the digest of the queue's ARN.
fn mark(queue: &QueueKey) -> [u8; 8] {
    let digest = Sha256Digest::of(queue.arn().as_bytes());
    let mut mark = [0; 8];
    mark.copy_from_slice(&digest.as_bytes()[..8]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key;

    #[test]
    fn a_handle_counts_in_its_queue_alone() {
        let receipt = Receipt {
            sequence: Sequence::from_stored(77),
            receives: 3,
            received_at: Timestamp::from_micros(5),
        };
        let handle = receipt.handle(&key("q"));
        assert_eq!(Receipt::read(&key("q"), Some(handle.clone())), Ok(receipt));
        assert_eq!(
            Receipt::read(&key("r"), Some(handle.clone())),
            Err(Refusal::InvalidHandle(handle))
        );
        assert!(Receipt::read(&key("q"), Some("garbage".to_owned())).is_err());
        assert_eq!(
            Receipt::read(&key("q"), None),
            Err(Refusal::Missing("ReceiptHandle".to_owned()))
        );
    }
}
