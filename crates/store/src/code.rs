//! Deployment packages.

use crate::BoxFuture;
use lambent_types::{CodeReference, Sha256Digest, limits};
use std::{any::Any, io, path::PathBuf};

/// Keeps a package from being removed while it lives.
pub type CodePin = Box<dyn Any + Send + Sync>;

/// Why a deployment package is refused.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It has no bytes.
    #[error("the package is empty")]
    Empty,
    /// Compressed, it is larger than [`limits::ZIPPED_CODE_BYTES`], and came in a request.
    #[error("the package has more than {} bytes", limits::ZIPPED_CODE_BYTES)]
    ZippedTooLarge,
    /// Unpacked, it is larger than [`limits::UNZIPPED_CODE_BYTES`].
    #[error("the package has more than {} bytes unpacked", limits::UNZIPPED_CODE_BYTES)]
    UnzippedTooLarge,
    /// It is no zip, is damaged, or names a path that it must not.
    #[error("the package cannot be unpacked: {0}")]
    Invalid(String),
    /// The server's disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Keeps deployment packages by content.
pub trait CodeStore: Send + Sync + 'static {
    /// Takes in a zip: checks it, unpacks it, makes it durable. The same content is stored once. The pin is held until a committed
    /// version refers to the package.
    ///
    /// # Errors
    /// When the zip breaks a rule; nothing is left behind then.
    fn put(&self, zip: bytes::Bytes) -> BoxFuture<'_, Result<(CodeReference, CodePin), IntakeError>>;

    /// The unpacked tree of a package, on this host. The pin is held while the tree is in use.
    ///
    /// # Errors
    /// When the package is not here.
    fn tree(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(PathBuf, CodePin), IntakeError>>;

    /// The bytes of all files of a package, unpacked.
    ///
    /// # Errors
    /// When the package is not here.
    fn unpacked_bytes(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<u64, IntakeError>>;

    /// The zip as the client sent it, as a file on this host.
    ///
    /// # Errors
    /// When the package is not here.
    fn zip(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<PathBuf, IntakeError>>;

    /// Removes a package that no version refers to, unless it is pinned.
    ///
    /// # Errors
    /// When files cannot be removed.
    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), IntakeError>>;

    /// Every package here: what no version refers to was left by an interrupted change.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn packages(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, IntakeError>>;
}
