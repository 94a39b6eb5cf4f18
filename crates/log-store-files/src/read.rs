//! Reading: the events of a range in order of time, whatever the order in which they came.
//!
//! Spans are taken in the order of the first moment they may have, and events are kept in order while they are found. What stands before
//! the next span's first moment cannot change any more; so a page is complete as soon as it is full and stands before what comes next,
//! and memory holds one page and one span, however much there is. Reading backward is the same with every number turned round.

use crate::{
    block::{self, Record},
    group::{Group, Snapshot, unavailable},
    index::Span,
};
use lambent_log_store::{Direction, Event, LogError, Page, Position, Query, Reached, Streams};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};

/// So many bytes are looked through before an answer says how far it came: who waits for a page is not kept for ever.
const LOOKED_THROUGH: u64 = 256 << 20;

/// The order in which a query goes through positions, as numbers that grow.
#[derive(Clone, Copy)]
struct Order(Direction);

impl Order {
    const fn rank(self, position: Position) -> u128 {
        match self.0 {
            Direction::Forward => position.rank(),
            Direction::Backward => !position.rank(),
        }
    }

    const fn position(self, rank: u128) -> Position {
        match self.0 {
            Direction::Forward => Position::from_rank(rank),
            Direction::Backward => Position::from_rank(!rank),
        }
    }

    /// No event of the span comes before this.
    const fn first(self, span: &Span) -> u128 {
        match self.0 {
            Direction::Forward => Position::before(span.earliest).rank(),
            Direction::Backward => !Position {
                millis: span.latest,
                sequence: u64::MAX,
            }
            .rank(),
        }
    }
}

/// The page while it is found.
struct Finding<'a> {
    query: &'a Query,
    order: Order,
    found: BTreeMap<u128, Event>,
    bytes: usize,
    /// Something at this rank did not fit: nothing from here on does.
    full_from: u128,
}

impl Finding<'_> {
    fn wants(&self, position: Position) -> bool {
        self.query.after.is_none_or(|after| position > after)
            && self.query.before.is_none_or(|before| position < before)
            && self.order.rank(position) < self.full_from
    }

    fn take(&mut self, record: Record<'_>, ingested: u64, names: &HashMap<u32, Arc<str>>) {
        let position = Position {
            millis: record.millis,
            sequence: record.sequence,
        };
        if !self.wants(position) {
            return;
        }
        let Some(stream) = names.get(&record.stream) else {
            return;
        };
        if let Some(matcher) = &self.query.matcher
            && !matcher.wants(record.message)
        {
            return;
        }
        self.bytes += record.message.len();
        let event = Event {
            position,
            ingested,
            stream: Arc::clone(stream),
            message: record.message.to_vec(),
        };
        self.found.insert(self.order.rank(position), event);
        while self.found.len() > self.query.most_events || (self.bytes > self.query.most_bytes && self.found.len() > 1)
        {
            let Some((rank, event)) = self.found.pop_last() else {
                break;
            };
            self.bytes -= event.message.len();
            self.full_from = rank;
        }
    }

    /// Whether nothing from this rank on can come onto the page.
    fn is_complete_before(&self, rank: u128) -> bool {
        let last = self.found.last_key_value().map(|(last, _)| *last);
        rank >= self.full_from || (self.found.len() >= self.query.most_events && last.is_some_and(|last| last < rank))
    }

    fn page(self, reached: Option<u128>) -> Page {
        let order = self.order;
        let last = self.found.last_key_value().map(|(last, _)| *last);
        let reached = match reached {
            // More than fits, or another span after a full page: on from the last event.
            Some(_) if self.full_from != u128::MAX || self.found.len() >= self.query.most_events => last,
            None if self.full_from != u128::MAX => last,
            other => other,
        };
        let events = self.found.into_values();
        Page {
            events: match order.0 {
                Direction::Forward => events.collect(),
                Direction::Backward => events.rev().collect(),
            },
            reached: reached.map_or(Reached::End, |rank| Reached::At(order.position(rank))),
        }
    }
}

