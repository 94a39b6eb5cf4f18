//! The code of `CreateFunction` and `UpdateFunctionCode`.

use crate::{Control, Refusal};
use lambent_store::CodePin;
use lambent_types::CodeReference;
use lambent_wire::Blob;

/// Where a request says its code is.
pub(crate) struct Source {
    pub(crate) zip_file: Option<Blob>,
    pub(crate) s3_bucket: Option<String>,
    pub(crate) image_uri: Option<String>,
}

impl Control {
    /// Takes the code in. The caller holds the intake lock until a version refers to it.
    pub(crate) async fn take_in(&self, source: Source) -> Result<(CodeReference, CodePin), Refusal> {
        match source {
            Source { image_uri: Some(_), .. } => Err(Refusal::NotImplemented("Code from a container image")),
            Source { s3_bucket: Some(_), .. } => Err(Refusal::NotImplemented("Code from S3")),
            Source {
                zip_file: Some(Blob(zip)),
                ..
            } => Ok(self.0.code.put(zip).await?),
            Source { zip_file: None, .. } => {
                let text = "Please provide a source for function code.";
                Err(Refusal::InvalidParameter(text.to_owned()))
            }
        }
    }
}
