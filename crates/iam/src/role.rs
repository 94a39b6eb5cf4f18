//! Roles.

use crate::{
    Iam, Refusal, aws, document,
    documents::{self, Noun, Stored},
    managed::{self, ManagedPolicy, TRIES},
    name::{home, home_of, parts},
    tags::{self, Tags},
};
use lambent_engine::policy::{self, Document, Facts, Question, Who};
use lambent_models::iam;
use lambent_store::{DocumentKey, Kind, Transaction, Unavailable};
use lambent_types::{AccountId, Scope, Timestamp};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// Begins and ends with a slash.
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// Who may assume it.
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    /// The longest session, in seconds.
    pub(crate) longest_session: i64,
    pub(crate) tags: Tags,
    /// The policies that are its own, by their names.
    pub(crate) policies: BTreeMap<String, String>,
    /// The ARNs of those that it shares.
    pub(crate) attached: BTreeSet<String>,
    /// The ARN of the policy beyond which nothing is allowed.
    pub(crate) boundary: Option<String>,
}

impl Noun for Role {
    const KIND: Kind = Kind::Role;
}

impl Role {
    pub(crate) fn arn(&self, partition: &str, account: AccountId) -> String {
        format!("arn:{partition}:iam::{account}:role{}{}", self.path, self.name)
    }

    /// What lists show.
    pub(crate) fn listed(&self, scope: &Scope) -> iam::Role {
        iam::Role {
            path: Some(self.path.clone()),
            role_name: Some(self.name.clone()),
            role_id: Some(self.id.clone()),
            arn: Some(self.arn(scope.region.partition(), scope.account)),
            create_date: Some(self.created.into()),
            assume_role_policy_document: Some(document::shown(&self.trust)),
            description: self.description.clone(),
            max_session_duration: Some(self.longest_session),
            ..iam::Role::default()
        }
    }

    /// What is shown of it alone.
    pub(crate) fn shown(&self, scope: &Scope) -> iam::Role {
        let boundary = self.boundary.clone().map(|arn| iam::AttachedPermissionsBoundary {
            permissions_boundary_type: Some("Policy".to_owned()),
            permissions_boundary_arn: Some(arn),
        });
        iam::Role {
            permissions_boundary: boundary,
            tags: (!self.tags.is_empty()).then(|| tags::shown(&self.tags)),
            // When a role was used is not counted here.
            role_last_used: Some(iam::RoleLastUsed::default()),
            ..self.listed(scope)
        }
    }
}

/// Where a role of this name is kept.
pub(crate) fn key(scope: &Scope, name: &str) -> DocumentKey {
    documents::key::<Role>(scope, "", &name.to_lowercase())
}

/// The ARN of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleArn<'a> {
    /// All of it.
    pub text: &'a str,
    /// `aws`, or another partition of regions.
    pub partition: &'a str,
    /// The account that the role is of.
    pub account: AccountId,
    /// The role's name, without its path.
    pub name: &'a str,
}

impl<'a> RoleArn<'a> {
    /// Reads such an ARN.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let (partition, account, _, name) = parts(text, "role")?;
        Some(Self {
            text,
            partition,
            account: account.parse().ok()?,
            name,
        })
    }
}

/// A role that was made here, as other services ask for it.
#[derive(Clone, Debug)]
pub struct KnownRole {
    /// Its id, such as `AROAQ3EGU4CZ7TESTEXMP`.
    pub id: String,
    /// The longest session, in seconds.
    pub longest_session: i64,
    trust: Option<Document>,
    permissions: Vec<Document>,
    boundary: Option<Document>,
}

impl KnownRole {
    /// Whether its trust policy lets somebody assume it.
    #[must_use]
    pub fn may_be_assumed(&self, who: Who<'_>, facts: Facts<'_>) -> bool {
        let question = Question {
            who,
            action: "sts:AssumeRole",
            resource: None,
            facts,
        };
        self.trust
            .as_ref()
            .is_some_and(|trust| trust.decide(&question).is_allowed())
    }

