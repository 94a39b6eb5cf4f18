//! `GetSubscriptionAttributes`.

use crate::{Refusal, Sns};
use lambent_models::sns::{GetSubscriptionAttributesInput, GetSubscriptionAttributesResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_subscription_attributes(
    sns: &Sns,
    cx: &RequestContext,
    input: GetSubscriptionAttributesInput,
) -> Result<GetSubscriptionAttributesResponse, Refusal> {
    let (arn, stored) = sns.subscription(cx, input.subscription_arn, "GetSubscriptionAttributes").await?;
    let topic = sns.stored_topic(&arn.topic).await?;
    let policy = topic.value.delivery_policy();
    Ok(GetSubscriptionAttributesResponse {
        attributes: Some(stored.value.attributes(&arn, policy).into_iter().collect()),
    })
}
