//! The wire types of the AWS services Lambent speaks for, generated from botocore's service models.
//!
//! Each service is one module: structs for inputs and outputs, their static schemas, the operation table, the errors, and a trait with
//! a method for each operation. `cargo xtask models` writes everything but this file; the models are in `models/` at the root.

use std::fmt;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod cloudwatch;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod eventbridge;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod iam;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod lambda;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod logs;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod sns;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod sqs;

#[allow(missing_docs, reason = "members are named as AWS names them, and AWS documents them")]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "a dispatch has one arm for each operation"
)]
pub mod sts;

/// What a sensitive member shows instead of itself.
struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether a sensitive member is there, without what it is.
fn redacted<T>(member: &Option<T>) -> Option<Redacted> {
    member.as_ref().map(|_| Redacted)
}
