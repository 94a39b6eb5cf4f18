//! Reserved concurrency: how an account's executions in one region are shared out.
//!
//! What is reserved is kept with each function and read as a whole for a region, so that an invocation finds its limits in memory.
//! Whether a share can be had depends on all others; requests for one are therefore taken one after the other. That holds for a
//! server that has its store to itself.

use crate::{
    Control, Refusal,
    documents::{self, Noun},
};
use lambent_engine::{Admission, OnDemand};
use lambent_store::{Change, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, FunctionRecord, RevisionId, Scope, VersionKey};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Mutex;

/// What must stay for the functions without a reservation ("Lambda quotas").
pub(crate) const LEAST_UNRESERVED: u32 = 100;

/// A function's share of its account's executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReservedConcurrency {
    pub(crate) executions: u32,
}

impl Noun for ReservedConcurrency {
    const KIND: Kind = Kind::ReservedConcurrency;
}

fn key(function: &FunctionKey) -> DocumentKey {
    documents::key::<ReservedConcurrency>(&function.scope, function.name.as_str(), "")
}

/// Who has what share, of one account in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    /// By function name.
    reserved: HashMap<String, u32>,
}

impl Shares {
    /// The share of a function, if it has one.
    pub(crate) fn reserved(&self, function: &FunctionKey) -> Option<u32> {
        self.reserved.get(function.name.as_str()).copied()
    }

    /// What is left for the functions without a share, of an account that may have `account` executions.
    pub(crate) fn unreserved(&self, account: u32) -> u32 {
        self.reserved
            .values()
            .fold(account, |left, share| left.saturating_sub(*share))
    }

    /// The limits that an invocation of a version meets.
    pub(crate) fn admission(&self, version: &VersionKey, account: u32) -> Admission {
        let on_demand = match self.reserved(&version.function) {
            Some(share) => OnDemand::Reserved(share),
            None => OnDemand::Unreserved(self.unreserved(account)),
        };
        Admission {
            provisioned: 0,
            on_demand,
        }
    }

    /// Refuses a share that leaves the others too little. Giving back is always allowed.
    fn check_reservation(&self, function: &FunctionKey, wanted: u32, account: u32) -> Result<(), Refusal> {
        let had = self.reserved(function).unwrap_or(0);
        let left = (self.unreserved(account) + had).checked_sub(wanted);
        if wanted <= had || left.is_some_and(|left| left >= LEAST_UNRESERVED) {
            return Ok(());
        }
        Err(Refusal::InvalidParameterUntyped(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
             below its minimum value of [{LEAST_UNRESERVED}]."
        )))
    }
}

/// The shares that were read, by account and region.
#[derive(Default)]
pub(crate) struct Capacity {
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
    pub(crate) fn forget(&self, scope: &Scope) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.forgotten += 1;
        known.shares.remove(scope);
    }
}

impl Control {
    /// The shares of an account in a region.
    pub(crate) async fn shares(&self, scope: &Scope) -> Result<Arc<Shares>, Refusal> {
        let forgotten = match self.0.capacity.get(scope) {
            Ok(shares) => return Ok(shares),
            Err(forgotten) => forgotten,
        };
        let reserved = self.list_all::<ReservedConcurrency>(scope, None).await?;
        let reserved = reserved
            .into_iter()
            .map(|stored| (stored.key.parent, stored.value.executions));
        let shares = Arc::new(Shares {
            reserved: reserved.collect(),
        });
        self.0.capacity.keep(scope, &shares, forgotten);
        Ok(shares)
    }

    /// The limits that an invocation of a version meets now.
    pub(crate) async fn admission(&self, version: &VersionKey) -> Result<Admission, Refusal> {
        let shares = self.shares(&version.function.scope).await?;
        Ok(shares.admission(version, self.0.invoker.account_concurrency()))
    }

    /// Gives a function a share of its own.
    pub(crate) async fn reserve(&self, latest: &FunctionRecord, executions: u32) -> Result<(), Refusal> {
        let function = &latest.key.function;
        let _one_at_a_time = self.0.capacity.changing.lock().await;
        let shares = self.shares(&function.scope).await?;
        shares.check_reservation(function, executions, self.0.invoker.account_concurrency())?;
        let revision = RevisionId::new(self.0.ids.as_ref());
        let put = documents::put(key(function), revision, &ReservedConcurrency { executions })?;
        let exists = Condition::VersionPresent(latest.key.clone());
        let committed = self.0.store.commit(Transaction::of(put).when(exists)).await;
        self.0.capacity.forget(&function.scope);
        Ok(committed?)
    }

    /// Takes a function's share back.
    pub(crate) async fn unreserve(&self, function: &FunctionKey) -> Result<(), Refusal> {
        let _one_at_a_time = self.0.capacity.changing.lock().await;
        let delete = Transaction::of(Change::DeleteDocument(key(function)));
        let committed = self.0.store.commit(delete).await;
        self.0.capacity.forget(&function.scope);
        Ok(committed?)
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
        }
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
