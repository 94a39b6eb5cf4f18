//! What an operation knows about the request it serves, beside its input.

use lambent_types::{RequestId, Scope};

/// Who asked, for which account and region, and under which address.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The account and region the request speaks for.
    pub scope: Scope,
    /// The access key that signed it; `None` for an unsigned request.
    pub access_key: Option<String>,
    /// Names this request in logs and in the `x-amzn-RequestId` header of its answer.
    pub request_id: RequestId,
    /// The host as the client addressed it, with its port: URLs handed back to the client are built from it.
    pub host: Option<String>,
    /// The X-Ray header it came with, which tells the chain of calls that led to it.
    pub trace_id: Option<String>,
    /// Whether the client reached us over TLS.
    pub secure: bool,
}
