//! `DeleteRetentionPolicy`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::DeleteRetentionPolicyRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_retention_policy(
    logs: &Logs,
    cx: &RequestContext,
    input: DeleteRetentionPolicyRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let change = |settings: &mut group::Settings| {
        settings.retention_days = None;
        Ok(())
    };
    logs.change_settings(&key, change).await
}
