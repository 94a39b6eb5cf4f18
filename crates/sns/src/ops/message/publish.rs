//! `Publish`.

use crate::{Message, Refusal, Sns, message, publish::Publisher};
use lambent_models::sns::{PublishInput, PublishResponse};
use lambent_wire::RequestContext;

pub(crate) async fn publish(sns: &Sns, cx: &RequestContext, input: PublishInput) -> Result<PublishResponse, Refusal> {
    if input.phone_number.is_some() {
        return Err(Refusal::NotImplemented("Publishing to a phone"));
    }
    let arn = input.topic_arn.or(input.target_arn);
    if arn.is_none() {
        return Err(Refusal::Invalid("TopicArn or TargetArn Reason: no value for required parameter".to_owned()));
    }
    let (topic, _) = sns.topic(cx, arn, "Publish").await?;
    let message = Message {
        body: input.message.unwrap_or_default(),
        subject: input.subject,
        attributes: message::attributes(input.message_attributes)?,
        group: input.message_group_id,
        deduplication: input.message_deduplication_id,
        ..Message::default()
    };
    let message = message.structured(input.message_structure.as_deref())?;
    let published = sns.publish(&topic, &message, Publisher::of(cx)).await?;
    Ok(PublishResponse {
        message_id: Some(published.message_id),
        sequence_number: published.sequence_number,
    })
}
