//! `TagLogGroup`.

use crate::{Logs, Refusal, group, service::required, tags};
use lambent_models::logs::TagLogGroupRequest;
use lambent_wire::RequestContext;

pub(crate) async fn tag_log_group(logs: &Logs, cx: &RequestContext, input: TagLogGroupRequest) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    logs.change_settings(&key, |settings| tags::add(&mut settings.tags, input.tags.clone()))
        .await
}
