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
    Ok(GetSubscriptionAttributesResponse {
        attributes: Some(stored.value.attributes(&arn).into_iter().collect()),
    })
}
