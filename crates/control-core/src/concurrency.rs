//! Reserved and provisioned concurrency: how an account's executions in one region are shared out.
//!
//! What is reserved is kept with each function and read as a whole for a region, so that an invocation finds its limits in memory.
//! Whether a share can be had depends on all others; requests for one are therefore taken one after the other. That holds for a
//! server that has its store to itself.

use crate::{
    Core, Refusal,
    documents::{self, Noun},
    provisioned::{self, ProvisionedConcurrency},
    settle::is_settled,
};
use lambent_engine::{Admission, OnDemand};
use lambent_store::{Change, CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, FunctionRecord, RevisionId, Scope, Version, VersionKey};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Mutex;

/// What must stay for the functions without a reservation ("Lambda quotas").
pub const LEAST_UNRESERVED: u32 = 100;

/// A function's share of its account's executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedConcurrency {
    /// How many at once.
    pub executions: u32,
}

impl Noun for ReservedConcurrency {
    const KIND: Kind = Kind::ReservedConcurrency;
}

fn key(function: &FunctionKey) -> DocumentKey {
    documents::key::<ReservedConcurrency>(&function.scope, function.name.as_str(), "")
}

/// Who has what share, of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// By function name.
    reserved: HashMap<String, u32>,
    /// By function name: the provisioned executions of its versions.
    provisioned: HashMap<String, BTreeMap<Version, u32>>,
}

impl Shares {
    /// The share of a function, if it has one.
    pub fn reserved(&self, function: &FunctionKey) -> Option<u32> {
        self.reserved.get(function.name.as_str()).copied()
    }

    fn provisioned(&self, version: &VersionKey) -> u32 {
        let versions = self.provisioned.get(version.function.name.as_str());
        versions
            .and_then(|versions| versions.get(&version.version))
            .copied()
            .unwrap_or(0)
    }

    fn all_provisioned(&self, function: &str) -> u32 {
        let versions = self.provisioned.get(function).into_iter().flatten();
        versions.fold(0, |sum, (_, executions)| sum.saturating_add(*executions))
    }

    /// What a function takes from the account: its share, which covers what is provisioned, or else that alone.
    fn taken(&self, function: &str) -> u32 {
        let reserved = self.reserved.get(function).copied();
        reserved.unwrap_or_else(|| self.all_provisioned(function))
    }

    /// What is left for the functions without a share, of an account that may have `account` executions.
    pub fn unreserved(&self, account: u32) -> u32 {
        let names = self.reserved.keys().chain(self.provisioned.keys());
        let names: BTreeSet<_> = names.collect();
        names
            .into_iter()
            .fold(account, |left, name| left.saturating_sub(self.taken(name)))
    }

    /// The limits that an invocation of a version meets.
    pub fn admission(&self, version: &VersionKey, account: u32) -> Admission {
        let on_demand = match self.reserved(&version.function) {
            Some(share) => {
                OnDemand::Reserved(share.saturating_sub(self.all_provisioned(version.function.name.as_str())))
            }
            None => OnDemand::Unreserved(self.unreserved(account)),
        };
        Admission {
            provisioned: self.provisioned(version),
            on_demand,
        }
    }

    /// Refuses a share that leaves the others too little. Giving back is always allowed, down to what is provisioned.
    fn check_reservation(&self, function: &FunctionKey, wanted: u32, account: u32) -> Result<(), Refusal> {
        let name = function.name.as_str();
        let (taken, provisioned) = (self.taken(name), self.all_provisioned(name));
        if wanted < provisioned {
            return Err(Refusal::InvalidParameterUntyped(format!(
                " ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned \
                 concurrency [{provisioned}]."
            )));
        }
        let left = (self.unreserved(account) + taken).checked_sub(wanted);
        if wanted <= taken || left.is_some_and(|left| left >= LEAST_UNRESERVED) {
            return Ok(());
        }
        Err(too_little_left("ReservedConcurrentExecutions"))
    }

    /// Refuses provisioned executions that the function's share does not cover, or that leave the others too little.
    fn check_provisioned(&self, version: &VersionKey, wanted: u32, account: u32) -> Result<(), Refusal> {
        let had = self.provisioned(version);
        if let Some(share) = self.reserved(&version.function) {
            let others = self.all_provisioned(version.function.name.as_str()).saturating_sub(had);
            if others.saturating_add(wanted) <= share {
                return Ok(());
            }
            let text = "Requested Provisioned Concurrency should not be greater than the \
                        reservedConcurrentExecution for function";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        let available = self.unreserved(account) + had;
        match available.checked_sub(wanted) {
            None => Err(Refusal::InvalidParameterUntyped(format!(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency \
                 [{available}]."
            ))),
            Some(left) if left < LEAST_UNRESERVED && wanted > had => Err(too_little_left("ConcurrentExecutions")),
            Some(_) => Ok(()),
        }
    }
}

fn too_little_left(what: &str) -> Refusal {
    Refusal::InvalidParameterUntyped(format!(
        "Specified {what} for function decreases account's UnreservedConcurrentExecution \
         below its minimum value of [{LEAST_UNRESERVED}]."
    ))
}

/// The shares that were read, by account and region.
#[derive(Default)]
pub struct Capacity {
    known: RwLock<Known>,
    /// Held by whoever gives out or takes back a share.
    changing: Mutex<()>,
}

#[derive(Default)]
struct Known {
    shares: HashMap<Scope, Arc<Shares>>,
    /// Counts what was forgotten, so that what was read before is not kept after.
    forgotten: u64,
}

impl Capacity {
    fn get(&self, scope: &Scope) -> Result<Arc<Shares>, u64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.shares.get(scope).cloned().ok_or(known.forgotten)
    }

