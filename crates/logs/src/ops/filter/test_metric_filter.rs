//! `TestMetricFilter`.

use crate::{Logs, Refusal, pattern::Pattern, tags};
use lambent_models::logs::{MetricFilterMatchRecord, TestMetricFilterRequest, TestMetricFilterResponse};
use lambent_wire::RequestContext;

pub(crate) async fn test_metric_filter(
    _logs: &Logs,
    _cx: &RequestContext,
    input: TestMetricFilterRequest,
) -> Result<TestMetricFilterResponse, Refusal> {
    let pattern = Pattern::read(&input.filter_pattern.unwrap_or_default())?;
    let messages = input.log_event_messages.unwrap_or_default().into_iter();
    let matches = messages.zip(1..).filter_map(|(message, number)| {
        let extracted = pattern.extract(&message)?;
        Some(MetricFilterMatchRecord {
            event_number: Some(number),
            event_message: Some(message),
            extracted_values: Some(tags::shown(extracted)),
        })
    });
    Ok(TestMetricFilterResponse {
        matches: Some(matches.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Served, context};

    #[tokio::test]
    async fn tells_which_match_and_what_they_have() {
        let input = TestMetricFilterRequest {
            filter_pattern: Some("[level=ERROR, code]".to_owned()),
            log_event_messages: Some(vec!["INFO 1".to_owned(), "ERROR 42".to_owned()]),
        };
        let answer = test_metric_filter(&Served::new().logs, &context(), input).await.unwrap();
        let matches = answer.matches.unwrap();
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0].event_number, Some(2));
        let extracted = matches[0].extracted_values.as_ref().unwrap();
        assert_eq!(extracted.iter().count(), 2);
    }
}
