//! An alarm that is set for every invocation and hardly ever rings.

use lambent_types::Clock;
use std::{pin::Pin, time::Duration};
use tokio::time::{Sleep, sleep};

/// Setting it later does not touch the runtime's timers: the one timer ends when it was to end first, and is started anew only then. A
/// warm invocation thus costs no timer at all. Times are in microseconds of the monotonic clock.
pub(crate) struct Alarm {
    timer: Pin<Box<Sleep>>,
    /// When the timer ends.
    timer_at: u64,
    /// When the alarm is to ring.
    at: u64,
}

impl Alarm {
    /// One that is not set: it rings at once.
    pub(crate) fn new() -> Self {
        Self {
            timer: Box::pin(sleep(Duration::ZERO)),
            timer_at: 0,
            at: 0,
        }
    }

    /// Sets it to ring `delay` after `now`, and not before.
    pub(crate) fn set(&mut self, now: u64, delay: Duration) {
        self.at = now.saturating_add(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX));
        if self.at < self.timer_at {
            self.start(delay);
        }
    }

    /// Resolves when its time has come. Dropping the future changes nothing.
    pub(crate) async fn rung(&mut self, clock: &dyn Clock) {
        loop {
            self.timer.as_mut().await;
            let left = self.at.saturating_sub(clock.monotonic_micros());
            if left == 0 {
                return;
            }
            self.start(Duration::from_micros(left));
        }
    }

    fn start(&mut self, delay: Duration) {
        self.timer.set(sleep(delay));
        self.timer_at = self.at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SystemClock;

    const STEP: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn rings_at_the_time_it_was_set_for_last() {
        let (clock, mut alarm) = (SystemClock::default(), Alarm::new());
        let now = || clock.monotonic_micros();
        alarm.rung(&clock).await;
        let began = now();
        alarm.set(began, STEP);
        alarm.set(began, 3 * STEP);
        alarm.rung(&clock).await;
        assert!(now() - began >= 30_000);
        // An earlier time counts as well.
        alarm.set(now(), LONG);
        assert!(
            tokio::time::timeout(STEP, alarm.rung(&clock)).await.is_err(),
            "too early"
        );
        alarm.set(now(), STEP);
        alarm.rung(&clock).await;
        // One that has rung can be set again.
        let again = now();
        alarm.set(again, STEP);
        alarm.rung(&clock).await;
        assert!(now() - again >= 10_000);
    }

    #[tokio::test]
    async fn a_later_time_leaves_the_timer_alone() {
        let (clock, mut alarm) = (SystemClock::default(), Alarm::new());
        alarm.set(clock.monotonic_micros(), LONG);
        assert!(
            tokio::time::timeout(STEP, alarm.rung(&clock)).await.is_err(),
            "too early"
        );
        let timer_ends = alarm.timer.deadline();
        alarm.set(clock.monotonic_micros(), 2 * LONG);
        assert_eq!(alarm.timer.deadline(), timer_ends);
    }
}
