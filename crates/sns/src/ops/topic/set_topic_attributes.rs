//! `SetTopicAttributes`.

use crate::{Refusal, Sns, attributes};
use lambent_models::sns::SetTopicAttributesInput;
use lambent_wire::RequestContext;

pub(crate) async fn set_topic_attributes(
    sns: &Sns,
    cx: &RequestContext,
    input: SetTopicAttributesInput,
) -> Result<(), Refusal> {
    let (key, _) = sns.topic(cx, input.topic_arn, "SetTopicAttributes").await?;
    let (name, value) = (input.attribute_name.unwrap_or_default(), input.attribute_value.unwrap_or_default());
    attributes::check(&key, &name, &value, false)?;
    sns.change_topic(&key, |topic| {
        topic.attributes.insert(name.clone(), value.clone());
        Ok(())
    })
    .await
}
