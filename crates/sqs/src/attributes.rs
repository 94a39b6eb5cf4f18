//! The attributes of queues: what clients may set, within which bounds, and how they are shown.

use crate::{
    Refusal,
    policy::QueuePolicy,
    redrive::{RedriveAllowPolicy, RedrivePolicy},
};
use lambent_engine::queue::DeduplicationScope;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A message has at most so many bytes, attributes included, and so has a batch.
pub(crate) const LARGEST_MESSAGE: u32 = 1_048_576;

/// What a queue is set to. Times are in seconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) visibility_timeout: u32,
    pub(crate) maximum_message_size: u32,
    pub(crate) retention_period: u32,
    pub(crate) delay: u32,
    pub(crate) receive_wait: u32,
    /// As the client wrote it.
    pub(crate) policy: Option<QueuePolicy>,
    pub(crate) redrive: Option<RedrivePolicy>,
    pub(crate) redrive_allow: Option<RedriveAllowPolicy>,
    /// Kept and shown; nothing is encrypted by it.
    kms_key: Option<String>,
    kms_reuse: u32,
    managed_encryption: bool,
    /// What only FIFO queues have.
    pub(crate) fifo: Option<Fifo>,
}

/// What only FIFO queues have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fifo {
    /// Whether a message's content stands for a deduplication id.
    pub(crate) content_based: bool,
    /// Whether ids count in their message group alone.
    by_group: bool,
    /// Kept and shown: nothing is throttled here.
    throughput_per_group: bool,
}

impl Fifo {
    pub(crate) const fn scope(self) -> DeduplicationScope {
        if self.by_group {
            DeduplicationScope::MessageGroup
        } else {
            DeduplicationScope::Queue
        }
    }
}

const DEFAULT_KMS_REUSE: u32 = 300;

impl Settings {
    /// Those of a new queue.
    pub(crate) fn new(fifo: bool) -> Self {
        Self {
            visibility_timeout: 30,
            maximum_message_size: LARGEST_MESSAGE,
            retention_period: 345_600,
            delay: 0,
            receive_wait: 0,
            policy: None,
            redrive: None,
            redrive_allow: None,
            kms_key: None,
            kms_reuse: DEFAULT_KMS_REUSE,
            managed_encryption: true,
            fifo: fifo.then_some(Fifo {
                content_based: false,
                by_group: false,
                throughput_per_group: false,
            }),
        }
    }

    /// Sets one attribute. An empty text takes back what can be taken back.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let number = |bounds| number(name, value, bounds);
        let unknown = || Refusal::UnknownAttribute(name.to_owned());
        let given = Some(value).filter(|value| !value.is_empty());
        match name {
            "VisibilityTimeout" => self.visibility_timeout = number(0..=43_200)?,
            "MaximumMessageSize" => self.maximum_message_size = number(1_024..=LARGEST_MESSAGE)?,
            "MessageRetentionPeriod" => self.retention_period = number(60..=1_209_600)?,
            "DelaySeconds" => self.delay = number(0..=900)?,
            "ReceiveMessageWaitTimeSeconds" => self.receive_wait = number(0..=20)?,
            "Policy" => self.policy = given.map(QueuePolicy::parse).transpose()?,
            "RedrivePolicy" => self.redrive = given.map(RedrivePolicy::parse).transpose()?,
            "RedriveAllowPolicy" => self.redrive_allow = given.map(RedriveAllowPolicy::parse).transpose()?,
            "KmsMasterKeyId" => {
                self.kms_key = given.map(str::to_owned);
                self.managed_encryption &= given.is_none();
            }
            "KmsDataKeyReusePeriodSeconds" => self.kms_reuse = number(60..=86_400)?,
            "SqsManagedSseEnabled" => {
                self.managed_encryption = flag(name, value)?;
                if self.managed_encryption && self.kms_key.is_some() {
                    return Err(Refusal::Encryption);
                }
            }
            "FifoQueue" => return self.set_type(flag(name, value)?),
            "ContentBasedDeduplication" => self.fifo.as_mut().ok_or_else(unknown)?.content_based = flag(name, value)?,
            "DeduplicationScope" => {
                let by_group = choice(name, value, ["queue", "messageGroup"])?;
                self.fifo.as_mut().ok_or_else(unknown)?.by_group = by_group;
            }
            "FifoThroughputLimit" => {
                let per_group = choice(name, value, ["perQueue", "perMessageGroupId"])?;
                self.fifo.as_mut().ok_or_else(unknown)?.throughput_per_group = per_group;
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// The type of a queue is decided by its name.
    fn set_type(&self, fifo: bool) -> Result<(), Refusal> {
        match (&self.fifo, fifo) {
            (Some(_), true) => Ok(()),
            (Some(_), false) => Err(Refusal::InvalidAttribute(
                "FifoQueue".to_owned(),
                Some("Modifying queue type is not supported."),
            )),
            (None, _) => Err(Refusal::UnknownAttribute("FifoQueue".to_owned())),
        }
    }

    /// What is shown, by name; the order is that of AWS's answers.
    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        let mut shown = vec![
            ("VisibilityTimeout", self.visibility_timeout.to_string()),
            ("MaximumMessageSize", self.maximum_message_size.to_string()),
            ("MessageRetentionPeriod", self.retention_period.to_string()),
            ("DelaySeconds", self.delay.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait.to_string()),
            ("SqsManagedSseEnabled", self.managed_encryption.to_string()),
        ];
        if let Some(policy) = &self.policy {
            shown.push(("Policy", policy.text().to_owned()));
        }
        if let Some(redrive) = &self.redrive {
            shown.push(("RedrivePolicy", json(serde_json::to_string(redrive))));
        }
        if let Some(allow) = &self.redrive_allow {
            shown.push(("RedriveAllowPolicy", json(serde_json::to_string(allow))));
        }
        if let Some(key) = &self.kms_key {
            shown.push(("KmsMasterKeyId", key.clone()));
            shown.push(("KmsDataKeyReusePeriodSeconds", self.kms_reuse.to_string()));
        }
        if let Some(fifo) = &self.fifo {
            let [queue, group] = ["queue", "messageGroup"];
            let [per_queue, per_group] = ["perQueue", "perMessageGroupId"];
            let scope = if fifo.by_group { group } else { queue };
            let limit = if fifo.throughput_per_group {
                per_group
            } else {
                per_queue
            };
            shown.push(("FifoQueue", "true".to_owned()));
            shown.push(("ContentBasedDeduplication", fifo.content_based.to_string()));
            shown.push(("DeduplicationScope", scope.to_owned()));
            shown.push(("FifoThroughputLimit", limit.to_owned()));
        }
        shown
    }

    /// One of those, if it is set.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        self.shown()
            .into_iter()
            .find(|(shown, _)| *shown == name)
            .map(|(_, value)| value)
    }
}

