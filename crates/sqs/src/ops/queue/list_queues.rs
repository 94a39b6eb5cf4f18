//! `ListQueues`.

use crate::{Queue, Refusal, Sqs, address};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_models::sqs::{ListQueuesRequest, ListQueuesResult};
use lambent_types::QueueKey;
use lambent_wire::RequestContext;

/// The most queues on a page, and in an answer without pages.
pub(crate) const MOST: usize = 1_000;

pub(crate) async fn list_queues(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ListQueuesRequest,
) -> Result<ListQueuesResult, Refusal> {
    let limit = page_size(input.max_results)?;
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let after = input.next_token.as_deref().map(read_token).transpose()?;
    let mut names = Vec::new();
    let queues = sqs.list_all::<Queue>(&cx.scope, None).await?;
    names.extend(queues.into_iter().map(|queue| queue.key.id));
    names.retain(|name| name.starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after));
    let more = names.len() > limit;
    names.truncate(limit);
    // Without MaxResults there are no pages.
    let next_token = names.last().filter(|_| more && input.max_results.is_some()).map(|last| STANDARD.encode(last));
    let scope = &cx.scope;
    let urls = names.into_iter().map(|name| {
        let scope = scope.clone();
        address::url(cx, &QueueKey { scope, name })
    });
    let urls: Vec<String> = urls.collect();
    Ok(ListQueuesResult {
        queue_urls: Some(urls).filter(|urls| !urls.is_empty()),
        next_token,
    })
}

/// How many a page has.
pub(crate) fn page_size(asked: Option<i64>) -> Result<usize, Refusal> {
    let Some(asked) = asked else { return Ok(MOST) };
    let size = usize::try_from(asked).ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| {
        let reason = format!("MaxResults must be an integer between 1 and {MOST}.");
        Refusal::InvalidValue(asked.to_string(), "MaxResults", reason)
    })
}

/// The name that a page ended with.
pub(crate) fn read_token(token: &str) -> Result<String, Refusal> {
    let name = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| {
        Refusal::InvalidValue(token.to_owned(), "NextToken", "The token is not one that was given.".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, context, url};

    #[tokio::test]
    async fn pages_follow_each_other() {
        let (sqs, _) = testing::service().await;
        for name in ["b", "a1", "a2", "a3"] {
            testing::queue(&sqs, name, &[]).await;
        }
        let list = async |max_results, next_token| {
            let input = ListQueuesRequest {
                queue_name_prefix: Some("a".to_owned()),
                max_results,
                next_token,
            };
            list_queues(&sqs, &context(), input).await.unwrap()
        };
        let first = list(Some(2), None).await;
        assert_eq!(first.queue_urls.unwrap(), [url("a1").unwrap(), url("a2").unwrap()]);
        let second = list(Some(2), first.next_token).await;
        assert_eq!((second.queue_urls.unwrap().len(), second.next_token), (1, None));
        assert_eq!(list(None, None).await.queue_urls.unwrap().len(), 3);
    }
}
