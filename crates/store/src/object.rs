//! Objects in buckets: deployment packages are taken from there, and records of failed invocations are put there.

use crate::BoxFuture;
use bytes::Bytes;
use lambent_types::{Region, Timestamp};

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// The bucket's region.
    pub region: Region,
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, if not the newest.
    pub version: Option<String>,
}

/// Why an object cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The store said no.
    #[error("{code}: {message}")]
    Refused {
        /// S3's code, such as `NoSuchKey`.
        code: String,
        /// The store's words.
        message: String,
    },
    /// It has more bytes than were asked for.
    #[error("the object is too large")]
    TooLarge,
    /// The store could not be asked, or its answer could not be read.
    #[error("the object store cannot be reached: {0}")]
    Unreachable(String),
}

/// Reads and writes objects.
pub trait ObjectStore: Send + Sync + 'static {
    /// The whole object, if it has no more than `limit` bytes. `now` is when the request is signed.
    ///
    /// # Errors
    /// [`ObjectError`].
    fn get<'a>(
        &'a self,
        object: &'a ObjectName,
        limit: usize,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Bytes, ObjectError>>;

    /// Puts an object, over one that is there. `now` is when the request is signed.
    ///
    /// # Errors
    /// [`ObjectError`]. Where the store could not be reached, the object may be there all the same.
    fn put<'a>(&'a self, object: &'a ObjectName, body: Bytes, now: Timestamp)
    -> BoxFuture<'a, Result<(), ObjectError>>;
}
