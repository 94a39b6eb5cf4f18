//! Container images.

use crate::{BoxFuture, CodePin};
use lambent_types::{Architecture, Image, ImageUri, Sha256Digest};
use std::{io, path::PathBuf};

/// Why an image cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nobody has an image of this name.
    #[error("there is no such image")]
    NotFound,
    /// The registry does not let this server have it.
    #[error("the registry refuses access")]
    AccessDenied,
    /// The operator lets images of this registry in by no way.
    #[error("no registry stands behind this name")]
    NoSource,
    /// Its manifest, its configuration or a layer is of a kind that is not known here, or not for this architecture.
    #[error("{0}")]
    Unsupported(String),
    /// It is damaged, or breaks a rule.
    #[error("{0}")]
    Invalid(String),
    /// The registry cannot be asked.
    #[error("{0}")]
    Unreachable(String),
    /// The server's disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An image that is ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledImage {
    /// The directory on this host that is its root.
    pub root: PathBuf,
    /// What it says of itself.
    pub settings: ImageSettings,
}

/// What of an image's configuration matters to a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageSettings {
    /// The program and its first arguments.
    pub entry_point: Vec<String>,
    /// The arguments behind them.
    pub command: Vec<String>,
    /// Its variables.
    pub env: Vec<(String, String)>,
    /// Where the program starts; `/` where it does not say.
    pub working_directory: String,
    /// The file names in `/opt/extensions`, sorted.
    pub extensions: Vec<String>,
}

/// Fetches images and keeps them ready to run.
pub trait ImageStore: Send + Sync + 'static {
    /// Asks which image a name means at this moment.
    ///
    /// # Errors
    /// [`ImageError`].
    fn resolve<'a>(
        &'a self,
        uri: &'a ImageUri,
        architecture: Architecture,
    ) -> BoxFuture<'a, Result<Sha256Digest, ImageError>>;

    /// Makes an image ready to run, unless it is already. The pin is held while it is in use.
    ///
    /// # Errors
    /// [`ImageError`]; nothing of the image can be seen then.
    fn install<'a>(
        &'a self,
        image: &'a Image,
        architecture: Architecture,
    ) -> BoxFuture<'a, Result<(InstalledImage, CodePin), ImageError>>;

    /// Removes an image that no version refers to, unless it is pinned, and what no other image has in common with it.
    ///
    /// # Errors
    /// When files cannot be removed.
    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), ImageError>>;

    /// Every image here.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn installed(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, ImageError>>;
}
