//! `StartLiveTail`.

use crate::{
    Logs, Refusal, group,
    live_tail::{self, Chosen, View, Watched},
    pattern::Pattern,
};
use lambent_models::logs::{LiveTailSessionStart, StartLiveTailRequest};
use lambent_wire::{RequestContext, service::Events};

pub(crate) async fn start_live_tail(
    logs: &Logs,
    cx: &RequestContext,
    input: StartLiveTailRequest,
) -> Result<Events, Refusal> {
    let identifiers = input.log_group_identifiers.unwrap_or_default();
    let view = View {
        watched: identifiers
            .iter()
            .map(|identifier| watched(logs, cx, identifier))
            .collect::<Result<_, _>>()?,
        streams: chosen(input.log_stream_names.clone(), input.log_stream_name_prefixes.clone(), identifiers.len())?,
        pattern: Pattern::read(input.log_event_filter_pattern.as_deref().unwrap_or_default())?,
    };
    let seat = logs.seats.take(&cx.scope.account)?;
    let start = LiveTailSessionStart {
        request_id: Some(cx.request_id.to_string()),
        session_id: Some(logs.core.ids.uuid().to_string()),
        log_group_identifiers: Some(identifiers),
        log_stream_names: Some(input.log_stream_names.unwrap_or_default()),
        log_stream_name_prefixes: Some(input.log_stream_name_prefixes.unwrap_or_default()),
        log_event_filter_pattern: Some(input.log_event_filter_pattern.unwrap_or_default()),
    };
    Ok(live_tail::events(logs.clone(), seat, view, start))
}

/// A group, from what is newest in it on.
fn watched(logs: &Logs, cx: &RequestContext, identifier: &str) -> Result<Watched, Refusal> {
    if !identifier.starts_with("arn:") || identifier.ends_with('*') {
        return refuse("Log groups must be specified by their ARNs, which do not end with an asterisk.");
    }
    let key = group::identified(cx, identifier)?;
    let seen = logs.kept.newest(&key).ok_or(Refusal::GroupMissing)?;
    Ok(Watched { key, seen })
}

fn chosen(names: Option<Vec<String>>, prefixes: Option<Vec<String>>, groups: usize) -> Result<Chosen, Refusal> {
    if (names.is_some() || prefixes.is_some()) && groups > 1 {
        return refuse("LogStreamNames and LogStreamNamePrefixes can only be specified for a single log group.");
    }
    match (names, prefixes) {
        (None, None) => Ok(Chosen::All),
        (Some(names), None) => Ok(Chosen::Named(names)),
        (None, Some(prefixes)) => Ok(Chosen::Prefixes(prefixes)),
        (Some(_), Some(_)) => {
            refuse("LogStreamNamePrefixes and LogStreamNames are mutually exclusive parameters.")
        }
    }
}

fn refuse<T>(text: &str) -> Result<T, Refusal> {
    Err(Refusal::InvalidParameter(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context};
    use futures_util::StreamExt as _;
    use std::time::Duration;

    const ARN: &str = "arn:aws:logs:us-east-1:111111111111:log-group:/g";

    fn input(identifiers: &[&str]) -> StartLiveTailRequest {
        StartLiveTailRequest {
            log_group_identifiers: Some(identifiers.iter().map(|&each| each.to_owned()).collect()),
            ..StartLiveTailRequest::default()
        }
    }

    async fn next(events: &mut Events) -> String {
        String::from_utf8_lossy(&events.next().await.unwrap()).into_owned()
    }

    #[tokio::test]
    async fn what_comes_is_sent_and_what_was_there_is_not() {
        let served = Served::with_group("/g").await;
        served.put("/g", "s", &[(NOW, "ERROR before")]).await;
        let mut input = input(&[ARN]);
        input.log_event_filter_pattern = Some("ERROR".to_owned());
        input.log_stream_names = Some(vec!["s".to_owned()]);
        let mut events = start_live_tail(&served.logs, &context(), input).await.unwrap();
        served.put("/g", "s", &[(NOW, "INFO"), (NOW, "ERROR now")]).await;
        served.put("/g", "t", &[(NOW, "ERROR elsewhere")]).await;
        let start = next(&mut events).await;
        assert!(start.contains("sessionStart") && start.contains(ARN), "{start}");
        let update = next(&mut events).await;
        assert!(update.contains(r#""sessionMetadata":{"sampled":false}"#), "{update}");
        assert!(update.contains("ERROR now") && !update.contains("INFO"), "{update}");
        assert!(!update.contains("before") && !update.contains("elsewhere"), "{update}");
        let empty = next(&mut events).await;
        assert!(empty.contains(r#""sessionResults":[]"#), "{empty}");
        served.logs.closing.cancel();
        let end = next(&mut events).await;
        assert!(end.contains(":exception-type") && end.contains("SessionStreamingException"), "{end}");
        assert!(events.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_after_three_hours() {
        let served = Served::with_group("/g").await;
        let mut events = start_live_tail(&served.logs, &context(), input(&[ARN])).await.unwrap();
        assert!(next(&mut events).await.contains("sessionStart"));
        tokio::time::advance(Duration::from_secs(3 * 3_600)).await;
        assert!(next(&mut events).await.contains("SessionTimeoutException"));
        assert!(events.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_named_must_be_there_and_one() {
        let served = Served::with_group("/g").await;
        let refused = async |input| start_live_tail(&served.logs, &context(), input).await.err().unwrap();
        assert!(matches!(refused(input(&["/g"])).await, Refusal::InvalidParameter(_)));
        assert!(matches!(refused(input(&[&format!("{ARN}:*")])).await, Refusal::InvalidParameter(_)));
        assert!(matches!(refused(input(&[&format!("{ARN}x")])).await, Refusal::GroupMissing));
        let mut several = input(&[ARN, ARN]);
        several.log_stream_names = Some(vec!["s".to_owned()]);
        assert!(matches!(refused(several).await, Refusal::InvalidParameter(_)));
    }
}
