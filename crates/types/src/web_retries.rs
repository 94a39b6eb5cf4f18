//! How often a web server is tried that subscribed: `healthyRetryPolicy` of SNS's delivery policies.

use serde::{Deserialize, Serialize};

/// Four phases one after the other: at once, with the shortest delay, with growing delays, and with the longest. See "Creating an HTTP/S
/// delivery policy" of the SNS guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct WebRetries {
    /// Seconds.
    pub min_delay_target: u32,
    /// Seconds.
    pub max_delay_target: u32,
    /// Tries after the first, of all phases together.
    pub num_retries: u32,
    /// Tries with the longest delay.
    pub num_max_delay_retries: u32,
    /// Tries without a delay.
    pub num_no_delay_retries: u32,
    /// Tries with the shortest delay.
    pub num_min_delay_retries: u32,
    /// How delays grow.
    pub backoff_function: Backoff,
}

/// How delays grow from the shortest to the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// By the same seconds each time.
    #[default]
    Linear,
    /// By ever more seconds.
    Arithmetic,
    /// By the same factor each time.
    Geometric,
    /// Twice the one before.
    Exponential,
}

impl Default for WebRetries {
    /// AWS's.
    fn default() -> Self {
        Self {
            min_delay_target: 20,
            max_delay_target: 20,
            num_retries: 3,
            num_max_delay_retries: 0,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            backoff_function: Backoff::Linear,
        }
    }
}
