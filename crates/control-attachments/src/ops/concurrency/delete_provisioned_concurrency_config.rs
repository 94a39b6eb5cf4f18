//! `DeleteProvisionedConcurrencyConfig`.

use crate::{Core, Refusal, naming::Target, provisioned};
use lambent_models::lambda::DeleteProvisionedConcurrencyConfigRequest;
use lambent_wire::RequestContext;

/// What was not provisioned has lost it already, as recorded (`test_provisioned_concurrency_exceptions`). Environments that were kept
/// ready serve on until they are idle for too long.
pub(crate) async fn delete_provisioned_concurrency_config(
    core: &Core,
    cx: &RequestContext,
    input: DeleteProvisionedConcurrencyConfigRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = core.find_provisioned(&target, provisioned::UNPUBLISHED).await?;
    core.unprovision(&found.version.key.function, &found.qualifier).await
}
