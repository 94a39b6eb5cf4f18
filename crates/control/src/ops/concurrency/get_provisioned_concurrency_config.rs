//! `GetProvisionedConcurrencyConfig`.

use crate::{Control, Refusal, naming::Target, provisioned};
use lambent_models::lambda::{GetProvisionedConcurrencyConfigRequest, GetProvisionedConcurrencyConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_provisioned_concurrency_config(
    control: &Control,
    cx: &RequestContext,
    input: GetProvisionedConcurrencyConfigRequest,
) -> Result<GetProvisionedConcurrencyConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = control.find_provisioned(&target, provisioned::UNPUBLISHED).await?;
    let key = provisioned::key(&found.version.key.function, &found.qualifier);
    let stored = control.load(&key).await?.ok_or(Refusal::NoProvisionedConcurrency)?;
    let shown = control.shown_provisioned(&stored, &found.version.key);
    Ok(GetProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: shown.requested_provisioned_concurrent_executions,
        available_provisioned_concurrent_executions: shown.available_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions: shown.allocated_provisioned_concurrent_executions,
        status: shown.status,
        status_reason: shown.status_reason,
        last_modified: shown.last_modified,
    })
}
