//! `UpdateFunctionConfiguration`.

use crate::{Control, Refusal, config::Change, convert, naming::Target, settings::RuntimeManagement, update::Update};
use lambent_models::lambda::{FunctionConfiguration, UpdateFunctionConfigurationRequest};
use lambent_types::FunctionRecord;
use lambent_wire::RequestContext;

pub(crate) async fn update_function_configuration(
    control: &Control,
    cx: &RequestContext,
    mut input: UpdateFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Refusal> {
    let target = Target::read(cx, input.function_name.take(), None)?;
    let update = Update::of(control, &target, input.revision_id.take());
    let before = update.begin().await?;
    if input.runtime.as_deref().is_some_and(|runtime| runtime != before.config.runtime.as_str()) {
        check_not_pinned(control, &before).await?;
    }
    if let Some(role) = &input.role {
        control.check_role(&before.key.function, role).await?;
    }
    let support = control.0.runtime_support;
    let _intake = control.0.intake.read().await;
    let layers = control.layers(cx, input.layers.take()).await?;
    if let Some(layers) = &layers {
        control.check_signatures(&before.key.function, false, layers).await?;
        control.check_unpacked(&before.code, layers).await?;
    }
    let change = |record: &FunctionRecord| {
        let config = Change::of_update(input.clone(), layers.clone()).apply(
            record.config.clone(),
            record.code.package_type(),
            support,
        )?;
        Ok(FunctionRecord { config, ..record.clone() })
    };
    let shown = update.commit(before, change, false).await?;
    Ok(convert::configuration(&shown, target.unqualified_arn()))
}

/// A function whose runtime is pinned to a version keeps its identifier.
async fn check_not_pinned(control: &Control, latest: &FunctionRecord) -> Result<(), Refusal> {
    if control.runtime_management(latest).await?.update_runtime_on != RuntimeManagement::MANUAL {
        return Ok(());
    }
    let text = "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. \
                Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry.";
    Err(Refusal::InvalidParameter(text.to_owned()))
}
