//! `TagQueue`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::TagQueueRequest;
use lambent_wire::RequestContext;

/// A queue has at most so many tags.
const MOST: usize = 50;

pub(crate) async fn tag_queue(sqs: &Sqs, cx: &RequestContext, input: TagQueueRequest) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "TagQueue").await?;
    let tags: Vec<(String, String)> = input.tags.unwrap_or_default().into_iter().collect();
    sqs.change(&key, |queue| {
        queue.tags.extend(tags.iter().cloned());
        if queue.tags.len() > MOST {
            return Err(Refusal::InvalidParameter(format!("Too many tags added for queue {}.", key.name)));
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{list_queue_tags::list_queue_tags, untag_queue::untag_queue},
        testing::{self, context, url},
    };
    use lambent_models::sqs::{ListQueueTagsRequest, UntagQueueRequest};

    #[tokio::test]
    async fn tags_come_and_go() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let tags = [("a", "1"), ("b", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let input = TagQueueRequest {
            queue_url: url("q"),
            tags: Some(tags.into_iter().collect()),
        };
        tag_queue(&sqs, &context(), input).await.unwrap();
        let input = UntagQueueRequest {
            queue_url: url("q"),
            tag_keys: Some(vec!["a".to_owned(), "absent".to_owned()]),
        };
        untag_queue(&sqs, &context(), input).await.unwrap();
        let input = ListQueueTagsRequest { queue_url: url("q") };
        let left = list_queue_tags(&sqs, &context(), input).await.unwrap().tags.unwrap();
        assert_eq!(left.into_iter().collect::<Vec<_>>(), [("b".to_owned(), String::new())]);
    }
}
