//! The Runtime API, served to one execution environment.
//!
//! [`RuntimeApi`] has two faces. The runtime process inside the environment talks HTTP/1.1 to it over the listener given to
//! [`RuntimeApi::serve`]: it asks for the next invocation and posts its answer. The invoker calls [`RuntimeApi::initialised`],
//! [`RuntimeApi::invoke`] or [`RuntimeApi::invoke_streaming`], and [`RuntimeApi::waiting`]. What is allowed when is decided by the pure machine in `state.rs`; payloads are
//! passed through as they came, unparsed; streamed ones while they come (`stream.rs`).
//!
//! The contract is AWS's "Using the Lambda runtime API for custom runtimes" with the refusals of AWS's own emulator. The Extensions
//! API beside it has its own prefix and its own modules: `extension.rs` (one extension's states), `extensions.rs` (all of an environment)
//! and `extension_service.rs`. So has telemetry, for extensions that subscribe to it: what is told (`telemetry.rs`), to whom
//! (`subscription.rs`, `hub.rs`), and how it gets there (`delivery.rs`).

mod answer;
mod api;
mod core;
mod delivery;
mod extension;
mod extension_event;
mod extension_refusal;
mod extension_service;
mod extensions;
mod headers;
mod hub;
mod invocation;
mod pipeline;
mod route;
mod server;
mod service;
mod state;
mod stream;
mod subscription;
mod telemetry;

pub use api::RuntimeApi;
pub use extension::{EventKind, ExtensionState};
pub use extension_event::ShutdownReason;
pub use extensions::{ExtensionHost, ExtensionReport, ExtensionStatus, MAX_EXTENSIONS, ReportKind};
pub use invocation::{InitFailure, Invocation, InvocationResult, ResponseMode};
pub use stream::{ResponsePieces, ResponseSink, response_stream};
pub use telemetry::{
    InitMetrics, InitPhase, Millis, ReportMetrics, RuntimeDoneMetrics, Status, TelemetryRecord, TraceContext,
};
