//! `GetQueueUrl`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::{GetQueueUrlRequest, GetQueueUrlResult};
use lambent_types::{QueueKey, Scope};
use lambent_wire::RequestContext;

pub(crate) async fn get_queue_url(
    sqs: &Sqs,
    cx: &RequestContext,
    input: GetQueueUrlRequest,
) -> Result<GetQueueUrlResult, Refusal> {
    let mut scope: Scope = cx.scope.clone();
    if let Some(owner) = input.queue_owner_aws_account_id {
        scope.account = owner.parse().map_err(|_| Refusal::NoQueue)?;
    }
    let name = input.queue_name.unwrap_or_default();
    let key = QueueKey { scope, name };
    sqs.queue(&key).await?;
    sqs.authorize(cx, &key, "GetQueueUrl").await?;
    Ok(GetQueueUrlResult {
        queue_url: Some(address::url(cx, &key)),
    })
}
