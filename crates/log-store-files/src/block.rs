//! Blocks: what is written at once.
//!
//! ```text
//! magic │ checksum of all that follows │ length of the records │ how many │ first sequence number │ when they came
//!       │ earliest and latest moment │ set of streams │ records: stream, moment, length, message ...
//! ```
//!
//! Numbers in the head are little-endian; those of a record have as many bytes as they need.

/// Bytes before the records.
pub(crate) const HEAD: usize = 56;
/// More records do not go into one block; a single one may be longer.
pub(crate) const FULL: usize = 64 << 10;
/// No block is longer: what says so is damaged.
const LONGEST: usize = 4 << 20;
const MAGIC: u32 = 0x314b_4c4c;

/// What a block says of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Of the records, in bytes.
    pub(crate) length: usize,
    pub(crate) count: u32,
    pub(crate) first_sequence: u64,
    /// Milliseconds since the epoch, as the next two.
    pub(crate) ingested: u64,
    pub(crate) earliest: u64,
    pub(crate) latest: u64,
    pub(crate) streams: StreamSet,
}

/// Which streams there may be: one bit for each sixty-fourth of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamSet(pub(crate) u64);

impl StreamSet {
    pub(crate) const fn of(stream: u32) -> Self {
        Self(1 << (stream % 64))
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One event in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) stream: u32,
    pub(crate) millis: u64,
    pub(crate) sequence: u64,
    pub(crate) message: &'a [u8],
}

/// A block being made.
pub(crate) struct Builder {
    bytes: Vec<u8>,
    head: Head,
}

impl Builder {
    pub(crate) fn new(first_sequence: u64, ingested: u64) -> Self {
        Self {
            bytes: vec![0; HEAD],
            head: Head {
                length: 0,
                count: 0,
                first_sequence,
                ingested,
                earliest: u64::MAX,
                latest: 0,
                streams: StreamSet::default(),
            },
        }
    }

    pub(crate) fn push(&mut self, stream: u32, millis: u64, message: &[u8]) {
        put_number(&mut self.bytes, u64::from(stream));
        put_number(&mut self.bytes, zigzag(millis.wrapping_sub(self.head.ingested)));
        put_number(&mut self.bytes, message.len() as u64);
        self.bytes.extend_from_slice(message);
        self.head.count += 1;
        self.head.earliest = self.head.earliest.min(millis);
        self.head.latest = self.head.latest.max(millis);
        self.head.streams = self.head.streams.with(StreamSet::of(stream));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head.count == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// The sequence number behind the last record's.
    pub(crate) const fn next_sequence(&self) -> u64 {
        self.head.first_sequence + self.head.count as u64
    }

    pub(crate) fn finish(mut self) -> (Head, Vec<u8>) {
        self.head.length = self.bytes.len() - HEAD;
        let head = self.head;
        let length = u32::try_from(head.length).unwrap_or(u32::MAX);
        let mut at = 0;
        let mut put = |value: &[u8]| {
            self.bytes[at..at + value.len()].copy_from_slice(value);
            at += value.len();
        };
        put(&MAGIC.to_le_bytes());
        put(&[0; 4]);
        put(&length.to_le_bytes());
        put(&head.count.to_le_bytes());
        for number in [
            head.first_sequence,
            head.ingested,
            head.earliest,
            head.latest,
            head.streams.0,
        ] {
            put(&number.to_le_bytes());
        }
        let checksum = crc32fast::hash(&self.bytes[8..]);
        self.bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        (head, self.bytes)
    }
}

/// Reads the head of the block at the beginning of `bytes`; its records may not be there.
pub(crate) fn head(bytes: &[u8]) -> Option<Head> {
    let half = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let whole = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let head = Head {
        length: usize::try_from(half(8)?).ok()?,
        count: half(12)?,
        first_sequence: whole(16)?,
        ingested: whole(24)?,
        earliest: whole(32)?,
        latest: whole(40)?,
        streams: StreamSet(whole(48)?),
    };
    (half(0)? == MAGIC && head.length <= LONGEST).then_some(head)
}

/// The block at the beginning of `bytes`, if it is whole: its head and its records.
pub(crate) fn read(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let head = head(bytes)?;
    let whole = bytes.get(..HEAD + head.length)?;
    let checksum = u32::from_le_bytes(whole[4..8].try_into().ok()?);
    (crc32fast::hash(&whole[8..]) == checksum).then_some((head, &whole[HEAD..]))
}

/// The records of a block.
pub(crate) fn records(head: Head, mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut sequence = head.first_sequence;
    std::iter::from_fn(move || {
        let stream = u32::try_from(take_number(&mut bytes)?).ok()?;
        let millis = head.ingested.wrapping_add(unzigzag(take_number(&mut bytes)?));
        let length = usize::try_from(take_number(&mut bytes)?).ok()?;
        let (message, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        let record = Record {
            stream,
            millis,
            sequence,
            message,
        };
        sequence += 1;
        Some(record)
    })
}

/// Small differences of either sign become small numbers.
const fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    ((signed << 1) ^ (signed >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Written = Vec<(u32, u64, Vec<u8>)>;

    fn build(written: &Written) -> (Head, Vec<u8>) {
        let mut builder = Builder::new(7, 1_795_435_534_123);
        for (stream, millis, message) in written {
            builder.push(*stream, *millis, message);
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(written: Written) {
            let (head, bytes) = build(&written);
            let (found, records) = read(&bytes).unwrap();
            prop_assert_eq!(found, head);
            let records: Vec<Record<'_>> = super::records(head, records).collect();
            prop_assert_eq!(records.len(), written.len());
            for (at, (record, (stream, millis, message))) in records.iter().zip(&written).enumerate() {
                prop_assert_eq!(record, &Record { stream: *stream, millis: *millis, sequence: 7 + at as u64, message });
                prop_assert!((head.earliest..=head.latest).contains(millis));
                prop_assert!(head.streams.meets(StreamSet::of(*stream)));
            }
        }

        #[test]
        fn what_is_torn_or_damaged_is_not_read(written: Written, at: prop::sample::Index, flip in 1..=255u8) {
            let (_, mut bytes) = build(&written);
            let at = at.index(bytes.len());
            prop_assert_eq!(read(&bytes[..at]), None);
            bytes[at] ^= flip;
            prop_assert_eq!(read(&bytes), None);
        }

        #[test]
        fn anything_may_stand_there(bytes: Vec<u8>) {
            prop_assert_eq!(read(&bytes), None);
        }
    }
}
