//! `Subscribe`.

use crate::{
    Refusal, Sns, TopicKey,
    delivery_policy::CONTENT_TYPE,
    envelope::{Confirmation, json},
    publish::base,
    subscription::{Protocol, Settings, Subscription, SubscriptionArn},
};
use lambent_models::sns::{SubscribeInput, SubscribeResponse};
use lambent_store::{Change, Condition, Transaction};
use lambent_types::{Delivery, Origin, Recipient, RequestId, WebRetries};
use lambent_wire::RequestContext;

/// Functions and queues are subscribed at once; a web server is asked whether it wants to be.
pub(crate) async fn subscribe(
    sns: &Sns,
    cx: &RequestContext,
    input: SubscribeInput,
) -> Result<SubscribeResponse, Refusal> {
    let protocol = Protocol::read(&input.protocol.unwrap_or_default())?;
    let (topic, stored) = sns.topic(cx, input.topic_arn, "Subscribe").await?;
    let endpoint = input.endpoint.unwrap_or_default();
    protocol.check(&topic, &endpoint)?;
    let mut settings = Settings::default();
    // The policy's scope decides how it is read, whichever comes first.
    for (name, value) in input.attributes.into_iter().flatten() {
        settings.set(&name, &value)?;
    }
    let answer = |arn: &SubscriptionArn, pending: bool| SubscribeResponse {
        subscription_arn: Some(if pending && input.return_subscription_arn != Some(true) {
            "pending confirmation".to_owned()
        } else {
            arn.text()
        }),
    };
    let present = sns.list_all::<Subscription>(&topic.scope, &topic.name).await?;
    let same = |each: &Subscription| each.protocol == protocol && each.endpoint == endpoint;
    if let Some(present) = present.into_iter().find(|each| same(&each.value)) {
        if present.value.settings != settings {
            let text = "Attributes Reason: Subscription already exists with different attributes";
            return Err(Refusal::Invalid(text.to_owned()));
        }
        let arn = SubscriptionArn {
            topic,
            id: present.key.id,
        };
        if let Some(token) = &present.value.token {
            let ask = confirmation(sns, cx, &arn, &endpoint, token);
            sns.outbox.post(vec![ask]).await?;
        }
        return Ok(answer(&arn, present.value.is_pending()));
    }
    let arn = SubscriptionArn {
        topic,
        id: sns.ids.uuid().to_string(),
    };
    let token = matches!(protocol, Protocol::Http | Protocol::Https).then(|| token(sns));
    let subscription = Subscription {
        protocol,
        endpoint: endpoint.clone(),
        token: token.clone(),
        authenticated: token.is_none(),
        settings,
    };
    let put = sns.put(arn.document(), &subscription)?;
    let mut transaction = Transaction::of(put)
        .when(stored.unchanged())
        .when(Condition::DocumentAbsent(arn.document()));
    if let Some(token) = &token {
        let ask = confirmation(sns, cx, &arn, &endpoint, token);
        transaction = transaction.and(Change::PutDelivery(ask));
    }
    sns.outbox.commit(transaction).await?;
    Ok(answer(&arn, token.is_some()))
}

fn token(sns: &Sns) -> String {
    let half = || sns.ids.uuid().simple().to_string();
    format!("{}{}", half(), half())
}

/// What asks a web server whether it wants to subscribe.
fn confirmation(sns: &Sns, cx: &RequestContext, arn: &SubscriptionArn, endpoint: &str, token: &str) -> Delivery {
    let TopicKey { scope, .. } = &arn.topic;
    let (topic, now, message_id) = (arn.topic.arn(), sns.clock.now(), sns.ids.uuid().to_string());
    let asked = Confirmation {
        r#type: "SubscriptionConfirmation",
        message_id: &message_id,
        token,
        topic_arn: &topic,
        message: format!(
            "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message."
        ),
        subscribe_url: format!(
            "{}?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
            base(cx.host.as_deref())
        ),
        timestamp: &now.to_iso_millis(),
    };
    let headers = [
        ("content-type", CONTENT_TYPE.to_owned()),
        ("x-amz-sns-message-type", "SubscriptionConfirmation".to_owned()),
        ("x-amz-sns-message-id", message_id.clone()),
        ("x-amz-sns-topic-arn", topic.clone()),
    ];
    Delivery {
        id: RequestId::new(sns.ids.as_ref()),
        origin: Origin::Subscription {
            scope: scope.clone(),
            arn: arn.text(),
            source: topic.clone(),
        },
        recipient: Recipient::Http {
            url: endpoint.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            retries: WebRetries::default(),
        },
        payload: json(&asked),
        trace_id: None,
        otherwise: None,
        lane: None,
        accepted_at: now,
        attempts: 0,
        due_at: now,
    }
}
