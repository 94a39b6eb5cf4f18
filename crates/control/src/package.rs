//! The code of `CreateFunction` and `UpdateFunctionCode`.

use crate::{Control, Refusal};
use lambent_store::CodePin;
use lambent_types::{CodeReference, LayerReference, Sha256Digest, limits};
use lambent_wire::{Blob, RequestContext};

/// Where a request says its code is.
pub(crate) struct Source {
    pub(crate) zip_file: Option<Blob>,
    pub(crate) s3_bucket: Option<String>,
    pub(crate) image_uri: Option<String>,
}

impl Control {
    /// Where a package can be downloaded without credentials, as the client addressed this server.
    pub(crate) fn location(&self, cx: &RequestContext, digest: Sha256Digest) -> String {
        let scheme = if cx.secure { "https" } else { "http" };
        let host = cx.host.as_deref().unwrap_or("127.0.0.1");
        format!("{scheme}://{host}{}", self.0.links.make(digest, self.0.clock.now()))
    }

    /// Refuses a function that with its layers is larger than AWS allows. One without layers was measured when it was unpacked.
    pub(crate) async fn check_unpacked(&self, code: &CodeReference, layers: &[LayerReference]) -> Result<(), Refusal> {
        if layers.is_empty() {
            return Ok(());
        }
        let mut actual = self.0.code.unpacked_bytes(code.digest).await?;
        for layer in layers {
            actual += self.0.code.unpacked_bytes(layer.digest).await?;
        }
        if actual > limits::UNZIPPED_CODE_BYTES {
            return Err(Refusal::InvalidParameter(format!(
                "Function code combined with layers exceeds the maximum allowed size of {} bytes. \
                 The actual size is {actual} bytes.",
                limits::UNZIPPED_CODE_BYTES
            )));
        }
        Ok(())
    }

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
