//! From method, raw path and query to an operation.
//!
//! The path is matched as it came and only then are its labels decoded: an ARN in a label may contain encoded slashes. A trailing slash
//! does not matter, because the clients of 2018 send one and those of today do not.

use crate::{
    schema::Operation,
    uri::{parse_query, percent_decode},
};
use std::collections::HashMap;

/// A request that found its operation.
#[derive(Debug, Clone)]
pub struct Routed {
    /// What is to be done.
    pub operation: &'static Operation,
    /// The path's labels with their decoded values.
    pub labels: Vec<(&'static str, String)>,
    /// The decoded query parameters in order.
    pub query: Vec<(String, String)>,
}

/// No operation has this method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No operation has the path.
    #[error("no operation has this path")]
    UnknownPath,
    /// Operations have the path, but none with this method.
    #[error("no operation has this method on this path")]
    UnknownMethod,
}

/// The paths of a service's operations, as a tree of their segments.
#[derive(Debug, Default)]
pub struct Router {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<&'static str, Node>,
    label: Option<Box<Node>>,
    leaves: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    operation: &'static Operation,
    labels: Vec<&'static str>,
    /// Query pairs the request must carry.
    literals: Vec<(String, String)>,
}

impl Router {
    /// Builds the tree.
    #[must_use]
    pub fn new(operations: &'static [Operation]) -> Self {
        let mut router = Self::default();
        for operation in operations {
            router.root.insert(operation);
        }
        router
    }

    /// Finds the operation of a request. `path` is the path as it came, `query` the query string as it came.
    ///
    /// # Errors
    /// [`RouteError`] when there is none.
    pub fn route(&self, method: &str, path: &str, query: &str) -> Result<Routed, RouteError> {
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let segments: Vec<&str> = trimmed.split('/').collect();
        let query = parse_query(query);
        let mut values = Vec::new();
        let mut path_known = false;
        let leaf = self.root.find(&segments, &mut values, &mut |node| {
            path_known = path_known || !node.leaves.is_empty();
            node.pick(method, &query)
        });
        let unknown = if path_known {
            RouteError::UnknownMethod
        } else {
            RouteError::UnknownPath
        };
        let leaf = leaf.ok_or(unknown)?;
        let labels = leaf
            .labels
            .iter()
            .copied()
            .zip(values.iter().map(|raw| percent_decode(raw).into_owned()))
            .collect();
        Ok(Routed {
            operation: leaf.operation,
            labels,
            query,
        })
    }
}

impl Node {
    fn insert(&mut self, operation: &'static Operation) {
        let (path, literals) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
        let mut node = self;
        let mut labels = Vec::new();
        for segment in path.trim_matches('/').split('/') {
            let label = segment.strip_prefix('{').and_then(|label| label.strip_suffix('}'));
            node = match label {
                Some(label) => {
                    labels.push(label);
                    node.label.get_or_insert_default()
                }
                None => node.literals.entry(segment).or_default(),
            };
        }
        node.leaves.push(Leaf {
            operation,
            labels,
            literals: parse_query(literals),
        });
    }

    /// Depth first, literals before labels. The depth is that of the tree, not of the request.
    fn find<'n, 'p>(
        &'n self,
        segments: &[&'p str],
        values: &mut Vec<&'p str>,
        pick: &mut dyn FnMut(&'n Self) -> Option<&'n Leaf>,
    ) -> Option<&'n Leaf> {
        let Some((first, rest)) = segments.split_first() else {
            return pick(self);
        };
        let literal = self.literals.get(percent_decode(first).as_ref());
        if let Some(leaf) = literal.and_then(|node| node.find(rest, values, pick)) {
            return Some(leaf);
        }
        let label = self.label.as_deref().filter(|_| !first.is_empty())?;
        values.push(first);
        let found = label.find(rest, values, pick);
        if found.is_none() {
            values.pop();
        }
        found
    }

    /// Of several operations on one path, the one whose query literals are all there; the most particular first.
    fn pick(&self, method: &str, query: &[(String, String)]) -> Option<&Leaf> {
        self.leaves
            .iter()
            .filter(|leaf| leaf.operation.method == method)
            .filter(|leaf| leaf.literals.iter().all(|literal| query.contains(literal)))
            .max_by_key(|leaf| leaf.literals.len())
    }
}
