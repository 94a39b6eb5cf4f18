//! `DescribeLogStreams`.

use crate::{Logs, Refusal, group, service::moment, token};
use lambent_control_core::documents::page_size;
use lambent_log_store::{LogGroupKey, Stream};
use lambent_models::logs::{DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream};
use lambent_wire::RequestContext;
use std::cmp::Ordering;

/// Streams on a page, unless fewer are asked for.
const PAGE: usize = 50;
/// Nobody has to send it any more; clients from when one had to want to find one.
const SEQUENCE_TOKEN: &str = "49039859593423842374293847293847293847239847239847239847";

/// What streams are ordered by. Among those of the same time the name decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    time: u64,
    name: String,
}

impl Place {
    fn of(stream: &Stream, by_time: bool) -> Self {
        Self {
            time: stream.last_event.filter(|_| by_time).unwrap_or(0),
            name: stream.name.to_string(),
        }
    }

    fn read(token: &str) -> Result<Self, Refusal> {
        let [time, name] = token::read_of_list(token)?;
        let time = time.parse();
        let time = time.map_err(|_| Refusal::InvalidParameter("The specified nextToken is invalid.".to_owned()))?;
        Ok(Self { time, name })
    }

    fn token(&self) -> String {
        token::of_list(&[&self.time.to_string(), &self.name])
    }
}

pub(crate) async fn describe_log_streams(
    logs: &Logs,
    cx: &RequestContext,
    input: DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, Refusal> {
    let key = group::named(cx, input.log_group_name, input.log_group_identifier)?;
    let by_time = input.order_by.as_deref() == Some("LastEventTime");
    if by_time && input.log_stream_name_prefix.is_some() {
        let text = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    let descending = input.descending == Some(true);
    let after = input.next_token.as_deref().map(Place::read).transpose()?;
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let order = |a: &Place, b: &Place| if descending { b.cmp(a) } else { a.cmp(b) };
    let mut found: Vec<(Place, Stream)> = logs
        .kept
        .streams(&key)
        .await?
        .into_iter()
        .filter(|stream| stream.name.starts_with(&prefix))
        .map(|stream| (Place::of(&stream, by_time), stream))
        .filter(|(place, _)| after.as_ref().is_none_or(|after| order(place, after) == Ordering::Greater))
        .collect();
    found.sort_by(|(a, _), (b, _)| order(a, b));
    let more = found.len() > page_size(input.limit, PAGE);
    found.truncate(page_size(input.limit, PAGE));
    let last = found.last().filter(|_| more);
    Ok(DescribeLogStreamsResponse {
        next_token: last.map(|(place, _)| place.token()),
        log_streams: Some(found.iter().map(|(_, stream)| show(&key, stream)).collect()),
    })
}

fn show(key: &LogGroupKey, stream: &Stream) -> LogStream {
    LogStream {
        log_stream_name: Some(stream.name.to_string()),
        creation_time: Some(moment(stream.created)),
        first_event_timestamp: stream.first_event.map(moment),
        last_event_timestamp: stream.last_event.map(moment),
        last_ingestion_time: stream.last_ingestion.map(moment),
        upload_sequence_token: Some(SEQUENCE_TOKEN.to_owned()),
        arn: Some(format!("{}:log-stream:{}", group::arn(key), stream.name)),
        // AWS has not counted them since 2019.
        stored_bytes: Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context};

    async fn names(served: &Served, mut input: DescribeLogStreamsRequest) -> Vec<String> {
        let mut names = Vec::new();
        input.log_group_name = Some("/g".to_owned());
        input.limit = Some(2);
        loop {
            let page = describe_log_streams(&served.logs, &context(), input.clone()).await.unwrap();
            names.extend(page.log_streams.unwrap().into_iter().filter_map(|stream| stream.log_stream_name));
            match page.next_token {
                Some(token) => input.next_token = Some(token),
                None => return names,
            }
        }
    }

    #[tokio::test]
    async fn streams_come_by_name_or_by_time() {
        let served = Served::with_group("/g").await;
        for (name, millis) in [("b", 3), ("a", 1), ("c", 2)] {
            served.put("/g", name, &[(NOW + millis, "x")]).await;
        }
        served.put("/g", "empty", &[]).await;
        let by = |by: &str, descending| DescribeLogStreamsRequest {
            order_by: Some(by.to_owned()),
            descending: Some(descending),
            ..DescribeLogStreamsRequest::default()
        };
        assert_eq!(names(&served, by("LogStreamName", false)).await, ["a", "b", "c", "empty"]);
        assert_eq!(names(&served, by("LogStreamName", true)).await, ["empty", "c", "b", "a"]);
        assert_eq!(names(&served, by("LastEventTime", true)).await, ["b", "c", "a", "empty"]);
        let prefix = DescribeLogStreamsRequest {
            log_stream_name_prefix: Some("e".to_owned()),
            ..DescribeLogStreamsRequest::default()
        };
        assert_eq!(names(&served, prefix).await, ["empty"]);
    }
}
