//! Publishing: a message becomes a delivery for each subscriber that wants it, all committed together.

use crate::{
    Message, Refusal, Sns, TopicKey,
    deduplication::Published,
    documents::Stored,
    envelope::Notice,
    subscription::{FilterScope, Protocol, Subscription, SubscriptionArn},
    topic::Topic,
};
use lambent_events::Undelivered;
use lambent_types::{Attribute, Delivery, Fifo, Origin, Recipient, RequestId, Sha256Digest, Timestamp};
use lambent_wire::RequestContext;
use std::collections::BTreeMap;

/// Who publishes, as far as subscribers are to know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Publisher<'a> {
    /// The address under which this server was reached: links are made of it.
    pub(crate) host: Option<&'a str>,
    /// The X-Ray header of what led to this.
    pub(crate) trace_id: Option<&'a str>,
}

impl<'a> Publisher<'a> {
    /// Who makes a request.
    pub(crate) fn of(cx: &'a RequestContext) -> Self {
        Self {
            host: cx.host.as_deref(),
            trace_id: cx.trace_id.as_deref(),
        }
    }
}

/// A message that was accepted, with all that its subscribers have in common.
struct Accepted<'a> {
    topic: &'a TopicKey,
    message: &'a Message,
    published: &'a Published,
    deduplication: Option<String>,
    publisher: Publisher<'a>,
    at: Timestamp,
    /// The topic's delivery policy.
    policy: Option<&'a str>,
}

impl Sns {
    /// Publishes. Once this answers `Ok`, every subscriber that wants the message will be tried, whatever happens to the process.
    pub(crate) async fn publish(
        &self,
        topic: &TopicKey,
        message: &Message,
        publisher: Publisher<'_>,
    ) -> Result<Published, Refusal> {
        message.check()?;
        let stored = self.stored_topic(topic).await?;
        let deduplication = deduplication(topic, &stored, message)?;
        let at = self.clock.now();
        let published = Published {
            message_id: self.ids.uuid().to_string(),
            sequence_number: topic.is_fifo().then(|| self.recent.sequence_number(at)),
        };
        if let Some(id) = &deduplication
            && let Some(first) = self.recent.repeated(topic, id, &published, at)
        {
            return Ok(first);
        }
        let accepted = Accepted {
            topic,
            message,
            published: &published,
            deduplication,
            publisher,
            at,
            policy: stored.value.delivery_policy(),
        };
        match self.fan_out(&accepted).await {
            Ok(()) => Ok(published),
            Err(refusal) => {
                if let Some(id) = &accepted.deduplication {
                    self.recent.forget(topic, id);
                }
                Err(refusal)
            }
        }
    }

    async fn fan_out(&self, accepted: &Accepted<'_>) -> Result<(), Refusal> {
        let topic = accepted.topic;
        let subscriptions = self.list_all::<Subscription>(&topic.scope, &topic.name).await?;
        let attributes = accepted.message.filtered_attributes();
        let mut deliveries = Vec::new();
        for Stored {
            key,
            value: subscription,
            ..
        } in subscriptions
        {
            let wanted = match subscription.settings.pattern()? {
                None => true,
                Some(pattern) => match subscription.settings.filter_scope {
                    FilterScope::MessageAttributes => pattern.matches(&attributes),
                    FilterScope::MessageBody => {
                        pattern.matches_text(accepted.message.body_for(subscription.protocol.as_str()))
                    }
                },
            };
            if wanted && !subscription.is_pending() {
                let arn = SubscriptionArn {
                    topic: topic.clone(),
                    id: key.id,
                };
                deliveries.push(accepted.delivery(&arn, &subscription, RequestId::new(self.ids.as_ref())));
            }
        }
        Ok(self.outbox.post(deliveries).await?)
    }

