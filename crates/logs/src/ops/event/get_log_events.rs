//! `GetLogEvents`.

use crate::{
    Logs, Refusal, group,
    service::{millis, moment, required},
    token,
};
use lambent_control_core::documents::page_size;
use lambent_log_store::{Direction, Event, Position, Query, Reached, Streams};
use lambent_models::logs::{GetLogEventsRequest, GetLogEventsResponse, OutputLogEvent};
use lambent_wire::RequestContext;

/// Events on a page, unless fewer are asked for, and bytes of messages.
pub(crate) const PAGE: usize = 10_000;
pub(crate) const PAGE_BYTES: usize = 1 << 20;

pub(crate) async fn get_log_events(
    logs: &Logs,
    cx: &RequestContext,
    input: GetLogEventsRequest,
) -> Result<GetLogEventsResponse, Refusal> {
    let key = group::named(cx, input.log_group_name, input.log_group_identifier)?;
    let stream = required(input.log_stream_name)?;
    let told = input.next_token.as_deref().map(token::read_of_stream).transpose()?;
    let direction = match told {
        Some((direction, _)) => direction,
        None if input.start_from_head == Some(true) => Direction::Forward,
        None => Direction::Backward,
    };
    let forgotten = logs.settings(&key).await?.forgotten_before(logs.now());
    let from = input.start_time.map_or(0, millis).max(forgotten);
    let mut after = Position::before(from);
    let mut before = input.end_time.map(|end| Position::before(millis(end)));
    match told {
        Some((Direction::Forward, position)) => after = after.max(position),
        Some((Direction::Backward, position)) => before = Some(before.map_or(position, |before| before.min(position))),
        None => {}
    }
    let page = logs
        .kept
        .read(Query {
            group: key,
            streams: Streams::Named(vec![stream]),
            after: Some(after),
            before,
            direction,
            most_events: page_size(input.limit, PAGE),
            most_bytes: PAGE_BYTES,
            matcher: None,
        })
        .await?;
    let (back, on) = ends(&page.events, page.reached, direction, told.map_or(after, |(_, position)| position));
    Ok(GetLogEventsResponse {
        events: Some(page.events.into_iter().map(show).collect()),
        next_forward_token: Some(token::of_stream(Direction::Forward, on)),
        next_backward_token: Some(token::of_stream(Direction::Backward, back)),
    })
}

/// Where reading goes on, backward and forward. Where nothing was found it is where it began, so that a client sees by the same token that
/// it has come to the end, and finds with it what comes later.
fn ends(events: &[Event], reached: Reached, direction: Direction, began: Position) -> (Position, Position) {
    match (events.first(), events.last(), reached, direction) {
        (Some(first), Some(last), _, _) => (first.position, last.position),
        (_, _, Reached::At(position), Direction::Forward) => (began, position),
        (_, _, Reached::At(position), Direction::Backward) => (position, began),
        (_, _, Reached::End, _) => (began, began),
    }
}

fn show(event: Event) -> OutputLogEvent {
    OutputLogEvent {
        timestamp: Some(moment(event.position.millis)),
        message: Some(String::from_utf8_lossy(&event.message).into_owned()),
        ingestion_time: Some(moment(event.ingested)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context};

    fn input(token: Option<String>, head: bool) -> GetLogEventsRequest {
        GetLogEventsRequest {
            log_group_name: Some("/g".to_owned()),
            log_stream_name: Some("s".to_owned()),
            next_token: token,
            start_from_head: Some(head),
            limit: Some(2),
            ..GetLogEventsRequest::default()
        }
    }

    async fn page(served: &Served, token: Option<String>, head: bool) -> (Vec<String>, String, String) {
        let answer = get_log_events(&served.logs, &context(), input(token, head)).await.unwrap();
        let texts = answer.events.unwrap().into_iter().filter_map(|event| event.message);
        (
            texts.collect(),
            answer.next_backward_token.unwrap(),
            answer.next_forward_token.unwrap(),
        )
    }

    #[tokio::test]
    async fn tokens_go_on_while_events_come() {
        let served = Served::with_group("/g").await;
        served.put("/g", "s", &[]).await;
        let (none, _, forward) = page(&served, None, true).await;
        assert!(none.is_empty());
        let (none, _, same) = page(&served, Some(forward.clone()), true).await;
        assert!(none.is_empty() && same == forward);
        served.put("/g", "s", &[(NOW, "a"), (NOW + 1, "b"), (NOW + 1, "c"), (NOW + 2, "d")]).await;
        let (first, _, forward) = page(&served, Some(forward), true).await;
        assert_eq!(first, ["a", "b"]);
        let (second, _, forward) = page(&served, Some(forward), true).await;
        assert_eq!(second, ["c", "d"]);
        let (none, _, same) = page(&served, Some(forward.clone()), true).await;
        assert!(none.is_empty() && same == forward);
        served.put("/g", "s", &[(NOW + 2, "e")]).await;
        assert_eq!(page(&served, Some(forward), true).await.0, ["e"]);

        let (last, backward, forward) = page(&served, None, false).await;
        assert_eq!(last, ["d", "e"]);
        let (before, backward, _) = page(&served, Some(backward), false).await;
        assert_eq!(before, ["b", "c"]);
        assert_eq!(page(&served, Some(backward), false).await.0, ["a"]);
        assert!(page(&served, Some(forward), false).await.0.is_empty());
    }
}
