//! The platform's own log lines, as recorded from AWS and described in "Working with Lambda function logs".

use lambent_types::{MemorySize, RequestId, Version};
use std::fmt::Write as _;

/// What a REPORT line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) request_id: RequestId,
    /// Microseconds from the runtime's receipt of the event to its answer.
    pub(crate) duration: u64,
    /// Microseconds of initialisation, on the environment's first invocation.
    pub(crate) init: Option<u64>,
    pub(crate) memory: MemorySize,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) status: Status,
}

/// How the platform saw an invocation end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not shown.
    Success,
    /// `Status: timeout`.
    Timeout,
    /// `Status: error` with its type.
    Error(&'static str),
}

impl Status {
    /// What the platform calls the error.
    pub(crate) fn error_type(&self) -> Option<String> {
        match self {
            Self::Success => None,
            Self::Timeout => Some("Sandbox.Timedout".to_owned()),
            Self::Error(kind) => Some((*kind).to_owned()),
        }
    }
}

pub(crate) fn start(request_id: RequestId, version: Version) -> String {
    format!("START RequestId: {request_id} Version: {version}\n")
}

pub(crate) fn end(request_id: RequestId) -> String {
    format!("END RequestId: {request_id}\n")
}

impl Report {
    /// Initialisation is billed with the first invocation, whole milliseconds, rounded up.
    pub(crate) fn billed_millis(&self) -> u64 {
        (self.duration + self.init.unwrap_or(0)).div_ceil(1_000).max(1)
    }

    /// Never more than the function may have.
    pub(crate) fn peak_mb(&self) -> Option<u64> {
        let peak = self.peak_memory_bytes?;
        Some(peak.div_ceil(1 << 20).min(u64::from(self.memory.mb())))
    }

    /// The REPORT line.
    pub(crate) fn line(&self) -> String {
        let billed = self.billed_millis();
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\t",
            self.request_id,
            millis(self.duration),
            self.memory.mb(),
        );
        if let Some(peak) = self.peak_mb() {
            let _ = write!(line, "Max Memory Used: {peak} MB\t");
        }
        if let Some(init) = self.init {
            let _ = write!(line, "Init Duration: {} ms\t", millis(init));
        }
        line.push_str(&status(&self.status));
        line.push('\n');
        line
    }
}

/// The line about an initialisation that did not succeed.
pub(crate) fn init_report(duration: u64, phase: &str, how: &Status) -> String {
    format!(
        "INIT_REPORT Init Duration: {} ms\tPhase: {phase}\t{}\n",
        millis(duration),
        status(how)
    )
}

fn status(status: &Status) -> String {
    match status {
        Status::Success => String::new(),
        Status::Timeout => "Status: timeout".to_owned(),
        Status::Error(kind) => format!("Status: error\tError Type: {kind}"),
    }
}

/// Two decimals, from microseconds.
fn millis(micros: u64) -> String {
    let hundredths = (micros + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SeededIds;

    #[test]
    fn reads_as_recorded() {
        let report = Report {
            request_id: RequestId::new(&SeededIds::default()),
            duration: 3_354,
            init: Some(171_906),
            memory: MemorySize::DEFAULT,
            peak_memory_bytes: Some(35 * (1 << 20) + 1),
            status: Status::Success,
        };
        assert_eq!(
            report.line(),
            "REPORT RequestId: 00000000-0000-4000-8000-000000000001\tDuration: 3.35 ms\tBilled Duration: 176 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 171.91 ms\t\n"
        );
        let warm = Report {
            init: None,
            duration: 0,
            status: Status::Error("Runtime.OutOfMemory"),
            ..report
        };
        assert_eq!(
            warm.line(),
            "REPORT RequestId: 00000000-0000-4000-8000-000000000001\tDuration: 0.00 ms\tBilled Duration: 1 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 36 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n"
        );
        assert_eq!(
            init_report(180_000_450, "invoke", &Status::Timeout),
            "INIT_REPORT Init Duration: 180000.45 ms\tPhase: invoke\tStatus: timeout\n"
        );
    }
}
