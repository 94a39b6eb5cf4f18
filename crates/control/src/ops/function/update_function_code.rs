//! `UpdateFunctionCode`.

use crate::{Control, Refusal, config, convert, naming::Target, package::Source, update::Update};
use lambent_models::lambda::{FunctionConfiguration, UpdateFunctionCodeRequest};
use lambent_types::{Code, FunctionConfig, FunctionRecord, PackageType};
use lambent_wire::RequestContext;

pub(crate) async fn update_function_code(
    control: &Control,
    cx: &RequestContext,
    mut input: UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, Refusal> {
    if input.publish_to.is_some() {
        return Err(Refusal::NotImplemented("PublishTo"));
    }
    let target = Target::read(cx, input.function_name.take(), None)?;
    let update = Update::of(control, &target, input.revision_id.take());
    let before = update.begin().await?;
    let package = before.code.package_type();
    check_kind(package, &input)?;
    control.check_signatures(&before.key.function, true, &before.config.layers).await?;
    let source = Source {
        zip_file: input.zip_file,
        s3_bucket: input.s3_bucket,
        s3_key: input.s3_key,
        s3_object_version: input.s3_object_version,
        s3_object_storage_mode: input.s3_object_storage_mode,
        image_uri: input.image_uri,
        image: None,
        fetched: None,
    };
    let architecture = config::architecture(input.architectures);
    let source = control.fetch(cx, source).await?;
    let source = control.resolve_image(source, package, architecture.unwrap_or(before.config.architecture)).await?;
    let _intake = control.0.intake.read().await;
    let (code, _pin) = control.take_in_code(source, package).await?;
    control.check_unpacked(&code, &before.config.layers).await?;
    let change = |record: &FunctionRecord| {
        // A function of the other kind may have taken the name meanwhile.
        if record.code.package_type() != package {
            return Err(Refusal::UpdateInProgress(target.unqualified_arn()));
        }
        let architecture = architecture.unwrap_or(record.config.architecture);
        let config = FunctionConfig { architecture, ..record.config.clone() };
        let code = match (code.clone(), &record.code) {
            // Without images there is nothing that could run meanwhile.
            (Code::Image(image), Code::Image(running)) if control.0.images.is_some() => Code::Image(image.after(running)),
            (code, _) => code,
        };
        Ok(FunctionRecord { code, config, ..record.clone() })
    };
    if input.dry_run.unwrap_or_default() {
        code.package().into_iter().for_each(|package| control.discard_unused_soon(package));
        return Ok(convert::configuration(&change(&before)?, target.unqualified_arn()));
    }
    let shown = update.commit(before, change, input.publish.unwrap_or_default()).await?;
    Ok(convert::configuration(&shown, convert::arn(&shown)))
}

/// A function keeps the kind of code with which it was created.
fn check_kind(package: PackageType, input: &UpdateFunctionCodeRequest) -> Result<(), Refusal> {
    let text = match (package, &input.image_uri) {
        (PackageType::Zip, Some(_)) => "Please don't provide ImageUri when updating a function with packageType Zip.",
        (PackageType::Image, None) => "Please provide ImageUri when updating a function with packageType Image.",
        (PackageType::Image, Some(_)) if input.zip_file.is_some() || input.s3_bucket.is_some() => {
            "Please provide ImageUri when updating a function with packageType Image."
        }
        (PackageType::Zip, None) | (PackageType::Image, Some(_)) => return Ok(()),
    };
    Err(Refusal::InvalidParameter(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{create_function::create_function, get_function::get_function},
        testing::{context, control, record, refused},
    };
    use lambent_models::lambda::{CreateFunctionRequest, FunctionCode, GetFunctionRequest};
    use lambent_wire::Blob;

    const IMAGE: &str = "111111111111.dkr.ecr.us-east-1.amazonaws.com/image";

    fn create(image_uri: Option<&str>) -> CreateFunctionRequest {
        CreateFunctionRequest {
            function_name: Some("f".to_owned()),
            role: Some("arn:aws:iam::111111111111:role/r".to_owned()),
            package_type: Some("Image".to_owned()),
            code: Some(FunctionCode { image_uri: image_uri.map(str::to_owned), ..FunctionCode::default() }),
            ..CreateFunctionRequest::default()
        }
    }

    fn update(zip: bool, image_uri: Option<&str>) -> UpdateFunctionCodeRequest {
        UpdateFunctionCodeRequest {
            function_name: Some("f".to_owned()),
            zip_file: zip.then(|| Blob("zip".into())),
            image_uri: image_uri.map(str::to_owned),
            ..UpdateFunctionCodeRequest::default()
        }
    }

    /// Follows the recordings `test_lambda_image_crud` and `test_lambda_zip_file_to_image`.
    #[tokio::test]
    async fn a_function_keeps_its_kind_of_code() {
        let (control, cx) = (control(), context());
        let (first, second) = (format!("{IMAGE}:v1"), format!("{IMAGE}:v2"));
        create_function(&control, &cx, create(Some(&first))).await.unwrap();
        for wrong in [update(true, None), update(true, Some(&second)), update(false, None)] {
            assert_eq!(
                refused(update_function_code(&control, &cx, wrong).await).1,
                "Please provide ImageUri when updating a function with packageType Image."
            );
        }
        let updated = update_function_code(&control, &cx, update(false, Some(&second))).await.unwrap();
        assert_eq!((updated.package_type.as_deref(), updated.code_size), (Some("Image"), Some(0)));
        let named = GetFunctionRequest { function_name: Some("f".to_owned()), ..GetFunctionRequest::default() };
        let code = get_function(&control, &cx, named).await.unwrap().code.unwrap();
        assert_eq!((code.repository_type.as_deref(), code.image_uri), (Some("ECR"), Some(second)));
        assert_eq!(code.resolved_image_uri, updated.code_sha256.map(|digest| format!("{IMAGE}@sha256:{digest}")));

        control.given(record("f")).await;
        assert_eq!(
            refused(update_function_code(&control, &cx, update(false, Some(&first))).await).1,
            "Please don't provide ImageUri when updating a function with packageType Zip."
        );
    }

    #[tokio::test]
    async fn an_image_needs_a_name() {
        let (control, cx) = (control(), context());
        let text = refused(create_function(&control, &cx, create(Some(IMAGE))).await).1;
        assert_eq!(text, format!("Source image {IMAGE} is not valid. Provide a valid source image."));
        let text = refused(create_function(&control, &cx, create(None)).await).1;
        assert_eq!(text, "Please provide a source for function code.");
    }
}
