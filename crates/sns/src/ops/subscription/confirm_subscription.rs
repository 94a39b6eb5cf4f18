//! `ConfirmSubscription`.

use crate::{
    Refusal, Sns, TopicKey,
    subscription::{Subscription, SubscriptionArn},
};
use lambent_models::sns::{ConfirmSubscriptionInput, ConfirmSubscriptionResponse};
use lambent_wire::RequestContext;

/// Whoever has the token may confirm: it was sent to the subscriber alone.
pub(crate) async fn confirm_subscription(
    sns: &Sns,
    _cx: &RequestContext,
    input: ConfirmSubscriptionInput,
) -> Result<ConfirmSubscriptionResponse, Refusal> {
    let invalid = |what: &str| Refusal::Invalid(what.to_owned());
    let topic = TopicKey::from_arn(&input.topic_arn.unwrap_or_default()).ok_or_else(|| invalid("TopicArn"))?;
    sns.stored_topic(&topic).await?;
    let token = input.token.unwrap_or_default();
    let subscriptions = sns.list_all::<Subscription>(&topic.scope, &topic.name).await?;
    let asked = subscriptions.into_iter().find(|each| each.value.token.as_ref() == Some(&token));
    let id = asked.ok_or_else(|| invalid("Token"))?.key.id;
    let arn = SubscriptionArn { topic, id };
    let authenticated = input.authenticate_on_unsubscribe.as_deref() == Some("true");
    sns.change_subscription(&arn, |subscription| {
        subscription.token = None;
        subscription.authenticated = authenticated;
        Ok(())
    })
    .await?;
    Ok(ConfirmSubscriptionResponse {
        subscription_arn: Some(arn.text()),
    })
}
