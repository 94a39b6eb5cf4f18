//! Typed documents: what the store keeps as JSON, as the values they are.

use crate::{Change, Condition, Document, DocumentKey, DocumentQuery, Kind, Store, Unavailable};
use lambent_types::{Ids, RevisionId, Scope};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Documents read at a time where all are wanted.
const PAGE: usize = 1_000;

/// A value that is stored as a document.
pub trait Noun: Serialize + DeserializeOwned + Send + Sync {
    /// What it is.
    const KIND: Kind;
}

/// A stored value.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// Its key.
    pub key: DocumentKey,
    revision: RevisionId,
    /// What it says.
    pub value: T,
}

impl<T: Noun> Stored<T> {
    fn read(document: &Document) -> Result<Self, Unavailable> {
        let value = serde_json::from_str(&document.body);
        let value = value.map_err(|error| Unavailable(format!("{:?} cannot be read: {error}", document.key)))?;
        Ok(Self {
            key: document.key.clone(),
            revision: document.revision,
            value,
        })
    }

    /// Nobody changed it since it was read.
    #[must_use]
    pub fn unchanged(&self) -> Condition {
        Condition::DocumentRevision(self.key.clone(), self.revision)
    }
}

/// The key of a document of type `T`.
#[must_use]
pub fn key<T: Noun>(scope: &Scope, parent: &str, id: &str) -> DocumentKey {
    DocumentKey {
        kind: T::KIND,
        scope: scope.clone(),
        parent: parent.to_owned(),
        id: id.to_owned(),
    }
}

/// Some documents, and what is behind them.
pub type Page<T> = (Vec<Stored<T>>, bool);

/// A store whose documents are read and written as values.
#[derive(Clone)]
pub struct Documents {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Revisions.
    pub ids: Arc<dyn Ids>,
}

impl Documents {
    /// The change that stores `value` under `key`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn put<T: Noun>(&self, key: DocumentKey, value: &T) -> Result<Change, Unavailable> {
        let body = serde_json::to_string(value).map_err(|error| Unavailable(error.to_string()))?;
        Ok(Change::PutDocument(Document {
            key,
            revision: RevisionId::new(self.ids.as_ref()),
            code: None,
            body: body.into(),
        }))
    }

    /// One document.
    ///
    /// # Errors
    /// When the store cannot be read, or the document is damaged.
    pub async fn load<T: Noun>(&self, key: &DocumentKey) -> Result<Option<Stored<T>>, Unavailable> {
        let found = self.store.document(key).await?;
        found.as_ref().map(Stored::read).transpose()
    }

    /// At most `limit` documents, of one parent if it is given, behind `after`; and whether there are more.
    ///
    /// # Errors
    /// When the store cannot be read, or the document is damaged.
    pub async fn list<T: Noun>(
        &self,
        scope: &Scope,
        parent: Option<&str>,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Page<T>, Unavailable> {
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
    ///
    /// # Errors
    /// When the store cannot be read, or the document is damaged.
    pub async fn list_all<T: Noun>(&self, scope: &Scope, parent: &str) -> Result<Vec<Stored<T>>, Unavailable> {
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
