//! Function URLs as they are kept, and where the URL of an id is.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
};
use lambent_models::lambda::Cors;
use lambent_store::{DocumentKey, Kind};
use lambent_types::{FunctionKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio::sync::RwLock;

/// A URL of a function or of one of its aliases, whose name is the document's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionUrl {
    /// 32 lower-case letters and digits, the first label of its host.
    pub url_id: String,
    /// `NONE` or `AWS_IAM`.
    pub auth_type: String,
    /// What browsers are told.
    pub cors: Option<Cors>,
    /// `BUFFERED` or `RESPONSE_STREAM`, if it was ever said.
    pub invoke_mode: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub last_modified: Timestamp,
}

impl Noun for FunctionUrl {
    const KIND: Kind = Kind::FunctionUrl;
}

/// The document of the URL a request names.
pub fn key(function: &FunctionKey, alias: Option<&str>) -> DocumentKey {
    documents::key::<FunctionUrl>(&function.scope, function.name.as_str(), alias.unwrap_or_default())
}

/// Where the URL of an id is kept. Read from the store when the first request comes to any URL, since most servers have none; an entry
/// whose URL is gone is found out when it is used.
#[derive(Debug, Default)]
pub struct UrlIndex(RwLock<Option<HashMap<String, DocumentKey>>>);

impl Core {
    /// Where the URL of this id is kept, if there was one.
    pub async fn url_key(&self, url_id: &str) -> Result<Option<DocumentKey>, Refusal> {
        if let Some(known) = self.urls.0.read().await.as_ref() {
            return Ok(known.get(url_id).cloned());
        }
        // Held while the store is read, so that a URL that is created meanwhile is added behind it.
        let mut index = self.urls.0.write().await;
        let mut known = HashMap::new();
        for scope in self.store.document_scopes(Kind::FunctionUrl).await? {
            let urls = self.list_all::<FunctionUrl>(&scope, None).await?;
            known.extend(urls.into_iter().map(|url| (url.value.url_id, url.key)));
        }
        Ok(index.insert(known).get(url_id).cloned())
    }

    /// A URL that has just been stored.
    pub async fn remember_url(&self, stored: &Stored<FunctionUrl>) {
        if let Some(known) = self.urls.0.write().await.as_mut() {
            known.insert(stored.value.url_id.clone(), stored.key.clone());
        }
    }

    /// A URL that turned out to be gone.
    pub async fn forget_url(&self, url_id: &str) {
        if let Some(known) = self.urls.0.write().await.as_mut() {
            known.remove(url_id);
        }
    }
}
