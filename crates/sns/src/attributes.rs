//! The attributes of topics: which there are, and what they may be.

use crate::{Refusal, delivery_policy, topic::Topic, topic::TopicKey};
use lambent_types::AccountId;
use serde_json::json;

/// What may be set, and whether only when the topic is made.
const SETTABLE: &[(&str, Kind)] = &[
    ("ApplicationFailureFeedbackRoleArn", Kind::Text),
    ("ApplicationSuccessFeedbackRoleArn", Kind::Text),
    ("ApplicationSuccessFeedbackSampleRate", Kind::Text),
    ("ContentBasedDeduplication", Kind::Truth),
    ("DeliveryPolicy", Kind::DeliveryPolicy),
    ("DisplayName", Kind::DisplayName),
    ("FifoThroughputScope", Kind::OneOf(&["Topic", "MessageGroup"])),
    ("FifoTopic", Kind::Truth),
    ("FirehoseFailureFeedbackRoleArn", Kind::Text),
    ("FirehoseSuccessFeedbackRoleArn", Kind::Text),
    ("FirehoseSuccessFeedbackSampleRate", Kind::Text),
    ("HTTPFailureFeedbackRoleArn", Kind::Text),
    ("HTTPSuccessFeedbackRoleArn", Kind::Text),
    ("HTTPSuccessFeedbackSampleRate", Kind::Text),
    ("KmsMasterKeyId", Kind::Text),
    ("LambdaFailureFeedbackRoleArn", Kind::Text),
    ("LambdaSuccessFeedbackRoleArn", Kind::Text),
    ("LambdaSuccessFeedbackSampleRate", Kind::Text),
    ("Policy", Kind::Json),
    ("SQSFailureFeedbackRoleArn", Kind::Text),
    ("SQSSuccessFeedbackRoleArn", Kind::Text),
    ("SQSSuccessFeedbackSampleRate", Kind::Text),
    ("SignatureVersion", Kind::OneOf(&["1", "2"])),
    ("TracingConfig", Kind::OneOf(&["PassThrough", "Active"])),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Truth,
    Json,
    DeliveryPolicy,
    DisplayName,
    OneOf(&'static [&'static str]),
}

/// Checks an attribute that is set, of a topic of this name.
pub(crate) fn check(topic: &TopicKey, name: &str, value: &str, made: bool) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
    let Some((_, kind)) = SETTABLE.iter().find(|(known, _)| *known == name) else {
        return match name {
            "ArchivePolicy" => Err(Refusal::NotImplemented("ArchivePolicy of topics")),
            _ if made => invalid(&format!("Attributes Reason: Unknown attribute {name}")),
            _ => invalid("AttributeName"),
        };
    };
    match kind {
        Kind::Text => Ok(()),
        Kind::Truth if !matches!(value, "true" | "false") => invalid(&format!(
            "Attributes Reason: {name}: Invalid value. Must be either true or false"
        )),
        Kind::Truth if name == "FifoTopic" && !made => invalid("AttributeName"),
        Kind::Truth if name == "ContentBasedDeduplication" && !topic.is_fifo() => {
            invalid("Attributes Reason: Content-based deduplication can only be set for FIFO topics")
        }
        Kind::Truth => Ok(()),
        Kind::Json
            if !value.is_empty()
                && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value).is_err() =>
        {
            invalid(&format!("{name}: failed to parse JSON."))
        }
        Kind::Json => Ok(()),
        Kind::DeliveryPolicy if value.is_empty() => Ok(()),
        Kind::DeliveryPolicy => delivery_policy::check_topic(value),
        Kind::DisplayName if value.chars().count() > 100 => invalid("DisplayName"),
        Kind::DisplayName => Ok(()),
        Kind::OneOf(values) if !values.contains(&value) => invalid(&format!("Attributes Reason: {name} is invalid")),
        Kind::OneOf(_) => Ok(()),
    }
}

/// How often a web server is tried, where nothing else is set: AWS's default.
pub(crate) fn default_delivery_policy() -> String {
    json!({"http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }})
    .to_string()
}

/// The policy of a topic of which nobody set one.
pub(crate) fn default_policy(arn: &str, account: AccountId) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ]
    .map(|action| format!("SNS:{action}"));
    json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions,
        "Resource": arn, "Condition": {"StringEquals": {"AWS:SourceOwner": account.as_str()}},
    }]})
    .to_string()
}

impl Topic {
    /// How its web servers are tried, as it was given.
    pub(crate) fn delivery_policy(&self) -> Option<&str> {
        self.attributes.get("DeliveryPolicy").map(String::as_str)
    }

    /// The policy as it is shown.
    pub(crate) fn policy(&self, key: &TopicKey) -> String {
        let set = self.attributes.get("Policy").filter(|policy| !policy.is_empty());
        set.cloned()
            .unwrap_or_else(|| default_policy(&key.arn(), key.scope.account))
    }
}
