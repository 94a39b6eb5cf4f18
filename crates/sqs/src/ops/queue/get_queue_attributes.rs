//! `GetQueueAttributes`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::{GetQueueAttributesRequest, GetQueueAttributesResult};
use lambent_wire::RequestContext;

/// What can be asked for and is not in every queue's answer.
const OPTIONAL: &[&str] = &[
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

pub(crate) async fn get_queue_attributes(
    sqs: &Sqs,
    cx: &RequestContext,
    input: GetQueueAttributesRequest,
) -> Result<GetQueueAttributesResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "GetQueueAttributes").await?;
    let queue = sqs.queue(&key).await?;
    let names = input.attribute_names.unwrap_or_default();
    let counts = sqs.store.message_counts(queue.contents, sqs.clock.now()).await?;
    let seconds = |micros: i64| (micros / 1_000_000).to_string();
    let mut all = vec![
        ("QueueArn", key.arn()),
        ("ApproximateNumberOfMessages", counts.waiting.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("CreatedTimestamp", seconds(queue.created_at.as_micros())),
        ("LastModifiedTimestamp", seconds(queue.modified_at.as_micros())),
    ];
    all.extend(queue.settings.shown());
    if let Some(unknown) = names.iter().find(|name| !is_known(name, &all)) {
        return Err(Refusal::UnknownAttribute(unknown.clone()));
    }
    let everything = names.iter().any(|name| name == "All");
    all.retain(|(name, _)| everything || names.iter().any(|wanted| wanted == name));
    Ok(GetQueueAttributesResult {
        attributes: Some(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
    })
}

fn is_known(name: &str, shown: &[(&'static str, String)]) -> bool {
    name == "All" || OPTIONAL.contains(&name) || shown.iter().any(|(shown, _)| *shown == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::Settings;
    use crate::testing::{self, context, key, text, url};

    #[tokio::test]
    async fn what_is_asked_for_is_shown() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[("DelaySeconds", "7")]).await;
        sqs.send(&key("q"), &text("x")).await.unwrap();
        let get = async |names: &[&str]| {
            let input = GetQueueAttributesRequest {
                queue_url: url("q"),
                attribute_names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            };
            let answer = get_queue_attributes(&sqs, &context(), input).await?;
            Ok(answer.attributes.unwrap_or_default().into_iter().collect::<Vec<(String, String)>>())
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(get(&["DelaySeconds", "Policy"]).await, Ok(vec![pair("DelaySeconds", "7")]));
        let all = get(&["All"]).await.unwrap();
        assert!(all.contains(&pair("ApproximateNumberOfMessagesDelayed", "1")));
        assert!(all.contains(&pair("QueueArn", &key("q").arn())));
        assert_eq!(all.len(), 6 + Settings::new(false).shown().len());
        assert_eq!(get(&[]).await, Ok(Vec::new()));
        assert_eq!(get(&["Color"]).await, Err(Refusal::UnknownAttribute("Color".to_owned())));
    }
}
