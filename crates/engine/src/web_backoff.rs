//! The delays between the tries of a web server that subscribed to a topic.

use lambent_types::{Backoff, WebRetries};
use std::time::Duration;

/// The delay before the next try, after so many that failed beside the first; `None` if there is to be none.
#[must_use]
pub fn delay(policy: &WebRetries, retries: u32) -> Option<Duration> {
    if retries >= policy.num_retries {
        return None;
    }
    let (shortest, longest) = (seconds(policy.min_delay_target), seconds(policy.max_delay_target));
    let growing = policy.num_no_delay_retries + policy.num_min_delay_retries;
    let last = policy
        .num_retries
        .saturating_sub(policy.num_max_delay_retries)
        .max(growing);
    Some(match retries {
        retry if retry < policy.num_no_delay_retries => Duration::ZERO,
        retry if retry < growing => shortest,
        retry if retry >= last => longest,
        retry => grown(policy, retry - growing + 1, last - growing),
    })
}

/// The delay before try `number` of `all` whose delays grow; the last one's is the longest.
fn grown(policy: &WebRetries, number: u32, all: u32) -> Duration {
    let (shortest, longest) = (seconds(policy.min_delay_target), seconds(policy.max_delay_target));
    let span = longest.saturating_sub(shortest);
    match policy.backoff_function {
        _ if number >= all => longest,
        Backoff::Linear => shortest + span * number / all,
        Backoff::Arithmetic => shortest + span * (number * (number + 1)) / (all * (all + 1)),
        Backoff::Geometric => {
            let factor = longest.as_secs_f64() / shortest.as_secs_f64().max(1.0);
            shortest
                .mul_f64(factor.powf(f64::from(number) / f64::from(all)))
                .min(longest)
        }
        Backoff::Exponential => shortest.saturating_mul(1 << (number - 1).min(16)).min(longest),
    }
}

const fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &WebRetries) -> Vec<u64> {
        (0..)
            .map_while(|retries| delay(policy, retries))
            .map(|delay| delay.as_secs())
            .collect()
    }

    #[test]
    fn the_phases_follow_each_other() {
        assert_eq!(delays(&WebRetries::default()), [20, 20, 20]);
        let policy = WebRetries {
            min_delay_target: 2,
            max_delay_target: 10,
            num_retries: 9,
            num_max_delay_retries: 2,
            num_no_delay_retries: 1,
            num_min_delay_retries: 2,
            backoff_function: Backoff::Linear,
        };
        assert_eq!(delays(&policy), [0, 2, 2, 4, 6, 8, 10, 10, 10]);
        let with = |backoff_function| {
            delays(&WebRetries {
                backoff_function,
                ..policy
            })[3..7]
                .to_vec()
        };
        assert_eq!(with(Backoff::Arithmetic), [2, 4, 6, 10]);
        assert_eq!(with(Backoff::Geometric), [2, 4, 6, 10]);
        assert_eq!(with(Backoff::Exponential), [2, 4, 8, 10]);
    }

    #[test]
    fn more_in_the_phases_than_in_all_is_survived() {
        let policy = WebRetries {
            num_retries: 2,
            num_max_delay_retries: 9,
            num_no_delay_retries: 1,
            num_min_delay_retries: 9,
            ..WebRetries::default()
        };
        assert_eq!(delays(&policy), [0, 20]);
        assert_eq!(
            delays(&WebRetries {
                num_retries: 0,
                ..policy
            }),
            [0; 0]
        );
    }
}
