//! `TagResource`.

use crate::{Refusal, Sns, ops::create_topic::tags};
use lambent_models::sns::TagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn tag_resource(
    sns: &Sns,
    cx: &RequestContext,
    input: TagResourceRequest,
) -> Result<(), Refusal> {
    let given = tags(input.tags)?;
    let (key, _) = sns.topic(cx, input.resource_arn, "TagResource").await.map_err(as_resource)?;
    sns.change_topic(&key, |topic| {
        topic.tags.extend(given.clone());
        if topic.tags.len() > 50 { Err(Refusal::TooManyTags) } else { Ok(()) }
    })
    .await
}

/// A topic that is not there, as the operations on tags say it.
pub(crate) fn as_resource(refusal: Refusal) -> Refusal {
    if refusal == Refusal::NoTopic {
        Refusal::NoResource
    } else {
        refusal
    }
}
