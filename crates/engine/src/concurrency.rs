//! How many invocations may run at once.
//!
//! A lease is taken before an invocation is admitted and goes back when it is dropped, on whichever path that happens. There is one
//! accounting for every way in. The rules are those of "Configuring reserved concurrency" and "Configuring provisioned concurrency"
//! of the developer guide: a function with a reservation has that share of the account to itself, in all its versions together; the
//! others share what nobody has reserved; and the first executions of a version with provisioned concurrency are that version's.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Counts what runs now, of whatever is counted together. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<AtomicU32>);

/// One execution that counts until this is dropped.
#[derive(Debug)]
struct Counted(Running);

/// The right to one concurrent execution.
#[derive(Debug)]
pub struct Lease {
    _first: Counted,
    _second: Option<Counted>,
    within_provisioned: bool,
}

impl Lease {
    /// Whether the execution is within the version's provisioned concurrency.
    #[must_use]
    pub const fn is_within_provisioned(&self) -> bool {
        self.within_provisioned
    }
}

/// The limits that an invocation meets, as they are when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Environments kept ready for the version: that many executions are its own.
    pub provisioned: u32,
    /// What it may use beyond those.
    pub on_demand: OnDemand,
}

/// What a function may use beyond provisioned concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDemand {
    /// A share that is the function's own. 0 switches the function off.
    Reserved(u32),
    /// What all functions without a share have together.
    Unreserved(u32),
}

/// The counters that an invocation meets.
#[derive(Clone, Copy, Debug)]
pub struct Counters<'a> {
    /// Executions of the version within its provisioned concurrency.
    pub provisioned: &'a Running,
    /// All other executions of the function.
    pub function: &'a Running,
    /// Executions on demand of the functions without a reservation, of one account in one region.
    pub unreserved: &'a Running,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The function's reservation.
    Function,
    /// What the account has not reserved.
    Account,
}

impl Running {
    /// Counts one more, unless there are `limit` already.
    fn admit(&self, limit: u32) -> Option<Counted> {
        let admitted = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
            (running < limit).then_some(running + 1)
        });
        admitted.ok().map(|_| Counted(self.clone()))
    }

    /// Counts one more.
    fn count(&self) -> Counted {
        self.0.fetch_add(1, Ordering::AcqRel);
        Counted(self.clone())
    }

    /// How many run at this moment.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// Whether only the caller holds this counter: nothing runs, and nobody is about to.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    /// A lease, or the limit that stands against it. An execution on demand counts for its function even if nothing is reserved for
    /// it, so that a reservation that is made now knows what runs already.
    ///
    /// # Errors
    /// The limit that is reached: the invocation is throttled.
    pub fn admit(self, counters: Counters<'_>) -> Result<Lease, Exhausted> {
        if let Some(counted) = counters.provisioned.admit(self.provisioned) {
            return Ok(Lease {
                _first: counted,
                _second: None,
                within_provisioned: true,
            });
        }
        match self.on_demand {
            OnDemand::Reserved(limit) => {
                let counted = counters.function.admit(limit).ok_or(Exhausted::Function)?;
                Ok(Lease {
                    _first: counted,
                    _second: None,
                    within_provisioned: false,
                })
            }
            OnDemand::Unreserved(limit) => {
                let counted = counters.unreserved.admit(limit).ok_or(Exhausted::Account)?;
                Ok(Lease {
                    _first: counted,
                    _second: Some(counters.function.count()),
                    within_provisioned: false,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Function {
        provisioned: Running,
        running: Running,
    }

    impl Function {
        fn admit(&self, unreserved: &Running, provisioned: u32, on_demand: OnDemand) -> Result<Lease, Exhausted> {
            let counters = Counters {
                provisioned: &self.provisioned,
                function: &self.running,
                unreserved,
            };
            Admission { provisioned, on_demand }.admit(counters)
        }
    }

    #[test]
    fn leases_go_back_when_dropped() {
        let (function, account) = (Function::default(), Running::default());
        let admit = || function.admit(&account, 0, OnDemand::Unreserved(2));
        let (first, second) = (admit(), admit());
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(admit().err(), Some(Exhausted::Account));
        assert_eq!((account.now(), function.running.now()), (2, 2));
        drop(first);
        assert_eq!((account.now(), function.running.now()), (1, 1));
        assert!(admit().is_ok());
        drop(second);
        assert!(account.is_unused() && function.running.is_unused());
    }

    #[test]
    fn a_reservation_is_a_functions_own_and_knows_what_runs() {
        let (ours, theirs, account) = (Function::default(), Function::default(), Running::default());
        let before = ours.admit(&account, 0, OnDemand::Unreserved(1)).unwrap();
        assert_eq!(
            ours.admit(&account, 0, OnDemand::Reserved(1)).err(),
            Some(Exhausted::Function)
        );
        let second = ours.admit(&account, 0, OnDemand::Reserved(2)).unwrap();
        assert_eq!(
            theirs.admit(&account, 0, OnDemand::Unreserved(1)).err(),
            Some(Exhausted::Account)
        );
        drop(before);
        assert!(
            theirs.admit(&account, 0, OnDemand::Unreserved(1)).is_ok(),
            "the reserved one takes nothing"
        );
        drop(second);
        assert_eq!(
            ours.admit(&account, 0, OnDemand::Reserved(0)).err(),
            Some(Exhausted::Function)
        );
    }

    #[test]
    fn provisioned_executions_come_first_and_the_rest_is_on_demand() {
        let (function, account) = (Function::default(), Running::default());
        let first = function.admit(&account, 1, OnDemand::Reserved(0)).unwrap();
        assert_eq!(
            function.admit(&account, 1, OnDemand::Reserved(0)).err(),
            Some(Exhausted::Function)
        );
        let second = function.admit(&account, 1, OnDemand::Unreserved(1)).unwrap();
        assert_eq!((function.provisioned.now(), account.now()), (1, 1));
        drop((first, second));
        assert_eq!((function.provisioned.now(), account.now()), (0, 0));
    }
}
