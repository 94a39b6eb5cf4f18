//! What subscribers of the Telemetry API and its predecessor, the Logs API, are told, in AWS's shapes ("Lambda Telemetry API Event schema
//! reference").

use crate::{extensions::ExtensionStatus, subscription::Api};
use lambent_types::{RequestId, Timestamp};
use serde::{Serialize, Serializer};

/// A stream that can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Platform,
    Function,
    Extension,
}

/// Milliseconds with a fraction, from microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub u64);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Whole hundredths, as in the log.
        serializer.serialize_f64(((self.0 + 5) / 10) as f64 / 100.0)
    }
}

/// The phase in which a function is initialised: again within an invocation, if the first attempt took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InitPhase {
    /// Before the invocation.
    Init,
    /// Within it.
    Invoke,
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Well.
    Success,
    /// The function or an extension failed.
    Error,
    /// The platform failed.
    Failure,
    /// It took too long.
    Timeout,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "record")]
pub enum TelemetryRecord {
    /// Initialisation begins.
    #[serde(rename = "platform.initStart", rename_all = "camelCase")]
    InitStart {
        /// `on-demand` or `provisioned-concurrency`.
        initialization_type: &'static str,
        /// Which attempt.
        phase: InitPhase,
        /// Of the runtime.
        runtime_version: String,
        /// Of the runtime.
        runtime_version_arn: String,
        /// The function's name.
        function_name: String,
        /// Its version.
        function_version: String,
    },
    /// The runtime and the extensions are initialised.
    #[serde(rename = "platform.initRuntimeDone", rename_all = "camelCase")]
    InitRuntimeDone {
        /// As above.
        initialization_type: &'static str,
        /// As above.
        phase: InitPhase,
        /// How it went.
        status: Status,
    },
    /// The same, with its duration.
    #[serde(rename = "platform.initReport", rename_all = "camelCase")]
    InitReport {
        /// As above.
        initialization_type: &'static str,
        /// As above.
        phase: InitPhase,
        /// How it went.
        status: Status,
        /// How long it took.
        metrics: InitMetrics,
    },
    /// An invocation begins.
    #[serde(rename = "platform.start", rename_all = "camelCase")]
    Start {
        /// Which.
        #[serde(serialize_with = "as_text")]
        request_id: RequestId,
        /// The function's version.
        version: String,
        /// The caller's X-Ray header.
        #[serde(skip_serializing_if = "Option::is_none")]
        tracing: Option<TraceContext>,
    },
    /// The runtime has answered.
    #[serde(rename = "platform.runtimeDone", rename_all = "camelCase")]
    RuntimeDone {
        /// Which.
        #[serde(serialize_with = "as_text")]
        request_id: RequestId,
        /// How it went.
        status: Status,
        /// What the platform calls the error.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_type: Option<String>,
        /// How long it took, and how much it answered.
        metrics: RuntimeDoneMetrics,
    },
    /// An invocation's end, for the Logs API alone.
    #[serde(rename = "platform.end", rename_all = "camelCase")]
    End {
        /// Which.
        #[serde(serialize_with = "as_text")]
        request_id: RequestId,
    },
    /// An invocation's report.
    #[serde(rename = "platform.report", rename_all = "camelCase")]
    Report {
        /// Which.
        #[serde(serialize_with = "as_text")]
        request_id: RequestId,
        /// How it went.
        status: Status,
        /// What the platform calls the error.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_type: Option<String>,
        /// As in the log's REPORT line.
        metrics: ReportMetrics,
    },
    /// An extension's state after initialisation.
    #[serde(rename = "platform.extension", rename_all = "camelCase")]
    Extension {
        /// Its name.
        name: String,
        /// Where it is in its life.
        state: String,
        /// What it registered for.
        events: Vec<String>,
        /// What it reported as its error.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_type: Option<String>,
    },
    /// A subscription, by the Telemetry API.
    #[serde(rename = "platform.telemetrySubscription")]
    TelemetrySubscription(Subscribed),
    /// A subscription, by the Logs API.
    #[serde(rename = "platform.logsSubscription")]
    LogsSubscription(Subscribed),
    /// A subscriber was too slow.
    #[serde(rename = "platform.logsDropped", rename_all = "camelCase")]
    LogsDropped {
        /// AWS's sentence.
        reason: &'static str,
        /// How many events were dropped.
        dropped_records: u64,
        /// How long they were.
        dropped_bytes: u64,
    },
    /// A line that the function wrote.
    #[serde(rename = "function")]
    FunctionLine(String),
    /// A line that an external extension wrote.
    #[serde(rename = "extension")]
    ExtensionLine(String),
}

