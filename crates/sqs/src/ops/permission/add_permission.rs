//! `AddPermission`: a statement more in the queue's policy.

use crate::{Refusal, Sqs, address, policy};
use lambent_models::sqs::AddPermissionRequest;
use lambent_types::AccountId;
use lambent_wire::RequestContext;

/// What may be permitted.
const ACTIONS: &[&str] = &[
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];

pub(crate) async fn add_permission(
    sqs: &Sqs,
    cx: &RequestContext,
    input: AddPermissionRequest,
) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "AddPermission").await?;
    let (label, arn) = (input.label.unwrap_or_default(), key.arn());
    let accounts = input.aws_account_ids.unwrap_or_default();
    let actions = input.actions.unwrap_or_default();
    let refuse = |value: &str, name, reason: &str| Err(Refusal::InvalidValue(value.to_owned(), name, reason.to_owned()));
    if let Some(unknown) = actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
        return refuse(
            unknown,
            "ActionName",
            "Only the queue owner is allowed to invoke this action.",
        );
    }
    if let Some(wrong) = accounts.iter().find(|account| account.parse::<AccountId>().is_err()) {
        return refuse(wrong, "PrincipalId", "Unable to verify.");
    }
    sqs.change(&key, |queue| {
        let before = queue.settings.policy.as_ref();
        queue.settings.policy = Some(policy::with_permission(before, &arn, &label, &accounts, &actions)?);
        Ok(())
    })
    .await
}
