//! Counts what runs, by version, by function, and by account and region.

use crate::{
    request::{InvokeError, InvokeRequest, ThrottleReason},
    shards::Shards,
};
use lambent_engine::{Counters, Exhausted, Lease, Running, ScalingRate};
use lambent_types::{FunctionKey, Scope, VersionKey};

/// All counters.
#[derive(Default)]
pub(crate) struct Executions {
    provisioned: Shards<VersionKey, Running>,
    functions: Shards<FunctionKey, Running>,
    unreserved: Shards<Scope, Running>,
    growing: Shards<FunctionKey, ScalingRate>,
}

impl Executions {
    /// The right to run an invocation.
    pub(crate) fn admit(&self, request: &InvokeRequest) -> Result<Lease, InvokeError> {
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
        request.admission.admit(counters).map_err(|exhausted| {
            InvokeError::Throttled(match exhausted {
                Exhausted::Function => ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
                Exhausted::Account => ThrottleReason::ConcurrentInvocationLimitExceeded,
            })
        })
    }

    /// Whether an environment may be started for a function now; if so, it counts.
    pub(crate) fn grow(&self, function: &FunctionKey, now: u64) -> bool {
        self.growing.of(function).grow(now)
    }

    /// Forgets the counters that count nothing.
    pub(crate) fn tidy(&self, now: u64) {
        self.growing.retain(|rate| !rate.is_unused(now));
        self.provisioned.retain(|running| !running.is_unused());
        self.functions.retain(|running| !running.is_unused());
        self.unreserved.retain(|running| !running.is_unused());
    }
}
