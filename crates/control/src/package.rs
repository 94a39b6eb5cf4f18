//! The code of functions and layers.

use crate::{Control, Refusal};
use bytes::Bytes;
use lambent_models::lambda::{FunctionCode, LayerVersionContentInput};
use lambent_store::{CodePin, ImageError, IntakeError, ObjectError, ObjectName};
use lambent_types::{
    Architecture, Code, CodeReference, Image, ImageUri, LayerReference, PackageType, Sha256Digest, limits,
};
use lambent_wire::{Blob, RequestContext};

/// Where a request says its code is.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) zip_file: Option<Blob>,
    pub(crate) s3_bucket: Option<String>,
    pub(crate) s3_key: Option<String>,
    pub(crate) s3_object_version: Option<String>,
    pub(crate) s3_object_storage_mode: Option<String>,
    pub(crate) image_uri: Option<String>,
    /// Which image the name means.
    pub(crate) image: Option<Image>,
    /// What was found in the bucket.
    pub(crate) fetched: Option<Bytes>,
}

impl From<FunctionCode> for Source {
    fn from(code: FunctionCode) -> Self {
        Self {
            zip_file: code.zip_file,
            s3_bucket: code.s3_bucket,
            s3_key: code.s3_key,
            s3_object_version: code.s3_object_version,
            s3_object_storage_mode: code.s3_object_storage_mode,
            image_uri: code.image_uri,
            image: None,
            fetched: None,
        }
    }
}

impl From<LayerVersionContentInput> for Source {
    fn from(content: LayerVersionContentInput) -> Self {
        Self {
            zip_file: content.zip_file,
            s3_bucket: content.s3_bucket,
            s3_key: content.s3_key,
            s3_object_version: content.s3_object_version,
            s3_object_storage_mode: content.s3_object_storage_mode,
            ..Self::default()
        }
    }
}

impl Control {
    /// Where a package can be downloaded without credentials, as the client addressed this server.
    pub(crate) fn location(&self, cx: &RequestContext, digest: Sha256Digest) -> String {
        let scheme = if cx.secure { "https" } else { "http" };
        let host = cx.host.as_deref().unwrap_or("127.0.0.1");
        format!("{scheme}://{host}{}", self.0.links.make(digest, self.0.clock.now()))
    }

    /// Refuses a function that with its layers is larger than AWS allows. One without layers was measured when it was unpacked.
    pub(crate) async fn check_unpacked(&self, code: &Code, layers: &[LayerReference]) -> Result<(), Refusal> {
        let Code::Zip(code) = code else { return Ok(()) };
        if layers.is_empty() {
            return Ok(());
        }
        let mut actual = self.0.code.unpacked_bytes(code.digest).await?;
        for layer in layers {
            actual += self.0.code.unpacked_bytes(layer.digest).await?;
        }
        if actual > limits::UNZIPPED_CODE_BYTES {
            // It may have been taken in for this alone.
            self.discard_unused_soon(code.digest);
            return Err(Refusal::InvalidParameter(format!(
                "Function code combined with layers exceeds the maximum allowed size of {} bytes. \
                 The actual size is {actual} bytes.",
                limits::UNZIPPED_CODE_BYTES
            )));
        }
        Ok(())
    }

