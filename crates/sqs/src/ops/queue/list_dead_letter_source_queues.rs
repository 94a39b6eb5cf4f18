//! `ListDeadLetterSourceQueues`.

use crate::{
    Queue, Refusal, Sqs, address,
    ops::list_queues::{page_size, read_token},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_models::sqs::{ListDeadLetterSourceQueuesRequest, ListDeadLetterSourceQueuesResult};
use lambent_types::QueueKey;
use lambent_wire::RequestContext;

pub(crate) async fn list_dead_letter_source_queues(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ListDeadLetterSourceQueuesRequest,
) -> Result<ListDeadLetterSourceQueuesResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "ListDeadLetterSourceQueues").await?;
    sqs.queue(&key).await?;
    let limit = page_size(input.max_results)?;
    let after = input.next_token.as_deref().map(read_token).transpose()?;
    let mut sources = sqs.sources(&key).await?;
    sources.retain(|source| after.as_ref().is_none_or(|after| source.name > *after));
    let more = sources.len() > limit;
    sources.truncate(limit);
    let last = sources.last().filter(|_| more && input.max_results.is_some());
    Ok(ListDeadLetterSourceQueuesResult {
        next_token: last.map(|last| STANDARD.encode(&last.name)),
        queue_urls: Some(sources.iter().map(|source| address::url(cx, source)).collect()),
    })
}

impl Sqs {
    /// The queues whose dead letters come into this one.
    pub(crate) async fn sources(&self, target: &QueueKey) -> Result<Vec<QueueKey>, Refusal> {
        let arn = target.arn();
        let queues = self.list_all::<Queue>(&target.scope, None).await?;
        let sources = queues.into_iter().filter(|queue| {
            let policy = queue.value.settings.redrive.as_ref();
            policy.is_some_and(|policy| policy.dead_letter_target_arn == arn)
        });
        let named = sources.map(|queue| QueueKey {
            scope: queue.key.scope,
            name: queue.key.id,
        });
        Ok(named.collect())
    }
}
