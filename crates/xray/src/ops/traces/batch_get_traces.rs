//! `BatchGetTraces`.

use crate::{Refusal, XRayService, assemble::Trace};
use lambent_models::xray::{self, BatchGetTracesRequest, BatchGetTracesResult, Segment};
use lambent_types::TraceId;
use lambent_wire::RequestContext;

/// AWS's own page is of five traces.
const MOST: usize = 5;

pub(crate) async fn batch_get_traces(
    xray: &XRayService,
    cx: &RequestContext,
    input: BatchGetTracesRequest,
) -> Result<BatchGetTracesResult, Refusal> {
    let named = input.trace_ids.unwrap_or_default();
    if named.len() > MOST {
        return Err(Refusal::Invalid(format!("At most {MOST} traces can be requested at once.")));
    }
    let read = |text: &String| text.parse::<TraceId>().map_err(|_| Refusal::Invalid("Invalid trace id".to_owned()));
    let ids = named.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let found = xray.traces(&cx.scope, &ids).await?;
    let absent = ids.iter().filter(|id| !found.iter().any(|trace| trace.id == id.as_str()));
    Ok(BatchGetTracesResult {
        unprocessed_trace_ids: Some(absent.map(ToString::to_string).collect()),
        traces: Some(found.into_iter().map(shown).collect::<Result<_, _>>()?),
        next_token: None,
    })
}

fn shown(trace: Trace) -> Result<xray::Trace, Refusal> {
    let segments = trace.segments.iter().map(|segment| {
        let document = serde_json::to_string(segment).map_err(|error| Refusal::Internal(error.to_string()))?;
        Ok(Segment {
            id: Some(segment.id.clone()),
            document: Some(document),
        })
    });
    Ok(xray::Trace {
        duration: Some(trace.duration()),
        limit_exceeded: Some(trace.overfull),
        segments: Some(segments.collect::<Result<_, Refusal>>()?),
        id: Some(trace.id),
    })
}
