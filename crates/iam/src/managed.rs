//! Policies that roles share: the account's own and AWS's.

use crate::{
    Iam, Refusal, aws,
    documents::{self, Noun, Stored},
    name::{home, parts},
    tags::{self, Tags},
};
use lambent_models::iam;
use lambent_store::{DocumentKey, Kind, Transaction};
use lambent_types::{Scope, Timestamp};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};

/// Versions that a policy may have.
const MOST_VERSIONS: usize = 5;
/// Tries against others who change the same thing at the same time.
pub(crate) const TRIES: usize = 20;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    /// Begins and ends with a slash.
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// The version that counts.
    pub(crate) default: u32,
    /// The highest number that a version has had.
    pub(crate) newest: u32,
    /// In order of their numbers.
    pub(crate) versions: Vec<Version>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) created: Timestamp,
    pub(crate) document: String,
}

impl Noun for ManagedPolicy {
    const KIND: Kind = Kind::ManagedPolicy;
}

impl ManagedPolicy {
    /// Its ARN: AWS's own have `aws` where others have an account.
    pub(crate) fn arn(&self, partition: &str, owner: &str) -> String {
        format!("arn:{partition}:iam::{owner}:policy{}{}", self.path, self.name)
    }

    /// What the version that counts says.
    pub(crate) fn document(&self) -> &str {
        let counts = self.versions.iter().find(|version| version.number == self.default);
        counts.map_or("", |version| version.document.as_str())
    }

    /// The version of this id, such as `v2`.
    pub(crate) fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id() == id)
    }

    /// Adds a version.
    pub(crate) fn add(&mut self, document: String, counts: bool, now: Timestamp) -> Result<Version, Refusal> {
        if self.versions.len() >= MOST_VERSIONS {
            let text = format!(
                "A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you must delete an \
                 existing version."
            );
            return Err(Refusal::TooMuch(text));
        }
        self.newest += 1;
        let version = Version {
            number: self.newest,
            created: now,
            document,
        };
        if counts {
            self.default = version.number;
        }
        self.updated = now;
        self.versions.push(version.clone());
        Ok(version)
    }

    /// What lists show.
    pub(crate) fn listed(&self, arn: String, attachments: usize, boundaries: usize) -> iam::Policy {
        iam::Policy {
            policy_name: Some(self.name.clone()),
            policy_id: Some(self.id.clone()),
            arn: Some(arn),
            path: Some(self.path.clone()),
            default_version_id: Some(format!("v{}", self.default)),
            attachment_count: i64::try_from(attachments).ok(),
            permissions_boundary_usage_count: i64::try_from(boundaries).ok(),
            is_attachable: Some(true),
            create_date: Some(self.created.into()),
            update_date: Some(self.updated.into()),
            ..iam::Policy::default()
        }
    }

    /// What is shown of it alone.
    pub(crate) fn shown(&self, arn: String, attachments: usize, boundaries: usize) -> iam::Policy {
        iam::Policy {
            description: self.description.clone(),
            tags: Some(tags::shown(&self.tags)),
            ..self.listed(arn, attachments, boundaries)
        }
    }
}

impl Version {
    pub(crate) fn id(&self) -> String {
        format!("v{}", self.number)
    }

    /// What is shown of it, without its document.
    pub(crate) fn shown(&self, policy: &ManagedPolicy) -> iam::PolicyVersion {
        iam::PolicyVersion {
            document: None,
            version_id: Some(self.id()),
            is_default_version: Some(self.number == policy.default),
            create_date: Some(self.created.into()),
        }
    }
}

/// A policy that was found.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// One of AWS's.
    Aws(&'static ManagedPolicy),
    /// One of the account's.
    Own(Box<Stored<ManagedPolicy>>),
}

impl Found {
    pub(crate) fn policy(&self) -> &ManagedPolicy {
        match self {
            Self::Aws(policy) => policy,
            Self::Own(stored) => &stored.value,
        }
    }
}

/// Where a policy of this name is kept.
pub(crate) fn key(scope: &Scope, name: &str) -> DocumentKey {
    documents::key::<ManagedPolicy>(scope, "", &name.to_lowercase())
}

impl Iam {
    /// The policy of an ARN, which is the caller's account's or AWS's.
    pub(crate) async fn policy(&self, cx: &RequestContext, arn: &str) -> Result<Found, Refusal> {
        let (partition, owner, _, name) = parts(arn, "policy").ok_or_else(|| Refusal::NotAnArn(arn.to_owned()))?;
        let missing = || Refusal::NoPolicy(arn.to_owned());
        if owner == "aws" {
            let known = aws::policies()
                .iter()
                .find(|policy| policy.arn(partition, owner) == arn);
            let unknown = || Refusal::NotImplemented(format!("AWS's policy {arn}"));
            return known.map(Found::Aws).ok_or_else(unknown);
        }
        if owner != cx.scope.account.as_str() {
            return Err(missing());
        }
        let found = self
            .load::<ManagedPolicy>(&key(&home(cx.scope.account, partition), name))
            .await?;
        let same = found.filter(|stored| stored.value.arn(partition, owner) == arn);
        same.map(|stored| Found::Own(Box::new(stored))).ok_or_else(missing)
    }

    /// The same of one that can be changed.
    pub(crate) async fn own_policy(
        &self,
        cx: &RequestContext,
        arn: &str,
        operation: &'static str,
    ) -> Result<Stored<ManagedPolicy>, Refusal> {
        match self.policy(cx, arn).await? {
            Found::Own(stored) => Ok(*stored),
            Found::Aws(_) => Err(Refusal::NotYours(operation, arn.to_owned())),
        }
    }

    /// Changes a policy. `change` may be asked again.
    pub(crate) async fn change_policy<T>(
        &self,
        cx: &RequestContext,
        arn: &str,
        operation: &'static str,
        change: impl Fn(&mut ManagedPolicy) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        for _ in 0..TRIES {
            let mut stored = self.own_policy(cx, arn, operation).await?;
            let unchanged = stored.unchanged();
            let answer = change(&mut stored.value)?;
            let put = self.put(stored.key.clone(), &stored.value)?;
            let committed = self.store.commit(Transaction::of(put).when(unchanged)).await;
            match committed.map_err(Refusal::from) {
                Err(Refusal::Busy) => {}
                done => return done.map(|()| answer),
            }
        }
        Err(Refusal::Busy)
    }
}