    fn keep(&self, scope: &Scope, shares: &Arc<Shares>, forgotten: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.forgotten == forgotten {
            known.shares.insert(scope.clone(), Arc::clone(shares));
        }
    }

    /// What was read is read again when it is needed. Called after every commit that may change a share.
    pub fn forget(&self, scope: &Scope) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.forgotten += 1;
        known.shares.remove(scope);
    }
}

impl Core {
    /// The shares of an account in a region.
    pub async fn shares(&self, scope: &Scope) -> Result<Arc<Shares>, Refusal> {
        let forgotten = match self.capacity.get(scope) {
            Ok(shares) => return Ok(shares),
            Err(forgotten) => forgotten,
        };
        let reserved = self.list_all::<ReservedConcurrency>(scope, None).await?;
        let reserved = reserved
            .into_iter()
            .map(|stored| (stored.key.parent, stored.value.executions));
        let mut shares = Shares {
            reserved: reserved.collect(),
            ..Shares::default()
        };
        for stored in self.list_all::<ProvisionedConcurrency>(scope, None).await? {
            let name = stored.key.parent.clone();
            if let Some(version) = self.provisioned_version(&stored).await? {
                let versions = shares.provisioned.entry(name).or_default();
                *versions.entry(version.version).or_default() += stored.value.executions;
            }
        }
        let shares = Arc::new(shares);
        self.capacity.keep(scope, &shares, forgotten);
        Ok(shares)
    }

    /// The limits that an invocation of a version meets now.
    pub async fn admission(&self, version: &VersionKey) -> Result<Admission, Refusal> {
        let shares = self.shares(&version.function.scope).await?;
        Ok(shares.admission(version, self.invoker.account_concurrency()))
    }

    /// Gives a function a share of its own.
    pub async fn reserve(&self, latest: &FunctionRecord, executions: u32) -> Result<(), Refusal> {
        let function = &latest.key.function;
        let _one_at_a_time = self.capacity.changing.lock().await;
        let shares = self.shares(&function.scope).await?;
        shares.check_reservation(function, executions, self.invoker.account_concurrency())?;
        let revision = RevisionId::new(self.ids.as_ref());
        let put = documents::put(key(function), revision, &ReservedConcurrency { executions })?;
        let exists = Condition::VersionPresent(latest.key.clone());
        let committed = self.store.commit(Transaction::of(put).when(exists)).await;
        self.capacity.forget(&function.scope);
        still_there(committed, function)
    }

    /// Keeps environments of a version ready, under the qualifier that names it. The version's revision changes (recorded:
    /// `test_lambda_provisioned_concurrency_moves_with_alias`).
    pub async fn provision(
        &self,
        version: &FunctionRecord,
        qualifier: &str,
        value: &ProvisionedConcurrency,
    ) -> Result<(), Refusal> {
        let function = &version.key.function;
        let _one_at_a_time = self.capacity.changing.lock().await;
        provisioned::check_others(self, function, qualifier, version.key.version).await?;
        let shares = self.shares(&function.scope).await?;
        shares.check_provisioned(&version.key, value.executions, self.invoker.account_concurrency())?;
        let revision = RevisionId::new(self.ids.as_ref());
        let put = documents::put(provisioned::key(function, qualifier), revision, value)?;
        let exists = Condition::VersionPresent(version.key.clone());
        let committed = self.store.commit(Transaction::of(put).when(exists)).await;
        self.follow_provisioned(function, None).await?;
        still_there(committed, function)?;
        self.revise(version).await
    }

    /// Gives a version another revision. Who changes it at the same time has done so, and must not be disturbed.
    async fn revise(&self, version: &FunctionRecord) -> Result<(), Refusal> {
        if !is_settled(version) {
            return Ok(());
        }
        let unchanged = Condition::Revision(version.key.clone(), version.revision);
        let revised = FunctionRecord {
            revision: RevisionId::new(self.ids.as_ref()),
            ..version.clone()
        };
        let put = Transaction::of(Change::PutFunction(Arc::new(revised))).when(unchanged);
        match self.store.commit(put).await {
            Err(CommitError::Condition(_)) => Ok(()),
            committed => Ok(committed?),
        }
    }

    /// Keeps nothing ready any more under a qualifier.
    pub async fn unprovision(&self, function: &FunctionKey, qualifier: &str) -> Result<(), Refusal> {
        let _one_at_a_time = self.capacity.changing.lock().await;
        let delete = Transaction::of(Change::DeleteDocument(provisioned::key(function, qualifier)));
        let committed = self.store.commit(delete).await;
        self.follow_provisioned(function, None).await?;
        Ok(committed?)
    }