    /// Whether its policies let it do something with a resource.
    #[must_use]
    pub fn may(&self, action: &str, resource: &str, facts: Facts<'_>) -> bool {
        let question = Question {
            who: Who::Holder,
            action,
            resource: Some(resource),
            facts,
        };
        let within = |boundary: &Document| boundary.decide(&question).is_allowed();
        policy::decide(&self.permissions, &question).is_allowed() && self.boundary.as_ref().is_none_or(within)
    }
}

impl Iam {
    /// A role that was made here; `None` for one that was not, of which nothing is known.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn role(&self, arn: RoleArn<'_>) -> Result<Option<KnownRole>, Unavailable> {
        let scope = home(arn.account, arn.partition);
        let found = self.load::<Role>(&key(&scope, arn.name)).await?;
        let same = found.filter(|stored| stored.value.arn(arn.partition, arn.account) == arn.text);
        let Some(role) = same.map(|stored| stored.value) else {
            return Ok(None);
        };
        let mut permissions: Vec<Document> = role
            .policies
            .values()
            .filter_map(|text| Document::read(text).ok())
            .collect();
        for policy in &role.attached {
            permissions.extend(self.shared(&scope, policy).await?);
        }
        let boundary = match &role.boundary {
            // One that is gone allows nothing.
            Some(boundary) => Some(self.shared(&scope, boundary).await?.unwrap_or_else(Document::silent)),
            None => None,
        };
        Ok(Some(KnownRole {
            id: role.id,
            longest_session: role.longest_session,
            trust: Document::read(&role.trust).ok(),
            permissions,
            boundary,
        }))
    }

    /// What a policy that roles share says.
    async fn shared(&self, scope: &Scope, arn: &str) -> Result<Option<Document>, Unavailable> {
        let Some((partition, owner, _, name)) = parts(arn, "policy") else {
            return Ok(None);
        };
        if owner == "aws" {
            let known = aws::policies()
                .iter()
                .find(|policy| policy.arn(partition, owner) == arn);
            return Ok(known.and_then(|policy| Document::read(policy.document()).ok()));
        }
        let found = self.load::<ManagedPolicy>(&managed::key(scope, name)).await?;
        Ok(found.and_then(|stored| Document::read(stored.value.document()).ok()))
    }

    /// A role of the caller's account, which must be there.
    pub(crate) async fn stored_role(&self, cx: &RequestContext, name: &str) -> Result<Stored<Role>, Refusal> {
        let scope = home_of(cx);
        let found = self.load::<Role>(&key(&scope, name)).await?;
        found.ok_or_else(|| Refusal::NoRole(name.to_owned()))
    }

    /// All roles of the caller's account, in order of their names.
    pub(crate) async fn roles(&self, cx: &RequestContext) -> Result<Vec<Role>, Refusal> {
        let scope = home_of(cx);
        let roles = self.list_all::<Role>(&scope, "").await?;
        Ok(roles.into_iter().map(|stored| stored.value).collect())
    }

    /// Changes a role. `change` may be asked again.
    pub(crate) async fn change_role(
        &self,
        cx: &RequestContext,
        name: &str,
        change: impl Fn(&mut Role) -> Result<(), Refusal>,
    ) -> Result<Role, Refusal> {
        for _ in 0..TRIES {
            let mut stored = self.stored_role(cx, name).await?;
            let unchanged = stored.unchanged();
            change(&mut stored.value)?;
            let put = self.put(stored.key.clone(), &stored.value)?;
            let committed = self.store.commit(Transaction::of(put).when(unchanged)).await;
            match committed.map_err(Refusal::from) {
                Err(Refusal::Busy) => {}
                done => return done.map(|()| stored.value),
            }
        }
        Err(Refusal::Busy)
    }
}