    /// Takes a delivery for a topic: something that another part of this server publishes.
    ///
    /// # Errors
    /// When there is no such topic, or it refuses, or the store fails.
    pub async fn take(
        &self,
        delivery: &Delivery,
        arn: &str,
        attributes: &BTreeMap<String, Attribute>,
    ) -> Result<(), Undelivered> {
        let refused = |text: &str| Undelivered::Refused(text.to_owned());
        let topic = TopicKey::from_arn(arn).ok_or_else(|| refused("this is no topic's ARN"))?;
        let body = String::from_utf8(delivery.payload.clone()).map_err(|_| refused("it is no text"))?;
        let id = delivery.id.to_string();
        let message = Message {
            body,
            attributes: attributes.clone(),
            group: topic.is_fifo().then(|| id.clone()),
            deduplication: topic.is_fifo().then_some(id),
            ..Message::default()
        };
        let publisher = Publisher {
            host: None,
            trace_id: delivery.trace_id.as_deref(),
        };
        match self.publish(&topic, &message, publisher).await {
            Ok(_) => Ok(()),
            Err(Refusal::Internal(cause)) => Err(Undelivered::Unreachable(cause)),
            Err(Refusal::NoTopic) => Err(Undelivered::Missing(format!("there is no topic {arn}"))),
            Err(refusal) => Err(Undelivered::Refused(
                lambent_wire::ServiceError::from(refusal).to_string(),
            )),
        }
    }
}

/// What tells a message from others in a FIFO topic; refused where the message is not for such a topic.
fn deduplication(topic: &TopicKey, stored: &Stored<Topic>, message: &Message) -> Result<Option<String>, Refusal> {
    let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
    if !topic.is_fifo() {
        return match &message.deduplication {
            None => Ok(None),
            Some(_) => invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
            ),
        };
    }
    if message.group.as_ref().is_none_or(String::is_empty) {
        return invalid("The MessageGroupId parameter is required for FIFO topics");
    }
    match &message.deduplication {
        Some(id) => Ok(Some(id.clone())),
        None if stored.value.deduplicates_by_content() => Ok(Some(Sha256Digest::of(message.body.as_bytes()).to_hex())),
        None => invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
    }
}

