//! What is known of a segment without reading it: where which moments and which streams are.

use crate::block::{Head, Record, StreamSet};
use std::collections::BTreeMap;

/// Blocks are counted together until they are so long: the index stays small however small the blocks are.
const SPAN: u64 = 64 << 10;
const MAGIC: &[u8; 8] = b"lambidx1";

/// Some blocks that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) first_sequence: u64,
    /// Behind the last one.
    pub(crate) end_sequence: u64,
    pub(crate) earliest: u64,
    pub(crate) latest: u64,
    pub(crate) streams: StreamSet,
}

/// What a segment has of a stream. Milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) earliest: u64,
    pub(crate) latest: u64,
    pub(crate) ingested: u64,
}

impl Share {
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.max(other.latest),
            ingested: self.ingested.max(other.ingested),
        }
    }
}

/// A segment's index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) spans: Vec<Span>,
    pub(crate) shares: BTreeMap<u32, Share>,
}

impl Index {
    /// Adds the block at the end of the segment.
    pub(crate) fn add<'a>(&mut self, head: Head, whole: u64, records: impl Iterator<Item = Record<'a>>) {
        let block = Span {
            offset: self.length(),
            length: whole,
            first_sequence: head.first_sequence,
            end_sequence: head.first_sequence + u64::from(head.count),
            earliest: head.earliest,
            latest: head.latest,
            streams: head.streams,
        };
        match self.spans.last_mut() {
            Some(last) if last.length + whole <= SPAN => {
                last.length += whole;
                last.end_sequence = block.end_sequence;
                last.earliest = last.earliest.min(block.earliest);
                last.latest = last.latest.max(block.latest);
                last.streams = last.streams.with(block.streams);
            }
            _ => self.spans.push(block),
        }
        for record in records {
            let share = Share {
                earliest: record.millis,
                latest: record.millis,
                ingested: head.ingested,
            };
            self.shares
                .entry(record.stream)
                .and_modify(|present| *present = present.with(share))
                .or_insert(share);
        }
    }

    /// Of the blocks, in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.spans.last().map_or(0, |last| last.offset + last.length)
    }

    pub(crate) fn end_sequence(&self) -> Option<u64> {
        self.spans.last().map(|last| last.end_sequence)
    }

    pub(crate) fn earliest(&self) -> Option<u64> {
        self.spans.iter().map(|span| span.earliest).min()
    }

    pub(crate) fn latest(&self) -> Option<u64> {
        self.spans.iter().map(|span| span.latest).max()
    }

    /// As it is kept beside the segment.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut put = |number: u64| bytes.extend_from_slice(&number.to_le_bytes());
        put(self.spans.len() as u64);
        put(self.shares.len() as u64);
        for span in &self.spans {
            for number in [
                span.offset,
                span.length,
                span.first_sequence,
                span.end_sequence,
                span.earliest,
                span.latest,
                span.streams.0,
            ] {
                put(number);
            }
        }
        for (stream, share) in &self.shares {
            for number in [u64::from(*stream), share.earliest, share.latest, share.ingested] {
                put(number);
            }
        }
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `None` if it is torn or damaged.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bytes, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let mut numbers = bytes
            .strip_prefix(MAGIC)?
            .chunks_exact(8)
            .map(|chunk| chunk.try_into().map_or(0, u64::from_le_bytes));
        let (spans, shares) = (numbers.next()?, numbers.next()?);
        let mut index = Self::default();
        for _ in 0..spans {
            index.spans.push(Span {
                offset: numbers.next()?,
                length: numbers.next()?,
                first_sequence: numbers.next()?,
                end_sequence: numbers.next()?,
                earliest: numbers.next()?,
                latest: numbers.next()?,
                streams: StreamSet(numbers.next()?),
            });
        }
        for _ in 0..shares {
            let stream = u32::try_from(numbers.next()?).ok()?;
            let share = Share {
                earliest: numbers.next()?,
                latest: numbers.next()?,
                ingested: numbers.next()?,
            };
            index.shares.insert(stream, share);
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Builder, records};

    fn index(blocks: u64, message: usize) -> Index {
        let mut index = Index::default();
        for number in 0..blocks {
            let mut builder = Builder::new(number * 2 + 1, number);
            builder.push(1, 10_000 - number, &vec![b'x'; message]);
            builder.push(2, 10_000 + number, b"y");
            let (head, bytes) = builder.finish();
            index.add(head, bytes.len() as u64, records(head, &bytes[crate::block::HEAD..]));
        }
        index
    }

    #[test]
    fn small_blocks_are_counted_together() {
        let small = index(1_000, 10);
        assert_eq!(small.spans.len(), 2);
        assert_eq!((small.earliest(), small.latest()), (Some(9_001), Some(10_999)));
        assert_eq!(small.end_sequence(), Some(2_001));
        assert_eq!(index(10, 100_000).spans.len(), 10);
        assert_eq!(
            small.shares[&1],
            Share {
                earliest: 9_001,
                latest: 10_000,
                ingested: 999
            }
        );
    }

    #[test]
    fn it_comes_back_whole_or_not_at_all() {
        let index = index(3_000, 10);
        let mut bytes = index.to_bytes();
        assert_eq!(Index::from_bytes(&bytes), Some(index));
        assert_eq!(Index::from_bytes(&bytes[..bytes.len() - 1]), None);
        bytes[40] ^= 1;
        assert_eq!(Index::from_bytes(&bytes), None);
        assert_eq!(Index::from_bytes(b""), None);
    }
}
