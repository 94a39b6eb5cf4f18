//! `UntagLogGroup`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::UntagLogGroupRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_log_group(
    logs: &Logs,
    cx: &RequestContext,
    input: UntagLogGroupRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let gone = input.tags.unwrap_or_default();
    let change = |settings: &mut group::Settings| {
        settings.tags.retain(|tag, _| !gone.contains(tag));
        Ok(())
    };
    logs.change_settings(&key, change).await
}