impl Accepted<'_> {
    fn delivery(&self, arn: &SubscriptionArn, subscription: &Subscription, id: RequestId) -> Delivery {
        let text = arn.text();
        let otherwise = subscription.settings.redrive.as_ref().map(|redrive| Recipient::Queue {
            arn: redrive.target.clone(),
            attributes: self.passed_on(subscription),
            fifo: self.fifo(&redrive.target),
        });
        Delivery {
            id,
            origin: Origin::Subscription {
                scope: self.topic.scope.clone(),
                arn: text.clone(),
                source: self.topic.arn(),
            },
            recipient: self.recipient(&text, subscription),
            payload: self.payload(&text, subscription),
            trace_id: self.publisher.trace_id.map(str::to_owned),
            otherwise,
            lane: self
                .message
                .group
                .as_ref()
                .filter(|_| self.topic.is_fifo())
                .map(|group| format!("{text} {group}")),
            accepted_at: self.at,
            attempts: 0,
            due_at: self.at,
        }
    }

    /// What goes beside a message that is passed on as it is.
    fn passed_on(&self, subscription: &Subscription) -> BTreeMap<String, Attribute> {
        if subscription.settings.raw {
            self.message.attributes.clone()
        } else {
            BTreeMap::new()
        }
    }

    /// A message's place in a FIFO queue.
    fn fifo(&self, queue: &str) -> Option<Fifo> {
        let group = self.message.group.clone();
        queue.ends_with(".fifo").then(|| Fifo {
            group: group.unwrap_or_else(|| self.published.message_id.clone()),
            deduplication: self
                .deduplication
                .clone()
                .unwrap_or_else(|| self.published.message_id.clone()),
        })
    }

    fn recipient(&self, arn: &str, subscription: &Subscription) -> Recipient {
        let endpoint = subscription.endpoint.clone();
        match subscription.protocol {
            Protocol::Lambda => Recipient::Function { arn: endpoint },
            Protocol::Sqs => Recipient::Queue {
                attributes: self.passed_on(subscription),
                fifo: self.fifo(&endpoint),
                arn: endpoint,
            },
            Protocol::Http | Protocol::Https => {
                let policy = subscription.delivery_policy(self.policy).unwrap_or_default();
                let headers = [
                    ("content-type", policy.content_type),
                    ("x-amz-sns-message-type", "Notification".to_owned()),
                    ("x-amz-sns-message-id", self.published.message_id.clone()),
                    ("x-amz-sns-topic-arn", self.topic.arn()),
                    ("x-amz-sns-subscription-arn", arn.to_owned()),
                ];
                let raw = subscription
                    .settings
                    .raw
                    .then(|| ("x-amz-sns-rawdelivery", "true".to_owned()));
                let headers = headers.into_iter().chain(raw);
                Recipient::Http {
                    url: endpoint,
                    headers: headers.map(|(name, value)| (name.to_owned(), value)).collect(),
                    retries: policy.retries,
                }
            }
        }
    }

    fn payload(&self, arn: &str, subscription: &Subscription) -> Vec<u8> {
        let body = self.message.body_for(subscription.protocol.as_str());
        if subscription.settings.raw && subscription.protocol != Protocol::Lambda {
            return body.as_bytes().to_vec();
        }
        let (topic, timestamp) = (self.topic.arn(), self.at.to_iso_millis());
        let notice = Notice {
            message_id: &self.published.message_id,
            topic_arn: &topic,
            subscription_arn: arn,
            subject: self.message.subject.as_deref(),
            body,
            timestamp: &timestamp,
            sequence_number: self.published.sequence_number.as_deref(),
            unsubscribe_url: &format!("{}?Action=Unsubscribe&SubscriptionArn={arn}", base(self.publisher.host)),
            attributes: &self.message.attributes,
        };
        match subscription.protocol {
            Protocol::Lambda => notice.event(),
            Protocol::Http | Protocol::Https | Protocol::Sqs => notice.notification(),
        }
    }
}

