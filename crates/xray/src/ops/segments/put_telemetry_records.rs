//! `PutTelemetryRecords`.

use crate::{Refusal, XRayService};
use lambent_models::xray::PutTelemetryRecordsRequest;
use lambent_wire::RequestContext;

/// How a daemon does, which AWS takes note of for itself: no operation reads it.
pub(crate) async fn put_telemetry_records(
    _: &XRayService,
    _: &RequestContext,
    input: PutTelemetryRecordsRequest,
) -> Result<(), Refusal> {
    tracing::debug!(records = input.telemetry_records.map_or(0, |records| records.len()), "an X-Ray daemon tells how it does");
    Ok(())
}
