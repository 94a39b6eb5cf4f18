//! Typed documents: what the store keeps as JSON, as the values they are.

use crate::{Events, Refusal};
use lambent_store::{Change, Condition, Document, DocumentKey, DocumentQuery, Kind};
use lambent_types::{RevisionId, Scope};
use serde::{Serialize, de::DeserializeOwned};

/// Documents read at a time where all are wanted.
const PAGE: usize = 1_000;

/// A value that is stored as a document.
pub(crate) trait Noun: Serialize + DeserializeOwned {
    /// What it is.
    const KIND: Kind;
}

/// A stored value.
#[derive(Clone, Debug)]
pub(crate) struct Stored<T> {
    pub(crate) key: DocumentKey,
    revision: RevisionId,
    pub(crate) value: T,
}

impl<T: Noun> Stored<T> {
    fn read(document: &Document) -> Result<Self, Refusal> {
        let value = serde_json::from_str(&document.body);
        let value = value.map_err(|error| Refusal::Internal(format!("{:?} cannot be read: {error}", document.key)))?;
        Ok(Self {
            key: document.key.clone(),
            revision: document.revision,
            value,
        })
    }

    /// Nobody changed it since it was read.
    pub(crate) fn unchanged(&self) -> Condition {
        Condition::DocumentRevision(self.key.clone(), self.revision)
    }
}

/// The key of a document of type `T`.
pub(crate) fn key<T: Noun>(scope: &Scope, parent: &str, id: &str) -> DocumentKey {
    DocumentKey {
        kind: T::KIND,
        scope: scope.clone(),
        parent: parent.to_owned(),
        id: id.to_owned(),
    }
}

/// Some documents, and what is behind them.
pub(crate) type Page<T> = (Vec<Stored<T>>, bool);

impl Events {
    /// The change that stores `value` under `key`.
    pub(crate) fn put<T: Noun>(&self, key: DocumentKey, value: &T) -> Result<Change, Refusal> {
        let body = serde_json::to_string(value).map_err(|error| Refusal::Internal(error.to_string()))?;
        Ok(Change::PutDocument(Document {
            key,
            revision: RevisionId::new(self.ids.as_ref()),
            code: None,
            body: body.into(),
        }))
    }

    /// One document.
    pub(crate) async fn load<T: Noun>(&self, key: &DocumentKey) -> Result<Option<Stored<T>>, Refusal> {
        let found = self.store.document(key).await?;
        found.as_ref().map(Stored::read).transpose()
    }

    /// At most `limit` documents, of one parent if it is given, behind `after`; and whether there are more.
    pub(crate) async fn list<T: Noun>(
        &self,
        scope: &Scope,
        parent: Option<&str>,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Page<T>, Refusal> {
        let query = DocumentQuery {
            kind: T::KIND,
            scope: scope.clone(),
            parent: parent.map(str::to_owned),
            after,
            limit,
        };
        let page = self.store.documents(query).await?;
        let values = page.documents.iter().map(Stored::read).collect::<Result<_, _>>()?;
        Ok((values, page.more))
    }

    /// All documents of one parent.
    pub(crate) async fn list_all<T: Noun>(&self, scope: &Scope, parent: &str) -> Result<Vec<Stored<T>>, Refusal> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, more) = self.list::<T>(scope, Some(parent), after, PAGE).await?;
            after = page.last().map(|last| (last.key.parent.clone(), last.key.id.clone()));
            all.extend(page);
            if !more {
                return Ok(all);
            }
        }
    }
}
