//! `SetSubscriptionAttributes`.

use crate::{Refusal, Sns};
use lambent_models::sns::SetSubscriptionAttributesInput;
use lambent_wire::RequestContext;

pub(crate) async fn set_subscription_attributes(
    sns: &Sns,
    cx: &RequestContext,
    input: SetSubscriptionAttributesInput,
) -> Result<(), Refusal> {
    let (arn, _) = sns.subscription(cx, input.subscription_arn, "SetSubscriptionAttributes").await?;
    let (name, value) = (input.attribute_name.unwrap_or_default(), input.attribute_value.unwrap_or_default());
    sns.change_subscription(&arn, |subscription| subscription.settings.set(&name, &value)).await
}
