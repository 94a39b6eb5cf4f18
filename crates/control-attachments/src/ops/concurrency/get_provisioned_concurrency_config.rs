//! `GetProvisionedConcurrencyConfig`.

use crate::{Core, Refusal, naming::Target, provisioned};
use lambent_models::lambda::{GetProvisionedConcurrencyConfigRequest, GetProvisionedConcurrencyConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_provisioned_concurrency_config(
    core: &Core,
    cx: &RequestContext,
    input: GetProvisionedConcurrencyConfigRequest,
) -> Result<GetProvisionedConcurrencyConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = core.find_provisioned(&target, provisioned::UNPUBLISHED).await?;
    let key = provisioned::key(&found.version.key.function, &found.qualifier);
    let stored = core.load(&key).await?.ok_or(Refusal::NoProvisionedConcurrency)?;
    let shown = core.shown_provisioned(&stored, &found.version.key);
    Ok(GetProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: shown.requested_provisioned_concurrent_executions,
        available_provisioned_concurrent_executions: shown.available_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions: shown.allocated_provisioned_concurrent_executions,
        status: shown.status,
        status_reason: shown.status_reason,
        last_modified: shown.last_modified,
    })
}
