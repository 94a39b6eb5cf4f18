//! `PutLogEvents`.

use crate::{
    Logs, Refusal,
    batch::{self, LeftOut},
    group,
    service::{millis, required},
};
use lambent_log_store::NewEvent;
use lambent_models::logs::{InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedLogEventsInfo};
use lambent_wire::RequestContext;

/// Nobody has to send it any more, and AWS still answers one.
const SEQUENCE_TOKEN: &str = "49039859593423842374293847293847293847239847239847239848";

pub(crate) async fn put_log_events(
    logs: &Logs,
    cx: &RequestContext,
    input: PutLogEventsRequest,
) -> Result<PutLogEventsResponse, Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let stream = required(input.log_stream_name)?;
    logs.must_exist(&key)?;
    let events = input.log_events.unwrap_or_default().into_iter().map(read).collect();
    let now = logs.now();
    let settings = logs.settings(&key).await?;
    let batch = batch::check(events, now, settings.forgotten_before(now))?;
    let embedded = logs.metrics.said(&key.scope, batch.events.iter().map(|event| event.message.as_slice()));
    logs.kept.append(&key, &stream, batch.events).await?;
    logs.metrics.take(embedded);
    Ok(PutLogEventsResponse {
        next_sequence_token: Some(SEQUENCE_TOKEN.to_owned()),
        rejected_log_events_info: show(batch.left_out),
        rejected_entity_info: None,
    })
}

fn read(event: InputLogEvent) -> NewEvent {
    NewEvent {
        millis: millis(event.timestamp.unwrap_or_default()),
        message: event.message.unwrap_or_default().into_bytes(),
    }
}

fn show(left_out: LeftOut) -> Option<RejectedLogEventsInfo> {
    let place = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    (left_out != LeftOut::default()).then(|| RejectedLogEventsInfo {
        too_new_log_event_start_index: left_out.too_new_from.map(place),
        too_old_log_event_end_index: left_out.too_old_to.map(place),
        expired_log_event_end_index: left_out.expired_to.map(place),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context, refused};

    fn input(stream: &str, moments: &[u64]) -> PutLogEventsRequest {
        let event = |moment: &u64| InputLogEvent {
            timestamp: i64::try_from(*moment).ok(),
            message: Some(format!("at {moment}")),
        };
        PutLogEventsRequest {
            log_group_name: Some("/g".to_owned()),
            log_stream_name: Some(stream.to_owned()),
            log_events: Some(moments.iter().map(event).collect()),
            ..PutLogEventsRequest::default()
        }
    }

    #[tokio::test]
    async fn what_is_left_out_is_told() {
        let served = Served::with_group("/g").await;
        served.put("/g", "s", &[]).await;
        let future = NOW + 3 * 3_600_000;
        let answer = put_log_events(&served.logs, &context(), input("s", &[NOW, future])).await.unwrap();
        let rejected = answer.rejected_log_events_info.unwrap();
        assert_eq!(rejected.too_new_log_event_start_index, Some(1));
        let read = served.texts("/g").await;
        assert_eq!(read, [format!("at {NOW}")]);
    }

    #[tokio::test]
    async fn the_stream_must_be_there() {
        let served = Served::with_group("/g").await;
        let expected = ("ResourceNotFoundException", "The specified log stream does not exist.".to_owned());
        assert_eq!(refused(put_log_events(&served.logs, &context(), input("s", &[NOW])).await), expected);
    }
}
