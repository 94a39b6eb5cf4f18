//! `ListTagsLogGroup`.

use crate::{Logs, Refusal, group, service::required, tags};
use lambent_models::logs::{ListTagsLogGroupRequest, ListTagsLogGroupResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_tags_log_group(
    logs: &Logs,
    cx: &RequestContext,
    input: ListTagsLogGroupRequest,
) -> Result<ListTagsLogGroupResponse, Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    logs.must_exist(&key)?;
    let settings = logs.settings(&key).await?;
    Ok(ListTagsLogGroupResponse {
        tags: Some(tags::shown(settings.tags)),
    })
}
