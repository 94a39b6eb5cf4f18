//! Counts what runs, by version, by function, and by account and region.

use crate::{
    request::{InvokeError, InvokeRequest, ThrottleReason},
    shards::Shards,
};
use lambent_engine::{Counters, Exhausted, Lease, Running};
use lambent_types::{FunctionKey, Meter, Occurrence, Scope, VersionKey};
use std::collections::HashMap;

/// All counters.
#[derive(Default)]
pub(crate) struct Executions {
    provisioned: Shards<VersionKey, Running>,
    functions: Shards<FunctionKey, Running>,
    unreserved: Shards<Scope, Running>,
}

impl Executions {
    /// The right to run an invocation. How many run then, or that it was refused, is counted.
    pub(crate) fn admit(&self, request: &InvokeRequest, meter: &dyn Meter) -> Result<Lease, InvokeError> {
        let key = &request.function.key;
        let provisioned = match request.admission.provisioned {
            0 => Running::default(),
            _ => self.provisioned.of(key),
        };
        let counters = Counters {
            provisioned: &provisioned,
            function: &self.functions.of(&key.function),
            unreserved: &self.unreserved.of(&key.function.scope),
        };
        let admitted = request.admission.admit(counters);
        let subject = request.subject();
        let running = provisioned.now();
        match &admitted {
            Ok(lease) => {
                meter.count(subject, Occurrence::Running(running + counters.function.now()));
                let of = request.admission.provisioned;
                if lease.is_within_provisioned() {
                    meter.count(subject, Occurrence::Provisioned { running, of });
                } else if of > 0 {
                    meter.count(subject, Occurrence::SpilledOver);
                }
            }
            Err(_) => meter.count(subject, Occurrence::Throttled),
        }
        admitted.map_err(|exhausted| {
            InvokeError::Throttled(match exhausted {
                Exhausted::Function => ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
                Exhausted::Account => ThrottleReason::ConcurrentInvocationLimitExceeded,
            })
        })
    }

    /// How many run now in each account and region: all, and those without a share of their own.
    pub(crate) fn by_scope(&self) -> HashMap<Scope, (u32, u32)> {
        let mut found: HashMap<Scope, (u32, u32)> = HashMap::new();
        self.unreserved
            .each(|scope, running| found.entry(scope.clone()).or_default().1 += running.now());
        self.functions
            .each(|function, running| found.entry(function.scope.clone()).or_default().0 += running.now());
        self.provisioned
            .each(|version, running| found.entry(version.function.scope.clone()).or_default().0 += running.now());
        found
    }

    /// Forgets the counters that count nothing.
    pub(crate) fn tidy(&self) {
        self.provisioned.retain(|running| !running.is_unused());
        self.functions.retain(|running| !running.is_unused());
        self.unreserved.retain(|running| !running.is_unused());
    }
}
