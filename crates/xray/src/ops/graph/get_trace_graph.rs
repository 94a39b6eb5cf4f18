//! `GetTraceGraph`.

use crate::{Refusal, XRayService, graph};
use lambent_models::xray::{GetTraceGraphRequest, GetTraceGraphResult};
use lambent_types::TraceId;
use lambent_wire::RequestContext;

/// Traces of one graph.
const MOST: usize = 100;

pub(crate) async fn get_trace_graph(
    xray: &XRayService,
    cx: &RequestContext,
    input: GetTraceGraphRequest,
) -> Result<GetTraceGraphResult, Refusal> {
    let named = input.trace_ids.unwrap_or_default();
    if named.len() > MOST {
        return Err(Refusal::Invalid(format!("At most {MOST} traces can be requested at once.")));
    }
    let read = |text: &String| text.parse::<TraceId>().map_err(|_| Refusal::Invalid("Invalid trace id".to_owned()));
    let ids = named.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let traces = xray.traces(&cx.scope, &ids).await?;
    Ok(GetTraceGraphResult {
        services: Some(graph::graph(traces.iter())),
        next_token: None,
    })
}
