//! `PurgeQueue`: all messages are out of reach at once.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::PurgeQueueRequest;
use lambent_wire::RequestContext;

pub(crate) async fn purge_queue(sqs: &Sqs, cx: &RequestContext, input: PurgeQueueRequest) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "PurgeQueue").await?;
    sqs.purge(&key).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, context, key, received, text, url};
    use std::time::Duration;

    #[tokio::test]
    async fn a_purge_leaves_nothing_and_is_not_repeated_at_once() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        sqs.send(&key("q"), &text("x")).await.unwrap();
        let purge = async || purge_queue(&sqs, &context(), PurgeQueueRequest { queue_url: url("q") }).await;
        purge().await.unwrap();
        assert!(received(&sqs, "q").await.is_empty());
        assert_eq!(purge().await, Err(Refusal::PurgeInProgress("q".to_owned())));
        clock.advance(Duration::from_secs(60));
        purge().await.unwrap();
    }
}