/// Where this server is, as whoever asked reached it.
pub(crate) fn base(host: Option<&str>) -> String {
    format!("http://{}/", host.unwrap_or("127.0.0.1:4566"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{confirm_subscription, create_topic, subscribe, unsubscribe},
        testing::{context, deliveries, refused, service, topic},
    };
    use lambent_models::sns::{ConfirmSubscriptionInput, CreateTopicInput, SubscribeInput, UnsubscribeInput};

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
    const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:q";

    async fn made(sns: &Sns, name: &str, attributes: &[(&str, &str)]) -> TopicKey {
        let input = CreateTopicInput {
            name: Some(name.to_owned()),
            attributes: Some(
                attributes
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned()))
                    .collect(),
            ),
            ..CreateTopicInput::default()
        };
        create_topic::create_topic(sns, &context(), input).await.unwrap();
        topic(name)
    }

    async fn subscribed(
        sns: &Sns,
        topic: &TopicKey,
        protocol: &str,
        endpoint: &str,
        attributes: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let input = SubscribeInput {
            topic_arn: Some(topic.arn()),
            protocol: Some(protocol.to_owned()),
            endpoint: Some(endpoint.to_owned()),
            attributes: Some(
                attributes
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned()))
                    .collect(),
            ),
            return_subscription_arn: Some(true),
        };
        let made = subscribe::subscribe(sns, &context(), input).await?;
        Ok(made.subscription_arn.unwrap())
    }

    fn message(body: &str) -> Message {
        Message {
            body: body.to_owned(),
            ..Message::default()
        }
    }

    async fn published(sns: &Sns, topic: &TopicKey, message: &Message) -> Vec<Delivery> {
        sns.publish(topic, message, Publisher::default()).await.unwrap();
        let sent = deliveries(sns).await;
        for delivery in &sent {
            let delete = lambent_store::Transaction::of(lambent_store::Change::DeleteDelivery(delivery.id));
            sns.store.commit(delete).await.unwrap();
        }
        sent
    }

    fn text(delivery: &Delivery) -> &str {
        std::str::from_utf8(&delivery.payload).unwrap()
    }

    #[tokio::test]
    async fn every_subscriber_gets_what_it_can_read() {
        let sns = service();
        let topic = made(&sns, "t", &[]).await;
        let function = subscribed(&sns, &topic, "lambda", FUNCTION, &[]).await.unwrap();
        subscribed(&sns, &topic, "sqs", QUEUE, &[("RawMessageDelivery", "true")])
            .await
            .unwrap();
        let told = Message {
            attributes: [("a".to_owned(), Attribute::text("x"))].into(),
            ..message("hello")
        };
        let sent = published(&sns, &topic, &told).await;
        let to = |name: &str| sent.iter().find(|each| each.recipient.name() == name).unwrap();
        assert_eq!(sent.len(), 2);
        assert!(text(to(FUNCTION)).contains(&format!(r#""EventSubscriptionArn":"{function}""#)));
        assert_eq!(text(to(QUEUE)), "hello");
        let Recipient::Queue {
            attributes, fifo: None, ..
        } = &to(QUEUE).recipient
        else {
            panic!("it goes to a standard queue");
        };
        assert_eq!(attributes, &told.attributes);
        let missing = sns
            .publish(&crate::testing::topic("other"), &told, Publisher::default())
            .await;
        assert_eq!(refused(missing), ("NotFound", "Topic does not exist".to_owned()));
    }

    #[tokio::test]
    async fn filters_look_at_attributes_or_at_the_body() {
        let sns = service();
        let topic = made(&sns, "t", &[]).await;
        subscribed(
            &sns,
            &topic,
            "lambda",
            FUNCTION,
            &[("FilterPolicy", r#"{"kind": [{"prefix": "a"}]}"#)],
        )
        .await
        .unwrap();
        let body = [
            ("FilterPolicyScope", "MessageBody"),
            ("FilterPolicy", r#"{"n": [{"numeric": [">", 1]}]}"#),
        ];
        subscribed(&sns, &topic, "sqs", QUEUE, &body).await.unwrap();
        let names = async |message: &Message| {
            let sent = published(&sns, &topic, message).await;
            sent.iter()
                .map(|each| each.recipient.name().to_owned())
                .collect::<Vec<_>>()
        };
        let with = |kind: &str, body: &str| Message {
            attributes: [("kind".to_owned(), Attribute::text(kind))].into(),
            ..message(body)
        };
        assert_eq!(names(&with("abc", "text")).await, [FUNCTION]);
        assert_eq!(names(&with("b", r#"{"n": 2}"#)).await, [QUEUE]);
        assert!(names(&message(r#"{"kind": "abc", "n": 1}"#)).await.is_empty());
        let bad = subscribed(
            &sns,
            &topic,
            "sqs",
            "arn:aws:sqs:us-east-1:111111111111:other",
            &[("FilterPolicy", r#"{"a": "b"}"#)],
        )
        .await;
        let (code, words) = refused(bad);
        assert_eq!(
            (code, words.as_str()),
            (
                "InvalidParameter",
                "Invalid parameter: FilterPolicy: \"a\" must be an object or an array"
            )
        );
    }

    #[tokio::test]
    async fn a_web_server_is_asked_first() {
        let sns = service();
        let topic = made(&sns, "t", &[]).await;
        let arn = subscribed(&sns, &topic, "http", "http://127.0.0.1:9/in", &[])
            .await
            .unwrap();
        let asked = deliveries(&sns).await.remove(0);
        let token = text(&asked)
            .split(r#""Token":""#)
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        let link = format!(
            "http://127.0.0.1:4566/?Action=ConfirmSubscription&TopicArn={}&Token={token}",
            topic.arn()
        );
        assert!(text(&asked).contains(&link), "{}", text(&asked));
        assert!(text(&asked).starts_with(r#"{"Type":"SubscriptionConfirmation""#));
        let of_the_asked =
            |sent: Vec<Delivery>| sent.into_iter().filter(|each| each.id != asked.id).collect::<Vec<_>>();
        assert!(of_the_asked(published(&sns, &topic, &message("early")).await).is_empty());
        let confirm = |token: &str| ConfirmSubscriptionInput {
            topic_arn: Some(topic.arn()),
            token: Some(token.to_owned()),
            authenticate_on_unsubscribe: None,
        };
        let wrong = confirm_subscription::confirm_subscription(&sns, &context(), confirm("wrong")).await;
        assert_eq!(refused(wrong).0, "InvalidParameter");
        let confirmed = confirm_subscription::confirm_subscription(&sns, &context(), confirm(&token))
            .await
            .unwrap();
        assert_eq!(confirmed.subscription_arn.as_ref(), Some(&arn));
        assert_eq!(published(&sns, &topic, &message("now")).await.len(), 1);
        let nobody = RequestContext {
            access_key: None,
            ..context()
        };
        let end = UnsubscribeInput {
            subscription_arn: Some(arn),
        };
        unsubscribe::unsubscribe(&sns, &nobody, end).await.unwrap();
        assert!(published(&sns, &topic, &message("late")).await.is_empty());
    }

    #[tokio::test]
    async fn a_fifo_topic_keeps_order_and_tells_repetitions() {
        let sns = service();
        let topic = made(
            &sns,
            "t.fifo",
            &[("FifoTopic", "true"), ("ContentBasedDeduplication", "true")],
        )
        .await;
        let queue = format!("{QUEUE}.fifo");
        let arn = subscribed(&sns, &topic, "sqs", &queue, &[]).await.unwrap();
        assert!(subscribed(&sns, &topic, "lambda", FUNCTION, &[]).await.is_err());
        let grouped = Message {
            group: Some("g".to_owned()),
            ..message("one")
        };
        let sent = published(&sns, &topic, &grouped).await;
        assert_eq!(sent[0].lane.as_deref(), Some(format!("{arn} g").as_str()));
        let Recipient::Queue { fifo: Some(fifo), .. } = &sent[0].recipient else {
            panic!("it goes to a FIFO queue");
        };
        assert_eq!((fifo.group.as_str(), fifo.deduplication.len()), ("g", 64));
        assert!(
            published(&sns, &topic, &grouped).await.is_empty(),
            "it was published already"
        );
        let words = |text: &str| ("InvalidParameter", format!("Invalid parameter: {text}"));
        let ungrouped = sns.publish(&topic, &message("x"), Publisher::default()).await;
        assert_eq!(
            refused(ungrouped),
            words("The MessageGroupId parameter is required for FIFO topics")
        );
    }

    #[tokio::test]
    async fn what_cannot_be_delivered_has_somewhere_to_go() {
        let sns = service();
        let topic = made(&sns, "t", &[]).await;
        let redrive = format!(r#"{{"deadLetterTargetArn": "{QUEUE}"}}"#);
        subscribed(&sns, &topic, "lambda", FUNCTION, &[("RedrivePolicy", &redrive)])
            .await
            .unwrap();
        let sent = published(&sns, &topic, &message("x")).await;
        assert_eq!(sent[0].otherwise.as_ref().map(Recipient::name), Some(QUEUE));
        let bad = subscribed(
            &sns,
            &topic,
            "sqs",
            QUEUE,
            &[("RedrivePolicy", r#"{"deadLetterTargetArn": "x"}"#)],
        )
        .await;
        assert_eq!(refused(bad).0, "InvalidParameter");
    }
}
