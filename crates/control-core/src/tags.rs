//! Tags: a function bears its own; those of anything else are a document beside it.

use crate::{
    Core, Refusal, TRIES,
    documents::{self, Noun},
    naming::Target,
};
use lambent_store::{Change, CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionRecord, RevisionId};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// A resource has at most this many tags.
const MOST: usize = 50;

/// Keys and values.
pub type Tags = BTreeMap<String, String>;

/// Refuses more tags than a resource may have.
pub fn check(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > MOST {
        return Err(Refusal::InvalidParameter(
            "Number of tags exceeds resource tag limit.".to_owned(),
        ));
    }
    Ok(())
}

/// The tags of what is no function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagSet(pub Tags);

impl Noun for TagSet {
    const KIND: Kind = Kind::Tags;
}

/// What a tag operation names.
enum Resource {
    Function(Target),
    /// The document it is, and the ARN, under which its tags are.
    Document(DocumentKey, String),
}

impl Resource {
    /// The model has checked the ARN's form.
    fn read(cx: &RequestContext, arn: String) -> Result<Self, Refusal> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let [_, _, _, region, account, kind, id] = parts.as_slice() else {
            return Err(Refusal::FunctionNotFound(arn));
        };
        if *kind == "function" {
            let target = Target::read(cx, Some(arn), None)?;
            if target.qualifier.is_some() {
                let text = "Tags on function aliases and versions are not supported. Please specify a function ARN.";
                return Err(Refusal::InvalidParameter(text.to_owned()));
            }
            return Ok(Self::Function(target));
        }
        if *account != cx.scope.account.as_str() {
            return Err(Refusal::OtherAccount);
        }
        let kind = match *kind {
            "event-source-mapping" => Kind::EventSourceMapping,
            "code-signing-config" => Kind::CodeSigningConfig,
            "capacity-provider" => return Err(Refusal::NotFound(format!("Capacity provider not found: {arn}"))),
            _ => return Err(Refusal::NotImplemented("Tags on layers")),
        };
        if *region != cx.scope.region.as_str() {
            return Err(not_found(kind, &arn));
        }
        let key = DocumentKey {
            kind,
            scope: cx.scope.clone(),
            parent: String::new(),
            id: (*id).to_owned(),
        };
        Ok(Self::Document(key, arn))
    }
}

fn not_found(kind: Kind, arn: &str) -> Refusal {
    let what = if kind == Kind::EventSourceMapping {
        "Event source mapping"
    } else {
        "Code signing config"
    };
    Refusal::NotFound(format!("{what} not found: {arn}"))
}

impl Core {
    /// The tags of what an ARN names.
    pub async fn tags(&self, cx: &RequestContext, arn: String) -> Result<Tags, Refusal> {
        match Resource::read(cx, arn)? {
            Resource::Function(target) => {
                let found = self.find_latest(&target).await?;
                let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
                Ok(record.tags.clone())
            }
            Resource::Document(key, arn) => {
                let present = self.store.document(&key).await?;
                present.ok_or_else(|| not_found(key.kind, &arn))?;
                let tags = self
                    .load::<TagSet>(&documents::key::<TagSet>(&cx.scope, "", &arn))
                    .await?;
                Ok(tags.map(|stored| stored.value.0).unwrap_or_default())
            }
        }
    }

    /// Changes the tags of what an ARN names.
    pub async fn change_tags(
        &self,
        cx: &RequestContext,
        arn: String,
        change: impl Fn(&mut Tags) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let resource = Resource::read(cx, arn)?;
        for _ in 0..TRIES {
            let transaction = match &resource {
                Resource::Function(target) => self.retag_function(target, &change).await?,
                Resource::Document(key, arn) => self.retag_document(key, arn, &change).await?,
            };
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => {}
                committed => return Ok(committed?),
            }
        }
        Err(Refusal::Internal(
            "the resource changes faster than it can be tagged".to_owned(),
        ))
    }

    /// A function is tagged when it is at rest, since whatever brings it to rest takes any change for a newer update. Its revision
    /// changes, as recorded; its environments stay.
    async fn retag_function(
        &self,
        target: &Target,
        change: impl Fn(&mut Tags) -> Result<(), Refusal>,
    ) -> Result<Transaction, Refusal> {
        let found = self.find_latest(target).await?;
        let found = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
        let before = self.settled(found).await?;
        let mut after = FunctionRecord {
            revision: RevisionId::new(self.ids.as_ref()),
            ..(*before).clone()
        };
        change(&mut after.tags)?;
        let unchanged = Condition::Revision(before.key.clone(), before.revision);
        Ok(Transaction::of(Change::PutFunction(Arc::new(after))).when(unchanged))
    }

    async fn retag_document(
        &self,
        owner: &DocumentKey,
        arn: &str,
        change: impl Fn(&mut Tags) -> Result<(), Refusal>,
    ) -> Result<Transaction, Refusal> {
        let found = self.store.document(owner).await?;
        let found = found.ok_or_else(|| not_found(owner.kind, arn))?;
        let key = documents::key::<TagSet>(&owner.scope, "", arn);
        let before = self.load::<TagSet>(&key).await?;
        let unchanged = match &before {
            Some(stored) => stored.unchanged(),
            None => Condition::DocumentAbsent(key.clone()),
        };
        let mut tags = before.map(|stored| stored.value).unwrap_or_default();
        change(&mut tags.0)?;
        let put = documents::put(key, RevisionId::new(self.ids.as_ref()), &tags)?;
        let owned = Condition::DocumentRevision(owner.clone(), found.revision);
        Ok(Transaction::of(put).when(owned).when(unchanged))
    }
}
