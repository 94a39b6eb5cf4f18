//! Finding and changing the policy of a function, a version or an alias.

use crate::{
    Core, Refusal, TRIES,
    documents::{self, Stored},
    naming::Target,
    policy::Policy,
};
use lambent_store::{Change, CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, Qualifier, RevisionId, Version};

/// What a policy is of, once it is known to exist.
pub struct Owner {
    /// Where its policy is kept.
    pub policy: DocumentKey,
    /// As statements name it.
    pub arn: String,
    /// Holds while it exists.
    pub present: Condition,
    /// The operation that tells the policy's revision.
    pub told_by: &'static str,
}

impl Core {
    /// The function, version or alias a request names. `absent` words the refusal if there is no such function.
    pub async fn policy_owner(&self, target: &Target, absent: impl Fn(String) -> Refusal) -> Result<Owner, Refusal> {
        let (Some(function), Some(latest)) = (&target.key, self.find_latest(target).await?) else {
            return Err(absent(target.unqualified_arn()));
        };
        let present = match target.qualifier.as_deref().map(str::parse::<Qualifier>) {
            None | Some(Ok(Qualifier::Version(Version::Latest))) => Condition::VersionPresent(latest.key.clone()),
            Some(Ok(Qualifier::Version(version))) => {
                let found = self.store.function(&function.version(version)).await?;
                let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
                Condition::VersionPresent(record.key.clone())
            }
            Some(Ok(Qualifier::Alias(alias))) => {
                let found = self.store.document(&alias_key(function, &alias.to_string())).await?;
                let missing = || Refusal::NotFound(format!("Cannot find alias arn: {}", target.arn()));
                let document = found.ok_or_else(missing)?;
                Condition::DocumentRevision(document.key, document.revision)
            }
            Some(Err(_)) => return Err(Refusal::FunctionNotFound(target.arn())),
        };
        Ok(Owner {
            policy: policy_key(function, target.qualifier.as_deref()),
            arn: target.arn(),
            present,
            told_by: "GetPolicy",
        })
    }

    /// The policy of what a request names, which need not exist.
    pub async fn policy(&self, target: &Target) -> Result<Option<Stored<Policy>>, Refusal> {
        match &target.key {
            Some(function) => self.load(&policy_key(function, target.qualifier.as_deref())).await,
            None => Ok(None),
        }
    }

    /// Changes a policy; `None` from `change` removes it, as does a policy without statements. A revision that the client expects is
    /// the policy's: before there is one, none is right, not even that of its owner (recorded: `test_lambda_permission_fn_versioning`).
    /// Returns what `change` does beside it, and the policy's new revision.
    pub async fn change_policy<T>(
        &self,
        owner: &Owner,
        expected: Option<&str>,
        change: impl Fn(Option<Policy>) -> Result<(Option<Policy>, T), Refusal>,
    ) -> Result<(T, RevisionId), Refusal> {
        for _ in 0..TRIES {
            let before = self.load::<Policy>(&owner.policy).await?;
            let present = before.as_ref().map(|stored| stored.revision.to_string());
            if expected.is_some() && expected != present.as_deref() {
                return Err(Refusal::PolicyRevisionMismatch(owner.told_by));
            }
            let unchanged = match &before {
                Some(stored) => stored.unchanged(),
                None => Condition::DocumentAbsent(owner.policy.clone()),
            };
            let (after, answer) = change(before.map(|stored| stored.value))?;
            let revision = RevisionId::new(self.ids.as_ref());
            let write = match after.filter(|policy| !policy.is_empty()) {
                Some(policy) => documents::put(owner.policy.clone(), revision, &policy)?,
                None => Change::DeleteDocument(owner.policy.clone()),
            };
            let transaction = Transaction::of(write).when(owner.present.clone()).when(unchanged);
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(Condition::VersionPresent(_))) => {
                    return Err(Refusal::FunctionNotFound(owner.arn.clone()));
                }
                // The alias or layer version was moved or deleted just now.
                Err(CommitError::Condition(failed)) if failed == owner.present => break,
                Err(CommitError::Condition(_)) => {}
                committed => {
                    committed?;
                    return Ok((answer, revision));
                }
            }
        }
        Err(Refusal::UpdateInProgress(owner.arn.clone()))
    }
}

/// Adding anything to `$LATEST` by that name is refused; the function as a whole is meant.
pub fn refuse_latest(target: &Target) -> Result<(), Refusal> {
    if target.qualifier.as_deref() == Some("$LATEST") {
        let text = "We currently do not support adding policies for $LATEST.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    Ok(())
}

/// There is nothing to remove a statement from.
pub fn no_policy() -> Refusal {
    Refusal::NotFound("No policy is associated with the given resource.".to_owned())
}

fn policy_key(function: &FunctionKey, qualifier: Option<&str>) -> DocumentKey {
    documents::key::<Policy>(&function.scope, function.name.as_str(), qualifier.unwrap_or_default())
}

fn alias_key(function: &FunctionKey, alias: &str) -> DocumentKey {
    DocumentKey {
        kind: Kind::Alias,
        scope: function.scope.clone(),
        parent: function.name.to_string(),
        id: alias.to_owned(),
    }
}
