//! `GetServiceGraph`.

use crate::{Refusal, XRayService, graph};
use lambent_models::xray::{GetServiceGraphRequest, GetServiceGraphResult};
use lambent_store::{TraceQuery, TraceTime};
use lambent_types::Timestamp;
use lambent_wire::{RequestContext, Time};

/// The graph is drawn from so many traces, the newest.
const MOST: usize = 5_000;
/// Traces that are read at a time.
const READ: usize = 500;

pub(crate) async fn get_service_graph(
    xray: &XRayService,
    cx: &RequestContext,
    input: GetServiceGraphRequest,
) -> Result<GetServiceGraphResult, Refusal> {
    let group = input.group_name.as_deref().or(input.group_arn.as_deref());
    if group.is_some_and(|group| group != "Default" && !group.ends_with(":group/Default")) {
        return Err(Refusal::NotImplemented("A group of traces"));
    }
    let time = |given: Option<Time>| given.map_or(Timestamp::default(), |Time(at)| at);
    let (from, until) = (time(input.start_time), time(input.end_time));
    if until < from {
        return Err(Refusal::Invalid("Start time must be before end time.".to_owned()));
    }
    let mut query = TraceQuery {
        scope: cx.scope.clone(),
        by: TraceTime::Began,
        from,
        until,
        after: None,
        limit: READ,
    };
    xray.keeper.settled().await;
    let mut traces = Vec::new();
    while traces.len() < MOST {
        let page = xray.list(query.clone()).await?;
        let more = page.len() == READ;
        query.after = page.last().map(|(_, cursor)| *cursor);
        traces.extend(page.into_iter().map(|(trace, _)| trace));
        if !more {
            break;
        }
    }
    Ok(GetServiceGraphResult {
        start_time: Some(Time(from)),
        end_time: Some(Time(until)),
        services: Some(graph::graph(traces.iter())),
        contains_old_group_versions: Some(false),
        next_token: None,
    })
}
