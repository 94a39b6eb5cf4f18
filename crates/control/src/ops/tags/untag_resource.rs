//! `UntagResource`. Keys that are not there are no error.

use crate::{Control, Refusal};
use lambent_models::lambda::UntagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_resource(
    control: &Control,
    cx: &RequestContext,
    input: UntagResourceRequest,
) -> Result<(), Refusal> {
    let keys = input.tag_keys.unwrap_or_default();
    let change = |tags: &mut crate::tags::Tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    control
        .change_tags(cx, input.resource.unwrap_or_default(), change)
        .await
}
