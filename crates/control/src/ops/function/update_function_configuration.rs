//! `UpdateFunctionConfiguration`.

use crate::{Control, Refusal, config::Change, convert, naming::Target, update::Update};
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
    let support = control.0.runtime_support;
    let _intake = control.0.intake.read().await;
    let layers = control.layers(cx, input.layers.take()).await?;
    if let Some(layers) = &layers {
        control.check_signatures(&before.key.function, false, layers).await?;
        control.check_unpacked(&before.code, layers).await?;
    }
    let change = |record: &FunctionRecord| {
        let config = Change::of_update(input.clone(), layers.clone()).apply(record.config.clone(), support)?;
        Ok(FunctionRecord { config, ..record.clone() })
    };
    let shown = update.commit(before, change, false).await?;
    Ok(convert::configuration(&shown, target.unqualified_arn()))
}
