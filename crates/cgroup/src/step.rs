//! Naming the step that failed: whoever reads "mount /proc: Operation not permitted" knows where to look.

use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// A step of building an environment that failed, and the kernel's word for why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{step}: {reason}")]
pub struct StepError {
    /// Which step.
    pub step: String,
    /// The kernel's word.
    pub reason: String,
}

impl StepError {
    /// A failure that no system call reported.
    pub fn new(step: impl Into<String>, reason: impl Display) -> Self {
        Self {
            step: step.into(),
            reason: reason.to_string(),
        }
    }
}

/// Names the step that a result belongs to.
pub trait Step<T> {
    /// Turns the error into a [`StepError`] of `step`.
    fn step(self, step: impl Into<String>) -> Result<T, StepError>;
}

impl<T, E: Display> Step<T> for Result<T, E> {
    fn step(self, step: impl Into<String>) -> Result<T, StepError> {
        self.map_err(|error| StepError::new(step, error))
    }
}
