//! To whom deliveries go.

use bytes::Bytes;
use lambent_control::Control;
use lambent_eventbridge::Events;
use lambent_events::{Carrier, Undelivered};
use lambent_sns::{Sns, Web};
use lambent_sqs::{Outgoing, Sqs};
use lambent_store::{BoxFuture, ObjectError, ObjectName, ObjectStore};
use lambent_types::{Attribute, AttributeValue, Clock, Delivery, Fifo, Origin, QueueKey, Recipient};
use lambent_wire::ServiceError;
use std::{collections::BTreeMap, sync::Arc};

/// Hands each delivery to the service that its recipient is of.
pub(crate) struct Services {
    pub(crate) control: Control,
    pub(crate) events: Events,
    pub(crate) sns: Sns,
    pub(crate) sqs: Sqs,
    pub(crate) web: Web,
    /// The store of buckets, if this server has one.
    pub(crate) objects: Option<Arc<dyn ObjectStore>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Carrier for Services {
    fn carry<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            match &delivery.recipient {
                Recipient::Function { arn } => self.control.take(delivery, arn).await,
                Recipient::Queue { arn, attributes, fifo } => self.send(delivery, arn, attributes, fifo.as_ref()).await,
                Recipient::Topic { arn, attributes } => self.sns.take(delivery, arn, attributes).await,
                Recipient::Http { url, headers, .. } => self.web.post(url, headers, &delivery.payload).await,
                Recipient::EventBus {
                    arn,
                    detail_type,
                    resources,
                } => self.events.take(delivery, arn, detail_type, resources).await,
                Recipient::Bucket { arn, key } => self.put(delivery, arn, key).await,
            }
        })
    }
}

impl Services {
    /// Puts an object. What is put again after a crash has the same key, so that it is there once.
    async fn put(&self, delivery: &Delivery, arn: &str, key: &str) -> Result<(), Undelivered> {
        let Some(objects) = &self.objects else {
            let text = "the server was started without --s3-endpoint".to_owned();
            return Err(Undelivered::Refused(text));
        };
        let object = ObjectName {
            region: delivery.origin.scope().region.clone(),
            bucket: arn.rsplit(':').next().unwrap_or_default().to_owned(),
            key: key.to_owned(),
            version: None,
        };
        let body = Bytes::from(delivery.payload.clone());
        objects.put(&object, body, self.clock.now()).await.map_err(not_put)
    }

    /// Sends to a queue. What a subscription brings must be allowed by the queue's policy; a function's own destinations and dead-letter
    /// queue are reached with its role.
    async fn send(
        &self,
        delivery: &Delivery,
        arn: &str,
        attributes: &BTreeMap<String, Attribute>,
        fifo: Option<&Fifo>,
    ) -> Result<(), Undelivered> {
        let refused = |text: String| Undelivered::Refused(text);
        let key = QueueKey::from_arn(arn).ok_or_else(|| refused(format!("{arn} is no queue's ARN")))?;
        let sender = match &delivery.origin {
            Origin::Destination(function) | Origin::DeadLetter(function) => function.name.to_string(),
            Origin::Target(_) | Origin::Subscription { .. } => {
                let source = delivery.origin.service_source().unwrap_or_default();
                let service = format!("{}.amazonaws.com", source.split(':').nth(2).unwrap_or_default());
                let permits = self.sqs.permits(&key, &service, source, "SendMessage").await;
                if !permits.map_err(undelivered)? {
                    return Err(Undelivered::Forbidden(format!(
                        "the policy of {arn} does not let {source} send"
                    )));
                }
                service
            }
        };
        let body = String::from_utf8(delivery.payload.clone());
        let outgoing = Outgoing {
            body: body.map_err(|_| refused("it is no text".to_owned()))?,
            delay: None,
            attributes: attributes
                .iter()
                .map(|(name, each)| (name.clone(), attribute(each)))
                .collect(),
            trace_header: delivery.trace_id.clone(),
            group: fifo.map(|fifo| fifo.group.clone()),
            deduplication: fifo.map(|fifo| fifo.deduplication.clone()),
            sender,
        };
        self.sqs.send(&key, &outgoing).await.map(drop).map_err(undelivered)
    }
}

fn attribute(attribute: &Attribute) -> lambent_sqs::Attribute {
    lambent_sqs::Attribute {
        data_type: attribute.data_type.clone(),
        value: match &attribute.value {
            AttributeValue::Text(text) => lambent_sqs::AttributeValue::Text(text.clone()),
            AttributeValue::Binary(bytes) => lambent_sqs::AttributeValue::Binary(bytes.clone()),
        },
    }
}

/// S3's codes that ask to try again; see "Error responses" of its API reference.
const PASSING: [&str; 5] = [
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
];

fn not_put(error: ObjectError) -> Undelivered {
    let text = error.to_string();
    match error {
        ObjectError::Unreachable(_) => Undelivered::Unreachable(text),
        ObjectError::Refused { code, .. } if PASSING.contains(&code.as_str()) => Undelivered::Unreachable(text),
        ObjectError::Refused { code, .. } if code == "NoSuchBucket" => Undelivered::Missing(text),
        ObjectError::Refused { code, .. } if code == "AccessDenied" => Undelivered::Forbidden(text),
        ObjectError::Refused { .. } | ObjectError::TooLarge => Undelivered::Refused(text),
    }
}

fn undelivered(refusal: lambent_sqs::Refusal) -> Undelivered {
    if let lambent_sqs::Refusal::Internal(cause) = refusal {
        return Undelivered::Unreachable(cause);
    }
    let kind = if matches!(refusal, lambent_sqs::Refusal::NoQueue) {
        Undelivered::Missing
    } else {
        Undelivered::Refused
    };
    kind(ServiceError::from(refusal).to_string())
}
