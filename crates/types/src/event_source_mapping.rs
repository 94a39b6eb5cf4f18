//! Event source mappings: what is read for which function, and how.

use crate::{FunctionKey, Scope, Timestamp};
use serde::{Deserialize, Serialize};

/// An event source mapping as it is stored. A member is `None` where its source has no such setting, or where the client gave none and
/// AWS shows none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSourceMapping {
    /// Its UUID.
    pub id: String,
    /// The function that gets the events.
    pub function: FunctionKey,
    /// The version or alias of it.
    pub qualifier: Option<String>,
    /// What is read.
    pub source: EventSource,
    /// Whether it is read.
    pub enabled: bool,
    /// When a client last changed it.
    pub last_modified: Timestamp,
    /// Most records of a batch.
    pub batch_size: u32,
    /// How long a batch may be gathered, in seconds.
    pub batch_window: Option<u32>,
    /// Event patterns, of which one must fit; as the client wrote them.
    pub filters: Vec<String>,
    /// The key that encrypts the filters: kept and returned, without effect on a single host.
    pub kms_key_arn: Option<String>,
    /// Where to begin.
    pub start: Option<StartingPosition>,
    /// How records of a stream or of Kafka are handled.
    pub stream: Option<StreamSettings>,
    /// Where a batch goes that failed for good.
    pub on_failure: Option<String>,
    /// Where a batch goes that succeeded: kept and returned.
    pub on_success: Option<String>,
    /// `ReportBatchItemFailures`.
    pub response_types: Option<Vec<String>>,
    /// Most environments that a queue's messages may keep busy.
    pub maximum_concurrency: Option<u32>,
    /// How to authenticate: kinds and where the secret is.
    pub access: Option<Vec<SourceAccess>>,
    /// Kafka: the group that offsets are kept for.
    pub consumer_group: Option<String>,
}

impl EventSourceMapping {
    /// `arn:aws:lambda:us-east-1:123456789012:event-source-mapping:<UUID>`.
    #[must_use]
    pub fn arn(&self) -> String {
        let Scope { account, region } = &self.function.scope;
        let (partition, id) = (region.partition(), &self.id);
        format!("arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}")
    }

    /// The function's ARN, with the qualifier if there is one.
    #[must_use]
    pub fn function_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => self.function.qualified_arn(qualifier),
            None => self.function.arn(),
        }
    }
}

/// What a mapping reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventSource {
    /// An SQS queue.
    Sqs {
        /// The queue's ARN.
        arn: String,
        /// Whether order is kept.
        fifo: bool,
    },
    /// A Kinesis stream, or a consumer of one.
    Kinesis {
        /// The stream's or consumer's ARN.
        arn: String,
    },
    /// The stream of a DynamoDB table.
    DynamoDb {
        /// The stream's ARN.
        arn: String,
    },
    /// Topics of an Amazon MSK cluster.
    Msk {
        /// The cluster's ARN.
        arn: String,
        /// The topics.
        topics: Vec<String>,
    },
    /// Topics of any other Kafka cluster.
    Kafka {
        /// The brokers: `host:port`.
        brokers: Vec<String>,
        /// The topics.
        topics: Vec<String>,
    },
    /// Queues of an Amazon MQ broker.
    Mq {
        /// The broker's ARN.
        arn: String,
        /// The queues.
        queues: Vec<String>,
    },
    /// The change stream of an Amazon DocumentDB database.
    DocumentDb {
        /// The cluster's ARN.
        arn: String,
        /// The database.
        database: String,
        /// The collection; all of them if none is named.
        collection: Option<String>,
        /// `Default` or `UpdateLookup`.
        full_document: String,
    },
}

impl EventSource {
    /// The source's ARN; a Kafka cluster of one's own has none.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Sqs { arn, .. }
            | Self::Kinesis { arn }
            | Self::DynamoDb { arn }
            | Self::Msk { arn, .. }
            | Self::Mq { arn, .. }
            | Self::DocumentDb { arn, .. } => Some(arn),
            Self::Kafka { .. } => None,
        }
    }
}

/// Where reading a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartingPosition {
    /// With what comes next.
    Latest,
    /// With the oldest record.
    TrimHorizon,
    /// With the first record from then on.
    AtTimestamp(Timestamp),
}

impl StartingPosition {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "LATEST",
            Self::TrimHorizon => "TRIM_HORIZON",
            Self::AtTimestamp(_) => "AT_TIMESTAMP",
        }
    }
}

/// Settings of Kinesis and DynamoDB streams; Kafka has those of failing batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamSettings {
    /// Batches of one shard at the same time.
    pub parallelization: u32,
    /// Whether a failing batch is split.
    pub bisect: bool,
    /// Records older than this many seconds are given up; -1 for never.
    pub maximum_record_age: i64,
    /// A batch is tried again this often; -1 for ever.
    pub maximum_retries: i64,
    /// The length of a tumbling window in seconds; 0 for none.
    pub tumbling_window: u32,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            parallelization: 1,
            bisect: false,
            maximum_record_age: -1,
            maximum_retries: -1,
            tumbling_window: 0,
        }
    }
}

/// A way to authenticate to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceAccess {
    /// `BASIC_AUTH` and its like.
    pub kind: String,
    /// A secret's ARN, or what else the kind asks for.
    pub uri: String,
}
