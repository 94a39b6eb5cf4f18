//! What readers see of a group at a moment.

use super::State;
use crate::{
    block::StreamSet,
    index::{Share, Span},
    segment::Segment,
};
use lambent_log_store::{LogError, Stream, Streams};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

/// What a reader needs: where things are, and what the streams it reads are called.
pub(crate) struct Snapshot {
    pub(crate) segments: Vec<(Arc<Path>, Vec<Span>)>,
    pub(crate) names: HashMap<u32, Arc<str>>,
}

impl State {
    /// The streams, by name.
    pub(crate) fn streams(&self) -> Vec<Stream> {
        let mut shares: BTreeMap<u32, Share> = BTreeMap::new();
        for segment in &self.segments {
            for (number, share) in &segment.index.shares {
                shares
                    .entry(*number)
                    .and_modify(|present| *present = present.with(*share))
                    .or_insert(*share);
            }
        }
        let mut streams: Vec<Stream> = self
            .registry
            .entries()
            .map(|(number, entry)| {
                let share = shares.get(&number);
                Stream {
                    name: Arc::clone(&entry.name),
                    created: entry.created,
                    first_event: share.map(|share| share.earliest),
                    last_event: share.map(|share| share.latest),
                    last_ingestion: share.map(|share| share.ingested),
                }
            })
            .collect();
        streams.sort_by(|a, b| a.name.cmp(&b.name));
        streams
    }

    /// Where to look for events of these streams.
    pub(crate) fn snapshot(&self, streams: &Streams, wanted: impl Fn(&Span) -> bool) -> Result<Snapshot, LogError> {
        if self.removed {
            return Err(LogError::GroupMissing);
        }
        let names: HashMap<u32, Arc<str>> = match streams {
            Streams::All => self.names(|_| true),
            Streams::Prefix(prefix) => self.names(|name| name.starts_with(prefix)),
            Streams::Named(named) => {
                let numbers = named.iter().map(|name| {
                    let number = self.registry.number(name).ok_or(LogError::StreamMissing)?;
                    Ok((number, Arc::from(name.as_str())))
                });
                numbers.collect::<Result<_, LogError>>()?
            }
        };
        let set = names
            .keys()
            .fold(StreamSet::default(), |set, number| set.with(StreamSet::of(*number)));
        let streams = (*streams != Streams::All).then_some(set);
        let wanted = |span: &&Span| wanted(span) && streams.is_none_or(|set| span.streams.meets(set));
        let of = |segment: &Segment| segment.index.spans.iter().filter(wanted).copied().collect::<Vec<_>>();
        let segments = self
            .segments
            .iter()
            .map(|segment| (Arc::clone(&segment.path), of(segment)))
            .filter(|(_, spans)| !spans.is_empty());
        Ok(Snapshot {
            segments: segments.collect(),
            names,
        })
    }

    fn names(&self, wanted: impl Fn(&str) -> bool) -> HashMap<u32, Arc<str>> {
        self.registry
            .entries()
            .filter(|(_, entry)| wanted(&entry.name))
            .map(|(number, entry)| (number, Arc::clone(&entry.name)))
            .collect()
    }
}
