//! What an environment with extensions tells those who subscribed to telemetry.

use crate::{
    launch::Initialization,
    report::{self, Report},
};
use lambent_runtime_api::{
    InitMetrics, InitPhase, Millis, ReportMetrics, RuntimeDoneMetrics, Status, TelemetryRecord, TraceContext,
};
use lambent_types::{FunctionRecord, RequestId};

const fn initialization_type(initialization: Initialization) -> &'static str {
    match initialization {
        Initialization::OnDemand => "on-demand",
        Initialization::Provisioned => "provisioned-concurrency",
    }
}

pub(crate) fn init_start(
    function: &FunctionRecord,
    initialization: Initialization,
    phase: InitPhase,
) -> TelemetryRecord {
    let (key, config) = (&function.key, &function.config);
    TelemetryRecord::InitStart {
        initialization_type: initialization_type(initialization),
        phase,
        runtime_version: config.runtime.version_name(),
        runtime_version_arn: config
            .runtime
            .version_arn(config.architecture, &key.function.scope.region),
        function_name: key.function.name.as_str().to_owned(),
        function_version: key.version.to_string(),
    }
}

/// The two records about the end of initialisation.
pub(crate) fn init_done(
    initialization: Initialization,
    phase: InitPhase,
    status: Status,
    micros: u64,
) -> [TelemetryRecord; 2] {
    let initialization_type = initialization_type(initialization);
    [
        TelemetryRecord::InitRuntimeDone {
            initialization_type,
            phase,
            status,
        },
        TelemetryRecord::InitReport {
            initialization_type,
            phase,
            status,
            metrics: InitMetrics {
                duration_ms: Millis(micros),
            },
        },
    ]
}

pub(crate) fn start(request_id: RequestId, function: &FunctionRecord, trace_id: Option<&str>) -> TelemetryRecord {
    TelemetryRecord::Start {
        request_id,
        version: function.key.version.to_string(),
        tracing: trace_id.map(|value| TraceContext::new(value.to_owned())),
    }
}

pub(crate) fn runtime_done(report: &Report, produced_bytes: usize) -> TelemetryRecord {
    TelemetryRecord::RuntimeDone {
        request_id: report.request_id,
        status: status(&report.status),
        error_type: report.status.error_type(),
        metrics: RuntimeDoneMetrics {
            duration_ms: Millis(report.duration),
            produced_bytes: produced_bytes as u64,
        },
    }
}

/// The two records about an invocation's end.
pub(crate) fn report(report: &Report) -> [TelemetryRecord; 2] {
    [
        TelemetryRecord::End {
            request_id: report.request_id,
        },
        TelemetryRecord::Report {
            request_id: report.request_id,
            status: status(&report.status),
            error_type: report.status.error_type(),
            metrics: ReportMetrics {
                duration_ms: Millis(report.duration),
                billed_duration_ms: report.billed_millis(),
                memory_size_mb: report.memory.mb(),
                max_memory_used_mb: report.peak_mb(),
                init_duration_ms: report.init.map(Millis),
            },
        },
    ]
}

/// The platform's own failures are told from the function's by their names.
fn status(status: &report::Status) -> Status {
    match status {
        report::Status::Success => Status::Success,
        report::Status::Timeout => Status::Timeout,
        report::Status::Error(kind) if kind.starts_with("Sandbox.") => Status::Failure,
        report::Status::Error(_) => Status::Error,
    }
}