    /// Lets environments follow what has just been committed: an alias, a function or a version that was deleted.
    pub async fn provisioned_changed(&self, function: &FunctionKey) -> Result<(), Refusal> {
        let _one_at_a_time = self.capacity.changing.lock().await;
        self.follow_provisioned(function, None).await
    }

    /// Lets environments follow an alias that has been moved away from a version: those stay until they are replaced.
    pub async fn provisioned_moved(&self, left: &VersionKey) -> Result<(), Refusal> {
        let _one_at_a_time = self.capacity.changing.lock().await;
        self.follow_provisioned(&left.function, Some(left)).await
    }

    /// The caller holds the lock, so that the last change has the last word.
    async fn follow_provisioned(&self, function: &FunctionKey, left: Option<&VersionKey>) -> Result<(), Refusal> {
        self.capacity.forget(&function.scope);
        let wanted = self.provisioned_environments(function).await?;
        self.invoker.provision(function, wanted, left);
        Ok(())
    }

    /// Takes a function's share back.
    pub async fn unreserve(&self, function: &FunctionKey) -> Result<(), Refusal> {
        let _one_at_a_time = self.capacity.changing.lock().await;
        let delete = Transaction::of(Change::DeleteDocument(key(function)));
        let committed = self.store.commit(delete).await;
        self.capacity.forget(&function.scope);
        Ok(committed?)
    }
}

/// The one condition of these commits is that the function has not been deleted meanwhile.
fn still_there(committed: Result<(), CommitError>, function: &FunctionKey) -> Result<(), Refusal> {
    match committed {
        Err(CommitError::Condition(_)) => Err(Refusal::FunctionNotFound(function.arn())),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    fn shares(reserved: &[(&str, u32)]) -> Shares {
        Shares {
            reserved: reserved
                .iter()
                .map(|(name, share)| ((*name).to_owned(), *share))
                .collect(),
            ..Shares::default()
        }
    }

    fn with_provisioned(mut shares: Shares, name: &str, version: u64, executions: u32) -> Shares {
        let versions = shares.provisioned.entry(name.to_owned()).or_default();
        versions.insert(Version::Published(version), executions);
        shares
    }

    #[test]
    fn what_is_provisioned_is_the_versions_own() {
        let shares = with_provisioned(shares(&[("f", 10)]), "f", 1, 4);
        let shares = with_provisioned(shares, "g", 1, 50);
        let function = |name: &str| record(name).key.function;
        let limits = |name: &str, version| shares.admission(&function(name).version(version), 1_000);
        let (latest, first) = (Version::Latest, Version::Published(1));
        assert_eq!(limits("f", first).provisioned, 4);
        assert_eq!(
            (limits("f", latest).provisioned, limits("f", latest).on_demand),
            (0, OnDemand::Reserved(6))
        );
        assert_eq!(
            (limits("g", first).provisioned, limits("g", first).on_demand),
            (50, OnDemand::Unreserved(940))
        );
        let check = |name: &str, version, wanted| {
            shares
                .check_provisioned(&function(name).version(Version::Published(version)), wanted, 1_000)
                .is_ok()
        };
        assert!(check("f", 1, 10) && !check("f", 1, 11) && check("f", 2, 6) && !check("f", 2, 7));
        assert!(check("g", 1, 890) && !check("g", 1, 891) && !check("g", 1, 991));
        let reserve = |name: &str, wanted| shares.check_reservation(&function(name), wanted, 1_000).is_ok();
        assert!(!reserve("f", 3) && reserve("f", 4) && !reserve("g", 49) && reserve("g", 50));
    }

    #[test]
    fn a_share_is_had_by_one_and_missed_by_the_others() {
        let shares = shares(&[("f", 300), ("g", 0)]);
        let limits = |name| shares.admission(&record(name).key, 1_000).on_demand;
        assert_eq!(limits("f"), OnDemand::Reserved(300));
        assert_eq!(limits("g"), OnDemand::Reserved(0));
        assert_eq!(limits("h"), OnDemand::Unreserved(700));
    }

    #[test]
    fn a_hundred_stay_unreserved() {
        let shares = shares(&[("f", 300)]);
        let check = |name, wanted| {
            shares
                .check_reservation(&record(name).key.function, wanted, 1_000)
                .is_ok()
        };
        assert!(check("g", 600) && !check("g", 601) && !check("g", u32::MAX));
        assert!(check("f", 900) && !check("f", 901));
        let small = |wanted| shares.check_reservation(&record("f").key.function, wanted, 10).is_ok();
        assert!(small(0) && small(300) && !small(301), "giving back is always allowed");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let (capacity, scope) = (Capacity::default(), record("f").key.function.scope);
        let before = capacity.get(&scope).unwrap_err();
        capacity.forget(&scope);
        capacity.keep(&scope, &Arc::default(), before);
        let now = capacity.get(&scope).unwrap_err();
        capacity.keep(&scope, &Arc::default(), now);
        assert!(capacity.get(&scope).is_ok());
    }
}
