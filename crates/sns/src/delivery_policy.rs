//! Delivery policies: how often web servers are tried, and as what they get messages; see "Creating an HTTP/S delivery policy" of the
//! SNS guide. A topic has one for all its subscriptions, and each subscription may have one of its own.

use crate::Refusal;
use lambent_engine::web_backoff;
use lambent_types::WebRetries;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;

/// The longest that all delays of a policy may take together.
const LONGEST: Duration = Duration::from_secs(3_600);
const MOST_RETRIES: u32 = 100;

/// What is said of messages, unless a policy says otherwise.
pub(crate) const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";

/// A subscription's policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct OfSubscription {
    healthy_retry_policy: Option<WebRetries>,
    /// Neither of these two has an effect.
    sickly_retry_policy: Option<Box<RawValue>>,
    throttle_policy: Option<Box<RawValue>>,
    request_policy: Option<RequestPolicy>,
    guaranteed: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestPolicy {
    header_content_type: String,
}

/// A topic's policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfTopic {
    #[serde(default)]
    http: OfTopicHttp,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct OfTopicHttp {
    default_healthy_retry_policy: Option<WebRetries>,
    default_sickly_retry_policy: Option<Box<RawValue>>,
    default_throttle_policy: Option<Box<RawValue>>,
    default_request_policy: Option<RequestPolicy>,
    disable_subscription_overrides: bool,
}

/// What holds for one web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryPolicy {
    pub(crate) retries: WebRetries,
    pub(crate) content_type: String,
}

/// Refuses what is no subscription's policy.
pub(crate) fn check_subscription(text: &str) -> Result<(), Refusal> {
    let read: OfSubscription = read(text)?;
    check("healthyRetryPolicy", read.healthy_retry_policy)
}

/// Refuses what is no topic's policy.
pub(crate) fn check_topic(text: &str) -> Result<(), Refusal> {
    let read: OfTopic = read(text)?;
    check("http.defaultHealthyRetryPolicy", read.http.default_healthy_retry_policy)
}

impl Default for DeliveryPolicy {
    /// AWS's.
    fn default() -> Self {
        Self::of(None, None)
    }
}

impl DeliveryPolicy {
    /// What holds where a topic and a subscription to it say this, which was checked.
    pub(crate) fn of(topic: Option<&str>, subscription: Option<&str>) -> Self {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let topic: OfTopic = given(topic).and_then(|text| read(&text).ok()).unwrap_or_default();
        let own = given(subscription).filter(|_| !topic.http.disable_subscription_overrides);
        let own: OfSubscription = own.and_then(|text| read(&text).ok()).unwrap_or_default();
        let retries = own.healthy_retry_policy.or(topic.http.default_healthy_retry_policy);
        let request = own.request_policy.or(topic.http.default_request_policy);
        Self {
            retries: retries.unwrap_or_default(),
            content_type: request.map_or_else(|| CONTENT_TYPE.to_owned(), |request| request.header_content_type),
        }
    }

    /// As `EffectiveDeliveryPolicy` shows it.
    pub(crate) fn shown(self) -> String {
        let shown = OfSubscription {
            healthy_retry_policy: Some(self.retries),
            request_policy: Some(RequestPolicy {
                header_content_type: self.content_type,
            }),
            ..OfSubscription::default()
        };
        serde_json::to_string(&shown).unwrap_or_default()
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    // A list of the members' values would be read, too.
    if !text.trim_start().starts_with('{') {
        return Err(Refusal::Invalid("DeliveryPolicy: failed to parse JSON.".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| Refusal::Invalid(format!("DeliveryPolicy: {error}")))
}

fn check(name: &str, retries: Option<WebRetries>) -> Result<(), Refusal> {
    let Some(policy) = retries else {
        return Ok(());
    };
    let refuse = |what: &str| Err(Refusal::Invalid(format!("DeliveryPolicy: {name}.{what}")));
    let phases = [
        policy.num_no_delay_retries,
        policy.num_min_delay_retries,
        policy.num_max_delay_retries,
    ];
    if policy.num_retries > MOST_RETRIES {
        return refuse("numRetries must be less than or equal to 100");
    }
    if policy.min_delay_target == 0 {
        return refuse("minDelayTarget must be greater than or equal to 1");
    }
    if policy.max_delay_target > 3_600 {
        return refuse("maxDelayTarget must be less than or equal to 3600");
    }
    if policy.min_delay_target > policy.max_delay_target {
        return refuse("maxDelayTarget must be greater than or equal to minDelayTarget");
    }
    if phases.iter().map(|phase| u64::from(*phase)).sum::<u64>() > u64::from(policy.num_retries) {
        return refuse("numRetries must be greater than or equal to the retries of its phases");
    }
    let total: Duration = (0..policy.num_retries)
        .filter_map(|retry| web_backoff::delay(&policy, retry))
        .sum();
    if total > LONGEST {
        return refuse("numRetries would take more than 3600 seconds in total");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::Backoff;

    #[test]
    fn a_subscription_says_more_than_its_topic_unless_that_forbids_it() {
        assert_eq!(
            DeliveryPolicy::of(None, Some("")),
            DeliveryPolicy {
                retries: WebRetries::default(),
                content_type: CONTENT_TYPE.to_owned(),
            }
        );
        let topic = r#"{"http":{"defaultHealthyRetryPolicy":{"numRetries":5},"defaultRequestPolicy":{"headerContentType":"text/x"}}}"#;
        let own = r#"{"healthyRetryPolicy":{"numRetries":1,"backoffFunction":"geometric"},"throttlePolicy":{"maxReceivesPerSecond":9}}"#;
        assert!(check_topic(topic).is_ok() && check_subscription(own).is_ok());
        let both = DeliveryPolicy::of(Some(topic), Some(own));
        assert_eq!(
            (both.retries.num_retries, both.retries.backoff_function),
            (1, Backoff::Geometric)
        );
        assert_eq!(both.content_type, "text/x");
        let strict = r#"{"http":{"disableSubscriptionOverrides":true}}"#;
        assert_eq!(
            DeliveryPolicy::of(Some(strict), Some(own)).retries,
            WebRetries::default()
        );
        let shown = both.shown();
        assert!(check_subscription(&shown).is_ok(), "{shown}");
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for wrong in [
            "[]",
            r#"{"other":1}"#,
            r#"{"healthyRetryPolicy":{"numRetries":101}}"#,
            r#"{"healthyRetryPolicy":{"minDelayTarget":0}}"#,
            r#"{"healthyRetryPolicy":{"minDelayTarget":30}}"#,
            r#"{"healthyRetryPolicy":{"numNoDelayRetries":4}}"#,
            r#"{"healthyRetryPolicy":{"numRetries":-1}}"#,
            r#"{"healthyRetryPolicy":{"backoffFunction":"none"}}"#,
            r#"{"healthyRetryPolicy":{"maxDelayTarget":3600,"minDelayTarget":3600,"numRetries":2}}"#,
        ] {
            assert!(check_subscription(wrong).is_err(), "{wrong}");
        }
    }
}
