//! Moments, in the forms AWS prints.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2026-11-23T12:05:34.123+0000`, as Lambda writes `LastModified`.
    #[must_use]
    pub fn to_lambda_string(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S.%3f+0000")
    }

    /// `2026-11-23T12:05:34.123Z`, as Lambda writes into logs.
    #[must_use]
    pub fn to_iso_millis(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S.%3fZ")
    }

    /// `2026/11/23`, the first part of a log stream's name.
    #[must_use]
    pub fn to_log_date(self) -> String {
        self.format("%Y/%m/%d")
    }

    /// Formats by a `strftime` pattern, in UTC.
    #[must_use]
    pub fn format(self, pattern: &str) -> String {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        jiff::fmt::strtime::format(pattern, moment).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_aws_does() {
        let moment = Timestamp::from_micros(1_795_435_534_123_456);
        assert_eq!(moment.to_lambda_string(), "2026-11-23T12:05:34.123+0000");
        assert_eq!(moment.to_iso_millis(), "2026-11-23T12:05:34.123Z");
        assert_eq!(moment.to_log_date(), "2026/11/23");
    }
}
