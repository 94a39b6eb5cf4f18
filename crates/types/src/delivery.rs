//! Deliveries: what was promised to somebody else and has not arrived there yet.

use crate::{FunctionKey, RequestId, Scope, Timestamp, WebRetries};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names a delivery for its whole life.
pub type DeliveryId = RequestId;

/// Something that is to arrive. Once stored, it is tried until it has arrived or is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name; the same on every try.
    pub id: DeliveryId,
    /// On whose account it is made.
    pub origin: Origin,
    /// To whom.
    pub recipient: Recipient,
    /// What is delivered.
    #[serde(skip)]
    pub payload: Vec<u8>,
    /// The X-Ray header of what led to it, by which loops are found.
    pub trace_id: Option<String>,
    /// To whom it goes if it is given up.
    pub otherwise: Option<Recipient>,
    /// Deliveries of one lane arrive in their order: the next is not tried before the one before it has arrived or is given up.
    pub lane: Option<String>,
    /// When it was stored first.
    pub accepted_at: Timestamp,
    /// Tries that failed.
    pub attempts: u32,
    /// Not to be tried before this moment. While a try is under way it is the end of that try's lease.
    pub due_at: Timestamp,
}

/// Why there is a delivery. It decides how long it is tried, and what is counted if it is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The function's destination.
    Destination(FunctionKey),
    /// The function's dead-letter queue.
    DeadLetter(FunctionKey),
    /// A rule's target.
    Target(Box<RuleTarget>),
    /// A topic's subscription: its ARN.
    Subscription {
        /// Account and region.
        scope: Scope,
        /// Its ARN.
        arn: String,
        /// What publishes: the ARN of the topic.
        source: String,
    },
}

impl Origin {
    /// The ARN of what sends in a service's name, if it is not a function, which sends in its own.
    #[must_use]
    pub fn service_source(&self) -> Option<&str> {
        match self {
            Self::Destination(_) | Self::DeadLetter(_) => None,
            Self::Target(target) => Some(&target.rule),
            Self::Subscription { source, .. } => Some(source),
        }
    }

    /// Account and region of whoever it is made for.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        match self {
            Self::Destination(function) | Self::DeadLetter(function) => &function.scope,
            Self::Target(target) => &target.scope,
            Self::Subscription { scope, .. } => scope,
        }
    }
}

/// A target, and how long it is tried: the `RetryPolicy` of EventBridge's `PutTargets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTarget {
    /// Account and region.
    pub scope: Scope,
    /// The rule's ARN.
    pub rule: String,
    /// Tries after the first.
    pub retries: u32,
    /// The event is not tried any more when it is older, in seconds.
    pub longest: u32,
    /// The event that met the rule, where the target gets something else of it: its dead-letter queue gets this.
    pub event: Option<String>,
}

/// To whom something is delivered, with what is said beside the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recipient {
    /// An asynchronous invocation.
    Function {
        /// The function's ARN, which may be qualified.
        arn: String,
    },
    /// A message in a queue.
    Queue {
        /// The queue's ARN.
        arn: String,
        /// The message's attributes.
        attributes: BTreeMap<String, Attribute>,
        /// Its group and its deduplication id, in a FIFO queue.
        fifo: Option<Fifo>,
    },
    /// A message to a topic.
    Topic {
        /// The topic's ARN.
        arn: String,
        /// The message's attributes.
        attributes: BTreeMap<String, Attribute>,
    },
    /// An event on a bus.
    EventBus {
        /// The bus's ARN.
        arn: String,
        /// What the event is called.
        detail_type: String,
        /// What it is about: ARNs.
        resources: Vec<String>,
    },
    /// An object in a bucket.
    Bucket {
        /// The bucket's ARN.
        arn: String,
        /// The object's key.
        key: String,
    },
    /// A web server that subscribed.
    Http {
        /// Where it is.
        url: String,
        /// Headers beside the usual ones.
        headers: BTreeMap<String, String>,
        /// How often it is tried.
        #[serde(default)]
        retries: WebRetries,
    },
}

impl Recipient {
    /// Its ARN or address.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Function { arn }
            | Self::Queue { arn, .. }
            | Self::Topic { arn, .. }
            | Self::EventBus { arn, .. }
            | Self::Bucket { arn, .. } => arn,
            Self::Http { url, .. } => url,
        }
    }
}

/// A message's place in a FIFO queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// The group whose order is kept.
    pub group: String,
    /// What tells it from others.
    pub deduplication: String,
}

/// An attribute of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// `String`, `Number`, `Binary`, or one of these with more behind a dot.
    pub data_type: String,
    /// What it says.
    pub value: AttributeValue,
}

impl Attribute {
    /// A text.
    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(value.into()),
        }
    }

    /// A number.
    #[must_use]
    pub fn number(value: u64) -> Self {
        Self {
            data_type: "Number".to_owned(),
            value: AttributeValue::Text(value.to_string()),
        }
    }
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// Strings and numbers.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}
