//! Subscriptions.

use crate::{
    Refusal, Sns, TopicKey,
    delivery_policy::{self, DeliveryPolicy},
    documents::{self, Noun, Stored},
    topic::TRIES,
};
use lambent_engine::pattern::Pattern;
use lambent_models::sns;
use lambent_store::{DocumentKey, Kind, Transaction};
use lambent_types::{FunctionReference, QueueKey};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names a subscription: its topic's ARN, and an id behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubscriptionArn {
    pub(crate) topic: TopicKey,
    pub(crate) id: String,
}

impl SubscriptionArn {
    pub(crate) fn read(arn: &str) -> Option<Self> {
        let (topic, id) = arn.rsplit_once(':')?;
        let topic = TopicKey::from_arn(topic)?;
        let id = id.to_owned();
        (!id.is_empty()).then_some(Self { topic, id })
    }

    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.topic.arn(), self.id)
    }

    pub(crate) fn document(&self) -> DocumentKey {
        documents::key::<Subscription>(&self.topic.scope, &self.topic.name, &self.id)
    }
}

/// How a subscriber is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Http,
    Https,
    Lambda,
    Sqs,
}

impl Protocol {
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "lambda" => Ok(Self::Lambda),
            "sqs" => Ok(Self::Sqs),
            "email" | "email-json" | "sms" | "application" | "firehose" => Err(Refusal::NotImplemented(
                "A subscription whose protocol is neither http, https, lambda nor sqs",
            )),
            other => Err(Refusal::Invalid(format!(
                "Amazon SNS does not support this protocol string: {other}"
            ))),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
        }
    }

    /// Checks an address of this protocol that subscribes to a topic.
    pub(crate) fn check(self, topic: &TopicKey, endpoint: &str) -> Result<(), Refusal> {
        let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
        match self {
            Self::Http if !endpoint.starts_with("http://") => invalid("Endpoint must match the specified protocol"),
            Self::Https if !endpoint.starts_with("https://") => invalid("Endpoint must match the specified protocol"),
            Self::Http | Self::Https if topic.is_fifo() => {
                invalid(&format!("Invalid protocol type: {}", self.as_str()))
            }
            Self::Lambda if topic.is_fifo() => invalid("Invalid protocol type: lambda"),
            Self::Http | Self::Https if endpoint.parse::<http::Uri>().is_err() => invalid("Endpoint"),
            Self::Http | Self::Https => Ok(()),
            Self::Lambda => match endpoint.parse::<FunctionReference>() {
                Ok(function) if endpoint.starts_with("arn:") && function.account.is_some() => Ok(()),
                _ => invalid("Lambda endpoint ARN"),
            },
            Self::Sqs => match QueueKey::from_arn(endpoint) {
                None => invalid("SQS endpoint ARN"),
                Some(queue) if queue.name.ends_with(".fifo") && !topic.is_fifo() => {
                    invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
                }
                Some(_) => Ok(()),
            },
        }
    }
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FilterScope {
    #[default]
    MessageAttributes,
    MessageBody,
}

impl FilterScope {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MessageAttributes => "MessageAttributes",
            Self::MessageBody => "MessageBody",
        }
    }
}

/// What is stored of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) protocol: Protocol,
    pub(crate) endpoint: String,
    /// What the subscriber must say before anything is sent to it; `None` once it has.
    pub(crate) token: Option<String>,
    /// Whether a confirmed subscriber's own account must ask to end it.
    pub(crate) authenticated: bool,
    pub(crate) settings: Settings,
}

/// What may be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) raw: bool,
    pub(crate) filter: Option<String>,
    pub(crate) filter_scope: FilterScope,
    pub(crate) redrive: Option<Redrive>,
    /// As it was given; it was checked.
    pub(crate) delivery_policy: Option<String>,
}

/// Where goes what could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redrive {
    #[serde(rename = "deadLetterTargetArn")]
    pub(crate) target: String,
}

impl Noun for Subscription {
    const KIND: Kind = Kind::Subscription;
}

impl Settings {
    /// Sets one attribute, by AWS's name.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let given = Some(value).filter(|value| !value.is_empty());
        match name {
            "RawMessageDelivery" => {
                self.raw = value.parse().map_err(|_| {
                    let text = format!(
                        "Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
                    );
                    Refusal::Invalid(text)
                })?;
            }
            "FilterPolicy" => {
                self.filter = given.filter(|text| *text != "{}").map(str::to_owned);
                self.pattern()?;
            }
            "FilterPolicyScope" => {
                self.filter_scope = match value {
                    "MessageAttributes" => FilterScope::MessageAttributes,
                    "MessageBody" => FilterScope::MessageBody,
                    other => {
                        let text = format!(
                            "FilterPolicyScope: Invalid value [{other}]. Please use either MessageBody or MessageAttributes"
                        );
                        return Err(Refusal::Invalid(text));
                    }
                };
            }
            "RedrivePolicy" => {
                let invalid = |_| Refusal::Invalid("RedrivePolicy: failed to parse JSON.".to_owned());
                let redrive: Option<Redrive> = given.map(serde_json::from_str).transpose().map_err(invalid)?;
                if redrive
                    .as_ref()
                    .is_some_and(|redrive| QueueKey::from_arn(&redrive.target).is_none())
                {
                    let text = "RedrivePolicy: deadLetterTargetArn is an invalid arn";
                    return Err(Refusal::Invalid(text.to_owned()));
                }
                self.redrive = redrive;
            }
            "DeliveryPolicy" => {
                given.map_or(Ok(()), delivery_policy::check_subscription)?;
                self.delivery_policy = given.map(str::to_owned);
            }
            _ => return Err(Refusal::Invalid("AttributeName".to_owned())),
        }
        Ok(())
    }

    /// Which messages are wanted; `None` if all.
    pub(crate) fn pattern(&self) -> Result<Option<Pattern>, Refusal> {
        let pattern = self.filter.as_deref().map(Pattern::parse).transpose();
        pattern.map_err(Refusal::Filter)
    }
}

