//! From what was told of a trace to its segments.

use crate::document::Document;
use lambent_store::KeptTrace;
use std::collections::{HashMap, HashSet};

/// Parts of parts of parts and so on: deeper ones stand beside their segment.
const DEEPEST: usize = 64;

/// A trace, put together.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: String,
    /// How often it was told of.
    pub(crate) revision: i64,
    /// Whether there was more than a trace may keep.
    pub(crate) overfull: bool,
    /// In the order in which they began. A part whose parent nobody told of is among them.
    pub(crate) segments: Vec<Document>,
}

impl Trace {
    /// Puts parts where their parents are.
    pub(crate) fn of(kept: &KeptTrace) -> Self {
        let documents = kept
            .documents
            .iter()
            .filter_map(|bytes| serde_json::from_slice(bytes).ok());
        Self {
            id: kept.trace.to_string(),
            revision: kept.revision,
            overfull: kept.overfull,
            segments: put_together(documents.collect()),
        }
    }

    /// When its first segment began, in seconds since the epoch.
    pub(crate) fn start(&self) -> f64 {
        self.segments
            .iter()
            .map(|segment| segment.start_time)
            .fold(f64::INFINITY, f64::min)
    }

    /// How long it took until the last of its segments had ended, in seconds.
    pub(crate) fn duration(&self) -> f64 {
        let ends = self.segments.iter().map(last_end);
        round(ends.fold(0.0, f64::max) - self.start())
    }

    /// The segment by which a request came in.
    pub(crate) fn root(&self) -> Option<&Document> {
        let ids: HashSet<&str> = self.segments.iter().map(|segment| &*segment.id).collect();
        let orphan = |segment: &&Document| segment.parent_id.as_deref().is_none_or(|parent| !ids.contains(parent));
        let whole = self.segments.iter().filter(|segment| !segment.is_part());
        let mut roots = whole.filter(orphan);
        let first = roots.next();
        // One that says itself that it is the first comes before one that is the first we know.
        std::iter::once(first?)
            .chain(roots)
            .find(|segment| segment.parent_id.is_none())
            .or(first)
    }

    /// Sees every segment and every part.
    pub(crate) fn each<'a>(&'a self, see: &mut impl FnMut(&'a Document)) {
        self.segments.iter().for_each(|segment| segment.each(see));
    }
}

/// Milliseconds are what AWS tells.
pub(crate) fn round(seconds: f64) -> f64 {
    (seconds.max(0.0) * 1e3).round() / 1e3
}

fn last_end(segment: &Document) -> f64 {
    let mut last = 0.0_f64;
    segment.each(&mut |part| last = last.max(part.end()));
    last
}

fn put_together(documents: Vec<Document>) -> Vec<Document> {
    let mut known = HashSet::new();
    for document in &documents {
        document.each(&mut |part| {
            known.insert(part.id.clone());
        });
    }
    let mut parts: HashMap<String, Vec<Document>> = HashMap::new();
    let mut segments = Vec::new();
    for document in documents {
        match &document.parent_id {
            Some(parent) if document.is_part() && known.contains(parent) && *parent != document.id => {
                parts.entry(parent.clone()).or_default().push(document);
            }
            _ => segments.push(document),
        }
    }
    segments.iter_mut().for_each(|segment| take_in(segment, &mut parts, 0));
    // Parts that are each other's parents, and those that lie too deep.
    segments.extend(parts.into_values().flatten());
    segments.sort_by(|a, b| a.start_time.total_cmp(&b.start_time));
    segments
}

fn take_in(segment: &mut Document, parts: &mut HashMap<String, Vec<Document>>, depth: usize) {
    if depth >= DEEPEST {
        return;
    }
    if let Some(own) = parts.remove(&segment.id) {
        segment.subsegments.extend(own);
        segment
            .subsegments
            .sort_by(|a, b| a.start_time.total_cmp(&b.start_time));
    }
    segment
        .subsegments
        .iter_mut()
        .for_each(|part| take_in(part, parts, depth + 1));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A trace of these segments.
    pub(crate) fn trace(documents: &[serde_json::Value]) -> Trace {
        let id = "1-581cf771-a006649127e371903a2de979".to_owned();
        let documents = documents.iter().map(|document| Document {
            trace_id: Some(id.clone()),
            ..serde_json::from_value(document.clone()).unwrap()
        });
        let documents: Vec<_> = documents.collect();
        Trace {
            id,
            revision: 1,
            overfull: false,
            segments: put_together(documents),
        }
    }

    fn part(id: &str, parent: &str) -> serde_json::Value {
        serde_json::json!({"id": id, "parent_id": parent, "name": id, "type": "subsegment", "start_time": 2.0, "end_time": 2.5})
    }

    #[test]
    fn parts_come_to_their_parents_in_whatever_order_they_are_told() {
        let service = serde_json::json!({"id": "l", "name": "f", "start_time": 1.0, "end_time": 3.0});
        let function = serde_json::json!({"id": "f", "parent_id": "l", "name": "f", "start_time": 1.5, "end_time": 2.9,
            "subsegments": [{"id": "i", "name": "Invocation", "start_time": 1.5, "end_time": 2.9}]});
        let whole = trace(&[part("b", "a"), part("a", "i"), function, part("c", "nobody"), service]);
        assert_eq!(
            whole.segments.iter().map(|each| &*each.id).collect::<Vec<_>>(),
            ["l", "f", "c"]
        );
        assert_eq!(whole.segments[1].subsegments[0].subsegments[0].subsegments[0].id, "b");
        assert_eq!((whole.start(), whole.duration()), (1.0, 2.0));
        assert_eq!(whole.root().map(|root| &*root.id), Some("l"));
    }

    #[test]
    fn circles_and_depths_are_survived() {
        let circle = trace(&[part("a", "b"), part("b", "a"), part("c", "c")]);
        assert_eq!(circle.segments.len(), 3);
        let mut deep: Vec<_> = (0..2_000)
            .map(|n| part(&format!("p{n}"), &format!("p{}", n + 1)))
            .collect();
        deep.push(serde_json::json!({"id": "p2000", "name": "f", "start_time": 1.0, "end_time": 3.0}));
        let deep = trace(&deep);
        let mut count = 0;
        deep.each(&mut |_| count += 1);
        assert_eq!(count, 2_001);
        assert!(serde_json::to_string(&deep.segments).unwrap().len() > 10_000);
    }
}
