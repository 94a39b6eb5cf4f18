//! What the tests of operations share.

use lambent_store::contract;
use lambent_types::{FunctionRecord, Ids as _, RequestId, SeededIds, Version};
use lambent_wire::RequestContext;

/// A request of account 111111111111 in us-east-1.
pub(crate) fn context() -> RequestContext {
    let ids = SeededIds::default();
    ids.uuid();
    RequestContext {
        scope: contract::scope("111111111111"),
        access_key: None,
        request_id: RequestId::new(&ids),
        host: Some("127.0.0.1:4566".to_owned()),
        secure: false,
    }
}

/// A settled function.
pub(crate) fn record(name: &str) -> FunctionRecord {
    contract::record("111111111111", name, Version::Latest, 1)
}
