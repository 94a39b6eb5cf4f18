//! `ListSubscriptionsByTopic`.

use crate::{
    Refusal, Sns,
    ops::list_subscriptions::{PAGE, listed, position, token},
    subscription::Subscription,
};
use lambent_models::sns::{ListSubscriptionsByTopicInput, ListSubscriptionsByTopicResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_subscriptions_by_topic(
    sns: &Sns,
    cx: &RequestContext,
    input: ListSubscriptionsByTopicInput,
) -> Result<ListSubscriptionsByTopicResponse, Refusal> {
    let (topic, _) = sns.topic(cx, input.topic_arn, "ListSubscriptionsByTopic").await?;
    let after = input.next_token.as_deref().map(position).transpose()?;
    let (found, more) = sns.list::<Subscription>(&topic.scope, Some(&topic.name), after, PAGE).await?;
    Ok(ListSubscriptionsByTopicResponse {
        next_token: found.last().filter(|_| more).map(token),
        subscriptions: Some(found.into_iter().map(listed).collect()),
    })
}
