//! AWS's quotas, each with the unit in its name. Source: "Lambda quotas" and the recorded answers.

/// Largest answer of a function: 6 MiB and 100 bytes of slack, as AWS's error prints.
pub const SYNC_PAYLOAD_BYTES: usize = 6_291_556;
/// Largest streamed answer of a function: 200 MiB ("Response streaming for Lambda functions").
pub const STREAMED_PAYLOAD_BYTES: usize = 209_715_200;
/// Largest event of a synchronous invocation: 6 MiB.
pub const SYNC_REQUEST_BYTES: usize = 6_291_456;
/// Largest payload of an asynchronous invocation: 1 MiB.
pub const ASYNC_PAYLOAD_BYTES: usize = 1_048_576;
/// Largest deployment package in one request, compressed: 50 MiB.
pub const ZIPPED_CODE_BYTES: usize = 52_428_800;
/// Largest deployment package unpacked, layers included.
pub const UNZIPPED_CODE_BYTES: u64 = 262_144_000;
/// Largest `CreateFunction` or `UpdateFunctionCode` request: the zip as base64 with its JSON around it.
pub const CODE_REQUEST_BYTES: usize = 70_167_211;
/// Largest body of every other control-plane request.
pub const CONTROL_REQUEST_BYTES: usize = 6_291_556;
/// All environment variables as JSON.
pub const ENVIRONMENT_BYTES: usize = 4_096;
/// How long initialisation may take before it is broken off and done again within the first invocation.
pub const INIT_SECONDS: u64 = 10;
/// What `X-Amz-Log-Type: Tail` returns at most, before base64.
pub const LOG_TAIL_BYTES: usize = 4_096;
/// Concurrent executions of an account unless the operator says otherwise.
pub const ACCOUNT_CONCURRENCY: u32 = 1_000;
/// Environments that a function gets on demand in [`SCALING_SECONDS`] (AWS: "Lambda scaling behavior").
pub const SCALING_ENVIRONMENTS: u64 = 1_000;
/// In how many seconds it gets [`SCALING_ENVIRONMENTS`].
pub const SCALING_SECONDS: u64 = 10;
