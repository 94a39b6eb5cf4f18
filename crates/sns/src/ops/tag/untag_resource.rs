//! `UntagResource`.

use crate::{Refusal, Sns, ops::tag_resource::as_resource};
use lambent_models::sns::UntagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_resource(
    sns: &Sns,
    cx: &RequestContext,
    input: UntagResourceRequest,
) -> Result<(), Refusal> {
    let (key, _) = sns.topic(cx, input.resource_arn, "UntagResource").await.map_err(as_resource)?;
    let gone = input.tag_keys.unwrap_or_default();
    sns.change_topic(&key, |topic| {
        topic.tags.retain(|key, _| !gone.contains(key));
        Ok(())
    })
    .await
}