fn number(name: &str, value: &str, bounds: RangeInclusive<u32>) -> Result<u32, Refusal> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| digits && bounds.contains(number));
    number.ok_or_else(|| Refusal::InvalidAttribute(name.to_owned(), None))
}

fn flag(name: &str, value: &str) -> Result<bool, Refusal> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::InvalidAttribute(name.to_owned(), None)),
    }
}

/// Whether it is the second of the two.
fn choice(name: &str, value: &str, [first, second]: [&str; 2]) -> Result<bool, Refusal> {
    match value {
        value if value == first => Ok(false),
        value if value == second => Ok(true),
        _ => Err(Refusal::InvalidAttribute(name.to_owned(), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_bounds() {
        let mut settings = Settings::new(false);
        settings.set("VisibilityTimeout", "43200").unwrap();
        settings.set("MaximumMessageSize", "1024").unwrap();
        assert_eq!(settings.one("VisibilityTimeout").as_deref(), Some("43200"));
        for (name, value) in [
            ("VisibilityTimeout", "43201"),
            ("DelaySeconds", "-1"),
            ("DelaySeconds", ""),
            ("DelaySeconds", " 6"),
            ("MaximumMessageSize", "1000"),
            ("MaximumMessageSize", "1048577"),
            ("MessageRetentionPeriod", "59"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("SqsManagedSseEnabled", "maybe"),
        ] {
            assert_eq!(
                settings.set(name, value),
                Err(Refusal::InvalidAttribute(name.to_owned(), None)),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn only_fifo_queues_have_what_is_theirs() {
        let mut standard = Settings::new(false);
        let unknown = |name: &str| Err(Refusal::UnknownAttribute(name.to_owned()));
        for (name, value) in [
            ("FifoQueue", "true"),
            ("ContentBasedDeduplication", "true"),
            ("Color", "red"),
        ] {
            assert_eq!(standard.set(name, value), unknown(name));
        }
        let mut fifo = Settings::new(true);
        fifo.set("FifoQueue", "true").unwrap();
        fifo.set("DeduplicationScope", "messageGroup").unwrap();
        assert_eq!(fifo.fifo.unwrap().scope(), DeduplicationScope::MessageGroup);
        assert!(fifo.set("FifoQueue", "false").is_err() && fifo.set("FifoThroughputLimit", "none").is_err());
    }

    #[test]
    fn one_encryption_excludes_the_other() {
        let mut settings = Settings::new(false);
        settings.set("KmsMasterKeyId", "key").unwrap();
        assert_eq!(settings.one("SqsManagedSseEnabled").as_deref(), Some("false"));
        assert_eq!(settings.set("SqsManagedSseEnabled", "true"), Err(Refusal::Encryption));
        settings.set("KmsMasterKeyId", "").unwrap();
        settings.set("SqsManagedSseEnabled", "true").unwrap();
        assert_eq!(settings.one("KmsMasterKeyId"), None);
    }
}
