//! What the tests share.

use lambent_store::contract::scope;
use lambent_types::{
    FunctionKey, Timestamp,
    event_source_mapping::{EventSource, EventSourceMapping},
};

/// A mapping of the queue `q` and the function `f` of account 111111111111.
pub(crate) fn mapping(batch_size: u32) -> EventSourceMapping {
    EventSourceMapping {
        id: "m".to_owned(),
        function: FunctionKey {
            scope: scope("111111111111"),
            name: "f".parse().unwrap(),
        },
        qualifier: None,
        source: EventSource::Sqs {
            arn: "arn:aws:sqs:us-east-1:111111111111:q".to_owned(),
            fifo: false,
        },
        enabled: true,
        last_modified: Timestamp::default(),
        batch_size,
        batch_window: None,
        filters: Vec::new(),
        kms_key_arn: None,
        start: None,
        stream: None,
        on_failure: None,
        on_success: None,
        response_types: None,
        maximum_concurrency: None,
        access: None,
        consumer_group: None,
    }
}
