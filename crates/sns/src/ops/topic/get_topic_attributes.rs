//! `GetTopicAttributes`.

use crate::{Refusal, Sns, attributes::default_delivery_policy, subscription::Subscription};
use lambent_models::sns::{GetTopicAttributesInput, GetTopicAttributesResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_topic_attributes(
    sns: &Sns,
    cx: &RequestContext,
    input: GetTopicAttributesInput,
) -> Result<GetTopicAttributesResponse, Refusal> {
    let (key, topic) = sns.topic(cx, input.topic_arn, "GetTopicAttributes").await?;
    let subscriptions = sns.list_all::<Subscription>(&key.scope, &key.name).await?;
    let pending = subscriptions.iter().filter(|each| each.value.is_pending()).count();
    let topic = topic.value;
    let delivery = topic.attributes.get("DeliveryPolicy").filter(|policy| !policy.is_empty());
    let effective = delivery.cloned().unwrap_or_else(default_delivery_policy);
    let counted = [
        ("TopicArn", key.arn()),
        ("Owner", key.scope.account.to_string()),
        ("Policy", topic.policy(&key)),
        ("DisplayName", String::new()),
        ("EffectiveDeliveryPolicy", effective),
        ("SubscriptionsConfirmed", (subscriptions.len() - pending).to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ];
    let mut shown: std::collections::BTreeMap<_, _> = counted.map(|(name, value)| (name.to_owned(), value)).into();
    if key.is_fifo() {
        shown.insert("ContentBasedDeduplication".to_owned(), "false".to_owned());
        shown.insert("FifoThroughputScope".to_owned(), "Topic".to_owned());
    }
    let set = topic.attributes.into_iter().filter(|(name, value)| name != "Policy" && !value.is_empty());
    shown.extend(set);
    Ok(GetTopicAttributesResponse {
        attributes: Some(shown.into_iter().collect()),
    })
}
