//! The vocabulary of Lambent: one file per noun, each a value that proves itself when it is made.
//!
//! Nothing here does I/O or knows a runtime. Time, ids and chance are the traits of [`clock`] and [`ids`], passed as arguments,
//! so that every rule built on them can be tested in microseconds.

pub mod account;
pub mod clock;
pub mod code;
pub mod delivery;
pub mod digest;
pub mod environment;
pub mod event;
pub mod event_source_mapping;
pub mod function;
pub mod function_name;
pub mod function_reference;
pub mod ids;
pub mod invocation;
pub mod layer;
pub mod limits;
pub mod measure;
pub mod meter;
pub mod qualifier;
pub mod queue;
pub mod region;
pub mod request_id;
pub mod revision;
pub mod runtime;
pub mod sizes;
pub mod state;
pub mod timestamp;
pub mod web_retries;

pub use account::AccountId;
pub use clock::{Clock, ManualClock, SystemClock};
pub use code::{Code, CodeReference, Image, ImageConfig, ImageUri, PackageType};
pub use delivery::{Attribute, AttributeValue, Delivery, DeliveryId, Fifo, Origin, Recipient, RuleTarget};
pub use digest::Sha256Digest;
pub use environment::EnvironmentVariables;
pub use event::{AsyncEvent, EventId};
pub use function::{FunctionConfig, FunctionKey, FunctionRecord, Scope, VersionKey};
pub use function_name::FunctionName;
pub use function_reference::FunctionReference;
pub use ids::{Ids, RandomIds, SeededIds};
pub use invocation::{InvocationType, LogType, Outcome};
pub use layer::LayerReference;
pub use meter::{Carried, Meter, Occurrence, Subject, Uncounted};
pub use qualifier::{AliasName, Qualifier, Version};
pub use queue::{Deduplication, Message, QueueId, QueueKey, Sequence};
pub use region::Region;
pub use request_id::RequestId;
pub use revision::RevisionId;
pub use runtime::{Architecture, RuntimeId};
pub use sizes::{EphemeralStorage, MemorySize, Timeout};
pub use state::{LastUpdateStatus, State, StateReasonCode};
pub use timestamp::Timestamp;
pub use web_retries::{Backoff, WebRetries};
