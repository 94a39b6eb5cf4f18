//! `GetTraceSummaries`.

use crate::{Refusal, XRayService, filter::Filter, summary};
use lambent_models::xray::{GetTraceSummariesRequest, GetTraceSummariesResult};
use lambent_store::{TraceCursor, TraceQuery, TraceTime};
use lambent_types::Timestamp;
use lambent_wire::{RequestContext, Time};
use std::time::Duration;

/// Summaries of a page.
const PAGE: usize = 100;
/// Traces that are looked at for one page: one whose filter finds little ends early.
const LOOK_AT: usize = 2_000;
/// Traces that are read at a time.
const READ: usize = 100;
/// "You can retrieve traces of at most six hours".
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// The newest traces first.
pub(crate) async fn get_trace_summaries(
    xray: &XRayService,
    cx: &RequestContext,
    input: GetTraceSummariesRequest,
) -> Result<GetTraceSummariesResult, Refusal> {
    let time = |given: Option<Time>| given.map_or(Timestamp::default(), |Time(at)| at);
    let (from, until) = (time(input.start_time), time(input.end_time));
    check(from, until)?;
    let filter = input.filter_expression.as_deref().filter(|text| !text.trim().is_empty());
    let filter = filter.map(Filter::read).transpose()?;
    let mut query = TraceQuery {
        scope: cx.scope.clone(),
        by: match input.time_range_type.as_deref() {
            Some("Event") => TraceTime::Updated,
            Some("Service") => TraceTime::Ended,
            _ => TraceTime::Began,
        },
        from,
        until,
        after: input.next_token.as_deref().map(cursor).transpose()?,
        limit: READ,
    };
    xray.keeper.settled().await;
    let (mut summaries, mut looked_at, mut more) = (Vec::new(), 0_usize, true);
    while more && summaries.len() < PAGE && looked_at < LOOK_AT {
        query.limit = READ.min(PAGE - summaries.len());
        let page = xray.list(query.clone()).await?;
        more = page.len() == query.limit;
        looked_at += page.len();
        query.after = page.last().map(|(_, cursor)| *cursor).or(query.after);
        let found = page.iter().filter(|(trace, _)| filter.as_ref().is_none_or(|filter| filter.fits(trace)));
        summaries.extend(found.map(|(trace, _)| summary::summary(trace)));
    }
    Ok(GetTraceSummariesResult {
        trace_summaries: Some(summaries),
        approximate_time: Some(Time(xray.clock.now())),
        traces_processed_count: i64::try_from(looked_at).ok(),
        next_token: query.after.filter(|_| more).map(|TraceCursor(time, id)| format!("{time}:{id}")),
    })
}

fn check(from: Timestamp, until: Timestamp) -> Result<(), Refusal> {
    if until < from {
        return Err(Refusal::Invalid("Start time must be before end time.".to_owned()));
    }
    if until.since(from) > LONGEST {
        return Err(Refusal::Invalid("Time range cannot be longer than 6 hours.".to_owned()));
    }
    Ok(())
}

fn cursor(token: &str) -> Result<TraceCursor, Refusal> {
    let parts = token.split_once(':').and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
    let (time, id) = parts.ok_or_else(|| Refusal::Invalid("Invalid NextToken".to_owned()))?;
    Ok(TraceCursor(time, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ops::put_trace_segments::put_trace_segments, testing};
    use lambent_models::xray::PutTraceSegmentsRequest;

    #[tokio::test]
    async fn pages_follow_each_other_until_there_are_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let (xray, cx) = (testing::service(&directory), testing::context());
        let _running = testing::running(&xray);
        let documents = (0..250).map(|number| {
            let fault = number % 50 == 0;
            format!(
                r#"{{"id":"{number:016x}","trace_id":"1-581cf771-{number:024x}","name":"n","start_time":{}.5,"end_time":2000,"fault":{fault}}}"#,
                1_000 + number
            )
        });
        let put = PutTraceSegmentsRequest {
            trace_segment_documents: Some(documents.collect()),
        };
        let answer = put_trace_segments(&xray, &cx, put).await.unwrap();
        assert_eq!(answer.unprocessed_trace_segments, Some(Vec::new()));
        let at = |seconds: i64| Some(Time(Timestamp::from_micros(seconds * 1_000_000)));
        let mut request = GetTraceSummariesRequest {
            start_time: at(1_000),
            end_time: at(3_000),
            ..GetTraceSummariesRequest::default()
        };
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = get_trace_summaries(&xray, &cx, request.clone()).await.unwrap();
            found.extend(page.trace_summaries.unwrap().into_iter().filter_map(|summary| summary.id));
            pages += 1;
            request.next_token = page.next_token;
            if request.next_token.is_none() {
                break;
            }
        }
        assert_eq!((found.len(), pages), (250, 3));
        assert_eq!(found[0], format!("1-581cf771-{:024x}", 249));
        request.filter_expression = Some("fault".to_owned());
        let faults = get_trace_summaries(&xray, &cx, request.clone()).await.unwrap();
        assert_eq!((faults.trace_summaries.unwrap().len(), faults.next_token), (5, None));
        request.time_range_type = Some("Service".to_owned());
        request.end_time = at(1_999);
        let ended = get_trace_summaries(&xray, &cx, request.clone()).await.unwrap();
        assert_eq!(ended.trace_summaries.unwrap().len(), 0);
        for wrong in [
            GetTraceSummariesRequest { filter_expression: Some("colour".to_owned()), ..request.clone() },
            GetTraceSummariesRequest { next_token: Some("x".to_owned()), ..request.clone() },
            GetTraceSummariesRequest { end_time: at(1), ..request.clone() },
            GetTraceSummariesRequest { end_time: at(100_000), ..request },
        ] {
            assert!(matches!(get_trace_summaries(&xray, &cx, wrong).await, Err(Refusal::Invalid(_))));
        }
    }
}