    /// Fetches the code if it is in a bucket. Called before the intake lock is taken, since it may take long.
    pub(crate) async fn fetch(&self, cx: &RequestContext, source: Source) -> Result<Source, Refusal> {
        let (Some(bucket), Some(key)) = (source.s3_bucket, source.s3_key) else {
            return Ok(Source {
                s3_bucket: None,
                s3_key: None,
                ..source
            });
        };
        if source.s3_object_storage_mode.as_deref() == Some("REFERENCE") {
            return Err(Refusal::NotImplemented("S3ObjectStorageMode REFERENCE"));
        }
        let Some(objects) = &self.0.objects else {
            let text = "Code from S3 needs an S3-compatible store: start the server with --s3-endpoint.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        };
        let object = ObjectName {
            region: cx.scope.region.clone(),
            bucket,
            key,
            version: source.s3_object_version,
        };
        let limit = usize::try_from(limits::UNZIPPED_CODE_BYTES).unwrap_or(usize::MAX);
        let fetched = objects.get(&object, limit, self.0.clock.now()).await;
        Ok(Source {
            fetched: Some(fetched.map_err(not_fetched)?),
            ..Source::default()
        })
    }

    /// Asks which image is meant, if the code is one. Called before the intake lock is taken, since a registry may be far away.
    pub(crate) async fn resolve_image(
        &self,
        source: Source,
        package: PackageType,
        architecture: Architecture,
    ) -> Result<Source, Refusal> {
        let (PackageType::Image, Some(text)) = (package, &source.image_uri) else {
            return Ok(source);
        };
        let refused = |error| Refusal::Image(text.clone(), error);
        let uri: ImageUri = text.parse().map_err(|_| refused(ImageError::NoSource))?;
        let image = match &self.0.images {
            Some(images) => Image {
                digest: images.resolve(&uri, architecture).await.map_err(refused)?,
                uri,
                before: None,
            },
            None => Image::named(uri),
        };
        Ok(Source {
            image: Some(image),
            ..source
        })
    }

    /// Takes in the code of a function, which is of that kind. An image is fetched when the function settles.
    pub(crate) async fn take_in_code(
        &self,
        source: Source,
        package: PackageType,
    ) -> Result<(Code, Option<CodePin>), Refusal> {
        match package {
            PackageType::Zip => {
                let (code, pin) = self.take_in(source).await?;
                Ok((Code::Zip(code), Some(pin)))
            }
            PackageType::Image => Ok((Code::Image(source.image.ok_or_else(no_source)?), None)),
        }
    }

    /// Takes a package in. The caller holds the intake lock until a version refers to it.
    pub(crate) async fn take_in(&self, source: Source) -> Result<(CodeReference, CodePin), Refusal> {
        if let Some(zip) = source.fetched {
            return Ok(self.0.code.put(zip).await?);
        }
        let Some(Blob(zip)) = source.zip_file else {
            return Err(no_source());
        };
        if zip.len() > limits::ZIPPED_CODE_BYTES {
            return Err(Refusal::Package(IntakeError::ZippedTooLarge));
        }
        Ok(self.0.code.put(zip).await?)
    }
}

fn no_source() -> Refusal {
    Refusal::InvalidParameter("Please provide a source for function code.".to_owned())
}

/// AWS's words for the two usual mistakes; the store's own for any other.
fn not_fetched(error: ObjectError) -> Refusal {
    let (code, message) = match error {
        ObjectError::TooLarge => return Refusal::Package(IntakeError::UnzippedTooLarge),
        ObjectError::Unreachable(cause) => {
            tracing::warn!(cause, "a package could not be fetched");
            let text = "Error occurred while GetObject. The S3-compatible store cannot be reached.";
            return Refusal::InvalidParameter(text.to_owned());
        }
        ObjectError::Refused { code, message } => match code.as_str() {
            "NoSuchBucket" => (code, "The specified bucket does not exist".to_owned()),
            "NoSuchKey" => (code, "The specified key does not exist.".to_owned()),
            _ => (code, message),
        },
    };
    Refusal::InvalidParameter(format!(
        "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, refused};

    #[tokio::test]
    async fn code_in_a_bucket_needs_a_store() {
        let source = Source {
            s3_bucket: Some("bucket".to_owned()),
            s3_key: Some("key".to_owned()),
            ..Source::default()
        };
        let answer = control().fetch(&context(), source).await.map(drop);
        assert_eq!(
            refused(answer),
            (
                "InvalidParameterValueException",
                "Code from S3 needs an S3-compatible store: start the server with --s3-endpoint.".to_owned()
            )
        );
    }

    #[test]
    fn what_the_store_says_is_told_in_recorded_words() {
        let refuse = |code: &str| ObjectError::Refused {
            code: code.to_owned(),
            message: "gone".to_owned(),
        };
        let text = |code| refused::<()>(Err(not_fetched(refuse(code)))).1;
        assert_eq!(
            text("NoSuchKey"),
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
        );
        assert_eq!(
            text("NoSuchBucket"),
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"
        );
        assert_eq!(
            text("AccessDenied"),
            "Error occurred while GetObject. S3 Error Code: AccessDenied. S3 Error Message: gone"
        );
    }
}
