//! Functions and their versions.

use crate::{BoxFuture, Unavailable};
use lambent_types::{FunctionName, FunctionRecord, Scope, Sha256Digest, VersionKey};
use std::sync::Arc;

/// Some functions of a scope, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionPage {
    /// One record each.
    pub functions: Vec<Arc<FunctionRecord>>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// Reads function versions.
pub trait FunctionTable: Send + Sync + 'static {
    /// One version. Called on every invocation: an engine keeps what it was asked for before in memory.
    fn function(&self, key: &VersionKey) -> BoxFuture<'_, Result<Option<Arc<FunctionRecord>>, Unavailable>>;

    /// At most `limit` functions of `scope` whose names sort after `after`.
    fn functions(
        &self,
        scope: &Scope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>>;

    /// At most `limit` versions of `scope`, in order of name and version, `$LATEST` before the published ones: those behind `after`, and
    /// only those of one function if it is named.
    fn versions(
        &self,
        scope: &Scope,
        function: Option<&FunctionName>,
        after: Option<&VersionKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>>;

    /// How many functions there are in a scope.
    fn function_count(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// All versions, of every scope, that are being created or updated: their activation was interrupted if the server just started.
    fn unsettled_functions(&self) -> BoxFuture<'_, Result<Vec<Arc<FunctionRecord>>, Unavailable>>;

    /// Whether `digest` is any version's code or layer, or any document refers to it.
    fn code_in_use(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Bytes of code stored by an account in a region, each version counted by itself, as AWS counts them.
    fn code_bytes(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>>;
}
