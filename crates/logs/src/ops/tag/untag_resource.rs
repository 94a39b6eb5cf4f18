//! `UntagResource`.

use crate::{Logs, Refusal};
use lambent_models::logs::UntagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_resource(
    logs: &Logs,
    cx: &RequestContext,
    input: UntagResourceRequest,
) -> Result<(), Refusal> {
    let key = logs.tagged(cx, input.resource_arn)?;
    let gone = input.tag_keys.unwrap_or_default();
    let change = |settings: &mut crate::group::Settings| {
        settings.tags.retain(|tag, _| !gone.contains(tag));
        Ok(())
    };
    logs.change_settings(&key, change).await
}
