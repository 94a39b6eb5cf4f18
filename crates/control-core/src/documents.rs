//! Typed documents: what the store keeps as JSON, as the values they are.

use crate::{Core, Refusal};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lambent_store::{Change, Condition, Document, DocumentKey, DocumentQuery, Kind};
use lambent_types::{RevisionId, Scope, Sha256Digest};
use serde::{Serialize, de::DeserializeOwned};

/// Documents read at a time where all are wanted.
const PAGE: usize = 1_000;

/// A value that is stored as a document.
pub trait Noun: Serialize + DeserializeOwned {
    /// What it is.
    const KIND: Kind;

    /// The package it refers to, which stays as long as it does.
    fn code(&self) -> Option<Sha256Digest> {
        None
    }
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// Where it is kept.
    pub key: DocumentKey,
    /// Changes with every write.
    pub revision: RevisionId,
    /// What was stored.
    pub value: T,
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
    pub fn unchanged(&self) -> Condition {
        Condition::DocumentRevision(self.key.clone(), self.revision)
    }
}

/// The key of a document of type `T`.
pub fn key<T: Noun>(scope: &Scope, parent: &str, id: &str) -> DocumentKey {
    DocumentKey {
        kind: T::KIND,
        scope: scope.clone(),
        parent: parent.to_owned(),
        id: id.to_owned(),
    }
}

/// The change that stores `value` under `key`.
pub fn put<T: Noun>(key: DocumentKey, revision: RevisionId, value: &T) -> Result<Change, Refusal> {
    let body = serde_json::to_string(value).map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(Change::PutDocument(Document {
        key,
        revision,
        code: value.code(),
        body: body.into(),
    }))
}

impl Core {
    /// One document.
    pub async fn load<T: Noun>(&self, key: &DocumentKey) -> Result<Option<Stored<T>>, Refusal> {
        let found = self.store.document(key).await?;
        found.as_ref().map(Stored::read).transpose()
    }

    /// At most `limit` documents, of one parent if it is given, behind `after`; and whether there are more.
    pub async fn list<T: Noun>(
        &self,
        scope: &Scope,
        parent: Option<&str>,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<(Vec<Stored<T>>, bool), Refusal> {
        let (kind, scope, parent) = (T::KIND, scope.clone(), parent.map(str::to_owned));
        let page = self
            .store
            .documents(DocumentQuery {
                kind,
                scope,
                parent,
                after,
                limit,
            })
            .await?;
        let values = page.documents.iter().map(Stored::read).collect::<Result<_, _>>()?;
        Ok((values, page.more))
    }

    /// All documents of one parent; only for those of which a parent has a few.
    pub async fn list_all<T: Noun>(&self, scope: &Scope, parent: Option<&str>) -> Result<Vec<Stored<T>>, Refusal> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, more) = self.list::<T>(scope, parent, after, PAGE).await?;
            after = page.last().map(|last| (last.key.parent.clone(), last.key.id.clone()));
            all.extend(page);
            if !more {
                return Ok(all);
            }
        }
    }
}

/// A paging marker: opaque to clients, it names the last thing on the page, so that pages stay right while things come and go.
pub fn marker(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(parts.join("\n"))
}

/// Reads a marker of `N` parts.
pub fn read_marker<const N: usize>(marker: &str) -> Result<[String; N], Refusal> {
    let decoded = URL_SAFE_NO_PAD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let parts: Option<Vec<_>> = decoded.map(|text| text.split('\n').map(str::to_owned).collect());
    let parts = parts.and_then(|parts| parts.try_into().ok());
    parts.ok_or_else(|| Refusal::InvalidParameter(format!("Invalid pagination marker: {marker}")))
}

/// How many items a page has: what is asked for, but never more than `most`.
pub fn page_size(asked: Option<i64>, most: usize) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(most, |asked| asked.clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_come_back_whole() {
        assert_eq!(read_marker::<2>(&marker(&["f", "1"])).unwrap(), ["f", "1"]);
        assert!(read_marker::<1>("?").is_err() && read_marker::<2>(&marker(&["f"])).is_err());
        assert_eq!(
            (page_size(None, 50), page_size(Some(10_000), 50), page_size(Some(7), 50)),
            (50, 50, 7)
        );
    }
}
