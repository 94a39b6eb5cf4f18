//! `UntagResource`. Keys that are not there are no error.

use crate::{Core, Refusal};
use lambent_models::lambda::UntagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_resource(
    core: &Core,
    cx: &RequestContext,
    input: UntagResourceRequest,
) -> Result<(), Refusal> {
    let keys = input.tag_keys.unwrap_or_default();
    let change = |tags: &mut crate::tags::Tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    core
        .change_tags(cx, input.resource.unwrap_or_default(), change)
        .await
}