/// How long initialisation took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitMetrics {
    /// Until everybody was ready.
    pub duration_ms: Millis,
}

/// What an invocation took of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeDoneMetrics {
    /// From the event to the answer.
    pub duration_ms: Millis,
    /// The answer's length.
    pub produced_bytes: u64,
}

/// What a REPORT line says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportMetrics {
    /// From the event to the answer.
    pub duration_ms: Millis,
    /// Whole milliseconds, with the initialisation.
    pub billed_duration_ms: u64,
    /// What the function may have.
    #[serde(rename = "memorySizeMB")]
    pub memory_size_mb: u32,
    /// What it had.
    #[serde(rename = "maxMemoryUsedMB", skip_serializing_if = "Option::is_none")]
    pub max_memory_used_mb: Option<u64>,
    /// With the environment's first invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_duration_ms: Option<Millis>,
}

/// An X-Ray header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceContext {
    r#type: &'static str,
    value: String,
}

impl TraceContext {
    /// Of this header.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self {
            r#type: "X-Amzn-Trace-Id",
            value,
        }
    }
}

/// Who subscribed to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscribed {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) types: Vec<Stream>,
}

fn as_text<S: Serializer>(id: &RequestId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

impl From<&ExtensionStatus> for TelemetryRecord {
    fn from(status: &ExtensionStatus) -> Self {
        Self::Extension {
            name: status.name.clone(),
            state: status.state.to_string(),
            events: status.events.iter().map(ToString::to_string).collect(),
            error_type: status.error_type.clone(),
        }
    }
}

impl TelemetryRecord {
    pub(crate) const fn stream(&self) -> Stream {
        match self {
            Self::FunctionLine(_) => Stream::Function,
            Self::ExtensionLine(_) => Stream::Extension,
            Self::InitStart { .. }
            | Self::InitRuntimeDone { .. }
            | Self::InitReport { .. }
            | Self::Start { .. }
            | Self::RuntimeDone { .. }
            | Self::End { .. }
            | Self::Report { .. }
            | Self::Extension { .. }
            | Self::TelemetrySubscription(_)
            | Self::LogsSubscription(_)
            | Self::LogsDropped { .. } => Stream::Platform,
        }
    }

    /// Whether the API's schema has it.
    pub(crate) const fn is_for(&self, api: Api) -> bool {
        match self {
            Self::InitStart { .. }
            | Self::InitRuntimeDone { .. }
            | Self::InitReport { .. }
            | Self::TelemetrySubscription(_) => matches!(api, Api::Telemetry),
            Self::RuntimeDone { .. } => matches!(api, Api::Telemetry | Api::Logs { runtime_done: true }),
            Self::End { .. } | Self::LogsSubscription(_) => matches!(api, Api::Logs { .. }),
            Self::Start { .. }
            | Self::Report { .. }
            | Self::Extension { .. }
            | Self::LogsDropped { .. }
            | Self::FunctionLine(_)
            | Self::ExtensionLine(_) => true,
        }
    }

    /// The whole event.
    pub(crate) fn json(&self, at: Timestamp) -> Vec<u8> {
        #[derive(Serialize)]
        struct Event<'a> {
            time: String,
            #[serde(flatten)]
            what: &'a TelemetryRecord,
        }
        let event = Event {
            time: at.to_iso_millis(),
            what: self,
        };
        serde_json::to_vec(&event).unwrap_or_default()
    }
}
