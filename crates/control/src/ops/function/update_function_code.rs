//! `UpdateFunctionCode`.

use crate::{Control, Refusal, config, convert, naming::Target, package::Source, update::Update};
use lambent_models::lambda::{FunctionConfiguration, UpdateFunctionCodeRequest};
use lambent_types::{FunctionConfig, FunctionRecord};
use lambent_wire::RequestContext;

pub(crate) async fn update_function_code(
    control: &Control,
    cx: &RequestContext,
    input: UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, Refusal> {
    if input.publish_to.is_some() {
        return Err(Refusal::NotImplemented("PublishTo"));
    }
    let target = Target::read(cx, input.function_name, None)?;
    let update = Update::of(control, &target, input.revision_id);
    let before = update.begin().await?;
    if input.image_uri.is_some() {
        let text = "Please don't provide ImageUri when updating a function with packageType Zip.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    control.check_signatures(&before.key.function, true, &before.config.layers).await?;
    let source = Source {
        zip_file: input.zip_file,
        s3_bucket: input.s3_bucket,
        s3_key: input.s3_key,
        s3_object_version: input.s3_object_version,
        s3_object_storage_mode: input.s3_object_storage_mode,
        ..Source::default()
    };
    let source = control.fetch(cx, source).await?;
    let _intake = control.0.intake.read().await;
    let (code, _pin) = control.take_in(source).await?;
    control.check_unpacked(&code, &before.config.layers).await?;
    let architecture = config::architecture(input.architectures);
    let change = |record: &FunctionRecord| {
        let architecture = architecture.unwrap_or(record.config.architecture);
        let config = FunctionConfig { architecture, ..record.config.clone() };
        Ok(FunctionRecord { code, config, ..record.clone() })
    };
    if input.dry_run.unwrap_or_default() {
        control.discard_unused_soon(code.digest);
        return Ok(convert::configuration(&change(&before)?, target.unqualified_arn()));
    }
    let shown = update.commit(before, change, input.publish.unwrap_or_default()).await?;
    Ok(convert::configuration(&shown, convert::arn(&shown)))
}
