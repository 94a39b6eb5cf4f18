//! `FilterLogEvents`.

use crate::ops::get_log_events::{PAGE, PAGE_BYTES};
use crate::{
    Logs, Refusal, group,
    pattern::Pattern,
    service::{millis, moment},
    token,
};
use lambent_control_core::documents::page_size;
use lambent_log_store::{Direction, Event, Matcher, Position, Query, Reached, Streams};
use lambent_models::logs::{FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent};
use lambent_wire::RequestContext;

pub(crate) async fn filter_log_events(
    logs: &Logs,
    cx: &RequestContext,
    input: FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, Refusal> {
    let key = group::named(cx, input.log_group_name, input.log_group_identifier)?;
    let streams = match (input.log_stream_names, input.log_stream_name_prefix) {
        (Some(_), Some(_)) => {
            let text = "LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        (Some(names), None) => Streams::Named(names),
        (None, Some(prefix)) => Streams::Prefix(prefix),
        (None, None) => Streams::All,
    };
    let pattern = Pattern::read(&input.filter_pattern.unwrap_or_default())?;
    let forgotten = logs.settings(&key).await?.forgotten_before(logs.now());
    let from = Position::before(input.start_time.map_or(0, millis).max(forgotten));
    let to = input.end_time.map(|end| Position::before(millis(end).saturating_add(1)));
    let told = input.next_token.as_deref().map(token::read_of_group).transpose()?;
    let direction = if input.start_from_head == Some(false) {
        Direction::Backward
    } else {
        Direction::Forward
    };
    let (after, before) = match direction {
        Direction::Forward => (from.max(told.unwrap_or_default()), to),
        Direction::Backward => (from, to.into_iter().chain(told).min()),
    };
    let matcher = Matcher::new(move |message| pattern.matches(message));
    let page = logs
        .kept
        .read(Query {
            group: key,
            streams,
            after: Some(after),
            before,
            direction,
            most_events: page_size(input.limit, PAGE),
            most_bytes: PAGE_BYTES,
            matcher: Some(matcher),
        })
        .await?;
    let mut events: Vec<FilteredLogEvent> = page.events.into_iter().map(show).collect();
    if direction == Direction::Backward {
        events.reverse();
    }
    Ok(FilterLogEventsResponse {
        events: Some(events),
        // AWS tells no more of this.
        searched_log_streams: Some(Vec::new()),
        next_token: match page.reached {
            Reached::End => None,
            Reached::At(position) => Some(token::of_group(position)),
        },
    })
}

fn show(event: Event) -> FilteredLogEvent {
    FilteredLogEvent {
        log_stream_name: Some(event.stream.to_string()),
        timestamp: Some(moment(event.position.millis)),
        message: Some(String::from_utf8_lossy(&event.message).into_owned()),
        ingestion_time: Some(moment(event.ingested)),
        event_id: Some(event.position.event_id()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context, refused};

    #[tokio::test]
    async fn events_of_all_streams_come_in_order_of_time() {
        let served = Served::with_group("/g").await;
        served.put("/g", "s", &[(NOW, "ERROR 1"), (NOW + 2, "INFO"), (NOW + 4, "ERROR 3")]).await;
        served.put("/g", "t", &[(NOW + 1, "ERROR 2"), (NOW + 5, "ERROR 4")]).await;
        let mut input = FilterLogEventsRequest {
            log_group_name: Some("/g".to_owned()),
            filter_pattern: Some("ERROR".to_owned()),
            end_time: i64::try_from(NOW + 4).ok(),
            limit: Some(1),
            ..FilterLogEventsRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = filter_log_events(&served.logs, &context(), input.clone()).await.unwrap();
            found.extend(page.events.unwrap().into_iter().filter_map(|event| event.message));
            match page.next_token {
                Some(token) => input.next_token = Some(token),
                None => break,
            }
        }
        assert_eq!(found, ["ERROR 1", "ERROR 2", "ERROR 3"]);
        let wrong = FilterLogEventsRequest {
            filter_pattern: Some("{ $.a".to_owned()),
            ..input
        };
        let expected = "If a filter pattern starts with '{' it must end with '}'".to_owned();
        assert_eq!(
            refused(filter_log_events(&served.logs, &context(), wrong).await),
            ("InvalidParameterException", expected)
        );
    }
}
