//! `RemovePermission`.

use crate::{Refusal, Sns, ops::add_permission::Policy};
use lambent_models::sns::RemovePermissionInput;
use lambent_wire::RequestContext;

pub(crate) async fn remove_permission(
    sns: &Sns,
    cx: &RequestContext,
    input: RemovePermissionInput,
) -> Result<(), Refusal> {
    let (key, _) = sns.topic(cx, input.topic_arn, "RemovePermission").await?;
    let label = input.label.unwrap_or_default();
    sns.change_topic(&key, |topic| {
        let mut policy = Policy::read(&topic.policy(&key))?;
        policy.remove(&label);
        policy.store(topic)
    })
    .await
}
