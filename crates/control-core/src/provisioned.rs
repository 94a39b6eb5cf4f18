//! Provisioned concurrency: environments of a version that are kept ready, named by the version or by an alias, with which they move.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
    naming::Target,
};
use lambent_models::lambda::ProvisionedConcurrencyConfigListItem;
use lambent_store::{DocumentKey, Kind};
use lambent_types::{FunctionKey, FunctionName, FunctionRecord, Qualifier, Timestamp, Version, VersionKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Refuses `$LATEST` where nothing can be provisioned.
pub const UNPUBLISHED: &str = "The function resource provided must be an alias or a published version.";

/// How many environments are kept ready. The document's id is the qualifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedConcurrency {
    /// How many environments.
    pub executions: u32,
    /// When it was last asked for.
    pub last_modified: Timestamp,
}

impl Noun for ProvisionedConcurrency {
    const KIND: Kind = Kind::ProvisionedConcurrency;
}

/// Where it is kept for a version or alias.
pub fn key(function: &FunctionKey, qualifier: &str) -> DocumentKey {
    documents::key::<ProvisionedConcurrency>(&function.scope, function.name.as_str(), qualifier)
}

/// What an operation on provisioned concurrency names.
pub struct Provisioned {
    /// The version or alias, as it was named.
    pub qualifier: String,
    /// The version, or the one that the alias stands for.
    pub version: Arc<FunctionRecord>,
}

/// Refuses a version and an alias that stands for it to be provisioned both (recorded: `test_lambda_provisioned_lifecycle`).
pub async fn check_others(
    core: &Core,
    function: &FunctionKey,
    qualifier: &str,
    version: Version,
) -> Result<(), Refusal> {
    let others = core.list_all::<ProvisionedConcurrency>(&function.scope, Some(function.name.as_str()));
    for other in others.await?.into_iter().filter(|other| other.key.id != qualifier) {
        let meant = core.provisioned_version(&other).await?;
        if meant.is_some_and(|meant| meant.version == version) {
            let by_alias = other.key.id.parse::<Version>().is_err() && qualifier.parse::<Version>().is_ok();
            let text = if by_alias {
                "Version is pointed by a Provisioned Concurrency alias"
            } else {
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            };
            return Err(Refusal::Conflict(text.to_owned()));
        }
    }
    Ok(())
}

impl Core {
    /// The published version or alias that a request names; `latest` is the text that refuses `$LATEST`.
    pub async fn find_provisioned(&self, target: &Target, latest: &str) -> Result<Provisioned, Refusal> {
        let qualifier = target.qualifier.clone().unwrap_or_default();
        let found = match target.qualifier() {
            None | Some(Ok(Qualifier::Version(Version::Latest))) => {
                return Err(Refusal::InvalidParameter(latest.to_owned()));
            }
            Some(_) => self.find(target).await?,
        };
        let not_found = || match target.qualifier() {
            Some(Ok(Qualifier::Alias(_))) => Refusal::NotFound(format!("Cannot find alias arn: {}", target.arn())),
            _ => Refusal::FunctionNotFound(target.arn()),
        };
        let version = found.ok_or_else(not_found)?;
        Ok(Provisioned { qualifier, version })
    }

    /// The version that is meant, if it can still be told.
    pub async fn provisioned_version(
        &self,
        stored: &Stored<ProvisionedConcurrency>,
    ) -> Result<Option<VersionKey>, Refusal> {
        let Ok(name) = stored.key.parent.parse::<FunctionName>() else {
            return Ok(None);
        };
        let function = FunctionKey {
            scope: stored.key.scope.clone(),
            name,
        };
        Ok(match stored.key.id.parse() {
            Ok(Qualifier::Version(version)) => Some(function.version(version)),
            Ok(Qualifier::Alias(name)) => {
                let alias = self.alias(&function, &name).await?;
                alias.map(|alias| function.version(alias.value.version))
            }
            Err(_) => None,
        })
    }

    /// The versions of a function of which environments are to be kept ready, and how many of each.
    pub async fn provisioned_environments(
        &self,
        function: &FunctionKey,
    ) -> Result<Vec<(Arc<FunctionRecord>, u32)>, Refusal> {
        let mut environments: Vec<(Arc<FunctionRecord>, u32)> = Vec::new();
        let all = self.list_all::<ProvisionedConcurrency>(&function.scope, Some(function.name.as_str()));
        for stored in all.await? {
            let version = self.provisioned_version(&stored).await?;
            let record = match version {
                Some(version) => self.store.function(&version).await?,
                None => None,
            };
            let Some(record) = record else { continue };
            match environments.iter_mut().find(|(known, _)| known.key == record.key) {
                Some((_, executions)) => *executions += stored.value.executions,
                None => environments.push((record, stored.value.executions)),
            }
        }
        Ok(environments)
    }

    /// Keeps ready again what an earlier run kept ready.
    pub async fn recover_provisioned(&self) -> Result<(), Refusal> {
        for scope in self.store.document_scopes(Kind::ProvisionedConcurrency).await? {
            let all = self.list_all::<ProvisionedConcurrency>(&scope, None).await?;
            let mut names: Vec<_> = all.into_iter().map(|stored| stored.key.parent).collect();
            names.dedup();
            for name in names.into_iter().filter_map(|name| name.parse().ok()) {
                let scope = scope.clone();
                self.provisioned_changed(&FunctionKey { scope, name }).await?;
            }
        }
        Ok(())
    }

    /// A configuration as the API shows it: what is asked for, and what of it is there at this moment.
    pub fn shown_provisioned(
        &self,
        stored: &Stored<ProvisionedConcurrency>,
        version: &VersionKey,
    ) -> ProvisionedConcurrencyConfigListItem {
        let asked = stored.value.executions;
        let now = self.invoker.provisioned(version);
        // What an alias had before it moved counts until it is replaced.
        let ready = i64::from(now.ready.saturating_add(now.leaving).min(asked));
        let (status, reason) = match (now.ready >= asked, now.failed) {
            (true, _) => ("READY", None),
            (false, true) => ("FAILED", Some("FUNCTION_ERROR_INIT_FAILURE")),
            (false, false) => ("IN_PROGRESS", None),
        };
        ProvisionedConcurrencyConfigListItem {
            function_arn: Some(version.function.qualified_arn(&stored.key.id)),
            requested_provisioned_concurrent_executions: Some(i64::from(asked)),
            available_provisioned_concurrent_executions: Some(ready),
            allocated_provisioned_concurrent_executions: Some(ready),
            status: Some(status.to_owned()),
            status_reason: reason.map(str::to_owned),
            last_modified: Some(stored.value.last_modified.format("%Y-%m-%dT%H:%M:%S+0000")),
        }
    }
}