/// Reads a page.
pub(crate) fn read(group: &Group, query: &Query) -> Result<Page, LogError> {
    let order = Order(query.direction);
    let Snapshot { segments, names } = group.state().snapshot(&query.streams, |span| overlaps(span, query))?;
    let mut spans: Vec<(&Arc<Path>, Span)> = segments
        .iter()
        .flat_map(|(path, spans)| spans.iter().map(move |span| (path, *span)))
        .collect();
    spans.sort_by_key(|(_, span)| order.first(span));
    let start = match query.direction {
        Direction::Forward => query.after,
        Direction::Backward => query.before,
    };
    let start = start.map_or(0, |start| order.rank(start));
    let mut finding = Finding {
        query,
        order,
        found: BTreeMap::new(),
        bytes: 0,
        full_from: u128::MAX,
    };
    let mut files = Files::default();
    let mut looked_through = 0;
    for (path, span) in spans {
        let first = order.first(&span);
        if finding.is_complete_before(first) {
            return Ok(finding.page(Some(first)));
        }
        if looked_through > LOOKED_THROUGH && first > start {
            finding.found.retain(|rank, _| *rank < first);
            finding.full_from = u128::MAX;
            return Ok(finding.page(Some(first)));
        }
        looked_through += span.length;
        files.each_record(path, span, |record, ingested| {
            finding.take(record, ingested, &names);
            true
        })?;
    }
    Ok(finding.page(None))
}

fn overlaps(span: &Span, query: &Query) -> bool {
    query.after.is_none_or(|after| span.latest >= after.millis)
        && query.before.is_none_or(|before| span.earliest <= before.millis)
}

/// Events in the order in which they came.
pub(crate) fn follow(group: &Group, after: u64, most_bytes: usize) -> Result<Vec<Event>, LogError> {
    let snapshot = group
        .state()
        .snapshot(&Streams::All, |span| span.end_sequence > after.saturating_add(1))?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    let mut files = Files::default();
    for (path, spans) in &snapshot.segments {
        for span in spans {
            files.each_record(path, *span, |record, ingested| {
                if record.sequence > after
                    && bytes < most_bytes
                    && let Some(stream) = snapshot.names.get(&record.stream)
                {
                    bytes += record.message.len() + 1;
                    events.push(Event {
                        position: Position {
                            millis: record.millis,
                            sequence: record.sequence,
                        },
                        ingested,
                        stream: Arc::clone(stream),
                        message: record.message.to_vec(),
                    });
                }
                bytes < most_bytes
            })?;
            if bytes >= most_bytes {
                return Ok(events);
            }
        }
    }
    Ok(events)
}

/// The file that was read last stays open.
#[derive(Default)]
struct Files {
    open: Option<(Arc<Path>, Option<File>)>,
    bytes: Vec<u8>,
}

impl Files {
    /// Calls `each` with the records of a span until it says that it has enough. A segment that was removed meanwhile has none.
    fn each_record(
        &mut self,
        path: &Arc<Path>,
        span: Span,
        mut each: impl FnMut(Record<'_>, u64) -> bool,
    ) -> Result<(), LogError> {
        if self.open.as_ref().is_none_or(|(open, _)| open != path) {
            let file = match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                opened => Some(opened.map_err(unavailable)?),
            };
            self.open = Some((Arc::clone(path), file));
        }
        let Some((_, Some(file))) = &self.open else {
            return Ok(());
        };
        self.bytes.resize(usize::try_from(span.length).map_err(unavailable)?, 0);
        file.read_exact_at(&mut self.bytes, span.offset).map_err(unavailable)?;
        let mut rest = self.bytes.as_slice();
        while let Some((head, records)) = block::read(rest) {
            for record in block::records(head, records) {
                if !each(record, head.ingested) {
                    return Ok(());
                }
            }
            rest = &rest[block::HEAD + head.length..];
        }
        if !rest.is_empty() {
            tracing::error!(path = %path.display(), offset = span.offset, "a part of a log is damaged and is left out");
        }
        Ok(())
    }
}
