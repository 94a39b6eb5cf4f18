//! `ListSubscriptions`.

use crate::{
    Refusal, Sns, TopicKey,
    documents::Stored,
    subscription::{Subscription, SubscriptionArn},
};
use lambent_models::sns::{self, ListSubscriptionsInput, ListSubscriptionsResponse};
use lambent_wire::RequestContext;

/// Subscriptions in an answer.
pub(crate) const PAGE: usize = 100;

pub(crate) async fn list_subscriptions(
    sns: &Sns,
    cx: &RequestContext,
    input: ListSubscriptionsInput,
) -> Result<ListSubscriptionsResponse, Refusal> {
    let after = input.next_token.as_deref().map(position).transpose()?;
    let (found, more) = sns.list::<Subscription>(&cx.scope, None, after, PAGE).await?;
    Ok(ListSubscriptionsResponse {
        next_token: found.last().filter(|_| more).map(token),
        subscriptions: Some(found.into_iter().map(listed).collect()),
    })
}

/// The topic's name and the id of the last that was shown: neither has a colon.
pub(crate) fn token(last: &Stored<Subscription>) -> String {
    format!("{}:{}", last.key.parent, last.key.id)
}

pub(crate) fn position(token: &str) -> Result<(String, String), Refusal> {
    let parts = token.split_once(':');
    let invalid = || Refusal::Invalid("NextToken".to_owned());
    parts.map(|(topic, id)| (topic.to_owned(), id.to_owned())).ok_or_else(invalid)
}

pub(crate) fn listed(stored: Stored<Subscription>) -> sns::Subscription {
    let arn = SubscriptionArn {
        topic: TopicKey {
            scope: stored.key.scope,
            name: stored.key.parent,
        },
        id: stored.key.id,
    };
    stored.value.listed(&arn)
}