impl Subscription {
    pub(crate) const fn is_pending(&self) -> bool {
        self.token.is_some()
    }

    /// As lists show it.
    pub(crate) fn listed(&self, arn: &SubscriptionArn) -> sns::Subscription {
        sns::Subscription {
            subscription_arn: Some(if self.is_pending() {
                "PendingConfirmation".to_owned()
            } else {
                arn.text()
            }),
            owner: Some(arn.topic.scope.account.to_string()),
            protocol: Some(self.protocol.as_str().to_owned()),
            endpoint: Some(self.endpoint.clone()),
            topic_arn: Some(arn.topic.arn()),
        }
    }

    /// How it is tried, if it is a web server, where its topic has this delivery policy.
    pub(crate) fn delivery_policy(&self, topic: Option<&str>) -> Option<DeliveryPolicy> {
        let own = self.settings.delivery_policy.as_deref();
        match self.protocol {
            Protocol::Http | Protocol::Https => Some(DeliveryPolicy::of(topic, own)),
            Protocol::Lambda | Protocol::Sqs => None,
        }
    }

    /// All that is known of it, by AWS's names, where its topic has this delivery policy.
    pub(crate) fn attributes(&self, arn: &SubscriptionArn, topic: Option<&str>) -> BTreeMap<String, String> {
        let account = arn.topic.scope.account;
        let settings = &self.settings;
        let always = [
            ("SubscriptionArn", arn.text()),
            ("TopicArn", arn.topic.arn()),
            ("Owner", account.to_string()),
            ("Protocol", self.protocol.as_str().to_owned()),
            ("Endpoint", self.endpoint.clone()),
            ("PendingConfirmation", self.is_pending().to_string()),
            ("ConfirmationWasAuthenticated", self.authenticated.to_string()),
            ("RawMessageDelivery", settings.raw.to_string()),
            ("SubscriptionPrincipal", format!("arn:aws:iam::{account}:root")),
        ];
        let scope = settings
            .filter
            .as_ref()
            .map(|_| settings.filter_scope.as_str().to_owned());
        let redrive = settings
            .redrive
            .as_ref()
            .and_then(|redrive| serde_json::to_string(redrive).ok());
        let sometimes = [
            ("FilterPolicy", settings.filter.clone()),
            ("FilterPolicyScope", scope),
            ("RedrivePolicy", redrive),
            ("DeliveryPolicy", settings.delivery_policy.clone()),
            (
                "EffectiveDeliveryPolicy",
                self.delivery_policy(topic).map(DeliveryPolicy::shown),
            ),
        ];
        let sometimes = sometimes
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)));
        let all = always.into_iter().chain(sometimes);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Sns {
    /// The subscription of an ARN that a request names; who asks must be of its topic's account.
    pub(crate) async fn subscription(
        &self,
        cx: &RequestContext,
        arn: Option<String>,
        operation: &'static str,
    ) -> Result<(SubscriptionArn, Stored<Subscription>), Refusal> {
        let text = arn.unwrap_or_default();
        let invalid = || {
            let parts = text.split(':').count();
            let reason = "An ARN must have at least 6 elements, not ";
            let reason = if parts < 6 {
                format!(" Reason: {reason}{parts}")
            } else {
                String::new()
            };
            Refusal::Invalid(format!("SubscriptionArn{reason}"))
        };
        let arn = SubscriptionArn::read(&text).ok_or_else(invalid)?;
        if arn.topic.scope.account != cx.scope.account {
            return Err(Refusal::NotAuthorized(operation, text));
        }
        let stored = self.load::<Subscription>(&arn.document()).await?;
        Ok((arn, stored.ok_or(Refusal::NoSubscription)?))
    }

    /// Changes a subscription. `change` may be asked again.
    pub(crate) async fn change_subscription(
        &self,
        arn: &SubscriptionArn,
        change: impl Fn(&mut Subscription) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let stored = self.load::<Subscription>(&arn.document()).await?;
            let mut stored = stored.ok_or(Refusal::NoSubscription)?;
            let unchanged = stored.unchanged();
            change(&mut stored.value)?;
            let put = self.put(stored.key.clone(), &stored.value)?;
            match self
                .store
                .commit(Transaction::of(put).when(unchanged))
                .await
                .map_err(Refusal::from)
            {
                Err(Refusal::Busy) => {}
                committed => return committed,
            }
        }
        Err(Refusal::Busy)
    }
}
