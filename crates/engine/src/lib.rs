//! Decisions, and nothing but decisions: state and an event go in, what to do comes out. Time is an argument, and no runtime is
//! known here, so every rule is tested in microseconds. The shells that carry decisions out are the invoker and the event queue.

pub mod batch;
pub mod concurrency;
pub mod delivery;
pub mod lineage;
pub mod pattern;
pub mod policy;
pub mod pool;
pub mod queue;
pub mod retry;
pub mod web_backoff;

pub use concurrency::{Admission, Counters, Exhausted, Lease, OnDemand, Running, ScalingRate};
pub use pool::{Census, EnvironmentId, Freed, Lost, Pool, Submitted};
pub use retry::{Attempt, Reason, RetryLimits, RetryPolicy, Verdict};
