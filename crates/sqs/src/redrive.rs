//! Where messages go that nobody could handle, and which queues may send theirs to one.

use crate::{Refusal, Sqs};
use lambent_types::QueueKey;
use serde::{Deserialize, Serialize};

/// `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedrivePolicy {
    /// The dead-letter queue.
    pub(crate) dead_letter_target_arn: String,
    /// A message that is received more often goes there.
    pub(crate) max_receive_count: u32,
}

/// The same as clients send it: tools write the number as text, too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenPolicy {
    dead_letter_target_arn: Option<String>,
    max_receive_count: Option<Number>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

impl RedrivePolicy {
    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |reason: String| Refusal::InvalidValue(text.to_owned(), "RedrivePolicy", reason);
        let mandatory = |name| refuse(format!("Redrive policy does not contain mandatory attribute: {name}."));
        let given: GivenPolicy =
            serde_json::from_str(text).map_err(|_| refuse("Redrive policy is not a valid JSON map.".to_owned()))?;
        let count = given.max_receive_count.ok_or_else(|| mandatory("maxReceiveCount"))?;
        let target = given
            .dead_letter_target_arn
            .ok_or_else(|| mandatory("deadLetterTargetArn"))?;
        let (parsed, shown) = match count {
            Number::Number(number) => (u32::try_from(number).ok(), number.to_string()),
            Number::Text(text) => (text.parse().ok(), text),
        };
        let max_receive_count = parsed.filter(|count| (1..=1_000).contains(count)).ok_or_else(|| {
            refuse(format!(
                "Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive."
            ))
        })?;
        if QueueKey::from_arn(&target).is_none() {
            return Err(refuse("Invalid value for deadLetterTargetArn.".to_owned()));
        }
        Ok(Self {
            dead_letter_target_arn: target,
            max_receive_count,
        })
    }

    /// The dead-letter queue.
    pub(crate) fn target(&self) -> Option<QueueKey> {
        QueueKey::from_arn(&self.dead_letter_target_arn)
    }
}

/// `RedriveAllowPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedriveAllowPolicy {
    redrive_permission: Permission,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_queue_arns: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Permission {
    AllowAll,
    DenyAll,
    ByQueue,
}

impl RedriveAllowPolicy {
    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |reason: &str| Refusal::InvalidValue(text.to_owned(), "RedriveAllowPolicy", reason.to_owned());
        let policy: Self = serde_json::from_str(text).map_err(|_| {
            refuse("Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.")
        })?;
        let sources = policy.source_queue_arns.as_ref().map(Vec::len);
        match (policy.redrive_permission, sources) {
            (Permission::ByQueue, Some(1..=10)) | (Permission::AllowAll | Permission::DenyAll, None) => Ok(policy),
            (Permission::ByQueue, _) => Err(refuse(
                "Amazon SQS can't create the redrive allow policy. Specify between 1 and 10 source queue ARNs.",
            )),
            (Permission::AllowAll | Permission::DenyAll, Some(_)) => Err(refuse(
                "Amazon SQS can't create the redrive allow policy. \
                 You can specify sourceQueueArns only when redrivePermission is byQueue.",
            )),
        }
    }

    /// Whether messages of the queue of this ARN may come here.
    fn allows(&self, source: &str) -> bool {
        match self.redrive_permission {
            Permission::AllowAll => true,
            Permission::DenyAll => false,
            Permission::ByQueue => self.source_queue_arns.iter().flatten().any(|arn| arn == source),
        }
    }
}

impl Sqs {
    /// Refuses a redrive policy whose target is not there, is of the other type, or does not want the queue's messages.
    pub(crate) async fn check_redrive(&self, source: &QueueKey, text: &str) -> Result<(), Refusal> {
        let policy = RedrivePolicy::parse(text)?;
        let refuse = |reason: &str| Refusal::InvalidValue(text.to_owned(), "RedrivePolicy", reason.to_owned());
        let absent = || refuse("Dead letter target does not exist.");
        let target = policy.target().ok_or_else(absent)?;
        if target.name.ends_with(".fifo") != source.name.ends_with(".fifo") {
            return Err(refuse("Dead-letter queue must be same type of queue as the source.."));
        }
        if target.scope != source.scope {
            return Err(refuse(
                "Dead-letter queue must be in the same account and region as the source.",
            ));
        }
        let found = self.find(&target).await?.ok_or_else(absent)?;
        let allowed = found.value.settings.redrive_allow.as_ref();
        if !allowed.is_none_or(|policy| policy.allows(&source.arn())) {
            return Err(refuse(
                "The dead-letter queue's redrive allow policy does not permit this source queue.",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:111111111111:d";

    #[test]
    fn counts_are_numbers_in_any_form() {
        for count in ["5", "\"5\""] {
            let text = format!("{{\"deadLetterTargetArn\":\"{ARN}\",\"maxReceiveCount\":{count}}}");
            let policy = RedrivePolicy::parse(&text).unwrap();
            assert_eq!(
                (policy.max_receive_count, policy.target().unwrap().arn()),
                (5, ARN.to_owned())
            );
        }
    }

    #[test]
    fn refusals_name_the_policy() {
        let refused = |text: &str| match RedrivePolicy::parse(text) {
            Err(Refusal::InvalidValue(value, "RedrivePolicy", reason)) if value == text => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("no"), "Redrive policy is not a valid JSON map.");
        assert_eq!(
            refused("{\"maxReceiveCount\":3}"),
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
        );
        assert_eq!(
            refused("{\"deadLetterTargetArn\": \"dummy\", \"maxReceiveCount\": 42}"),
            "Invalid value for deadLetterTargetArn."
        );
        assert!(refused("{\"deadLetterTargetArn\": \"dummy\", \"maxReceiveCount\": 1001}").contains("1001, valid"));
    }

    #[test]
    fn a_queue_says_whose_messages_it_takes() {
        let allows = |text: &str| RedriveAllowPolicy::parse(text).map(|policy| policy.allows(ARN));
        assert_eq!(allows("{\"redrivePermission\":\"allowAll\"}"), Ok(true));
        assert_eq!(allows("{\"redrivePermission\":\"denyAll\"}"), Ok(false));
        let by_queue = format!("{{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"{ARN}\"]}}");
        assert_eq!(allows(&by_queue), Ok(true));
        assert!(allows("{\"redrivePermission\":\"byQueue\"}").is_err());
        assert!(allows("{\"redrivePermission\":\"some\"}").is_err());
    }
}
