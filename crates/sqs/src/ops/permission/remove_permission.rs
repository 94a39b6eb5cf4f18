//! `RemovePermission`.

use crate::{Refusal, Sqs, address, policy};
use lambent_models::sqs::RemovePermissionRequest;
use lambent_wire::RequestContext;

pub(crate) async fn remove_permission(
    sqs: &Sqs,
    cx: &RequestContext,
    input: RemovePermissionRequest,
) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "RemovePermission").await?;
    let label = input.label.unwrap_or_default();
    sqs.change(&key, |queue| {
        queue.settings.policy = policy::without_permission(queue.settings.policy.as_ref(), &label)?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::add_permission::add_permission,
        testing::{self, context, key, url},
    };
    use lambent_models::sqs::AddPermissionRequest;

    #[tokio::test]
    async fn another_account_may_what_it_is_permitted() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let mut other = context();
        other.scope.account = "222222222222".parse().unwrap();
        let may = async |action| sqs.authorize(&other, &key("q"), action).await;
        assert_eq!(may("SendMessage").await, Err(Refusal::AccessDenied));
        let input = AddPermissionRequest {
            queue_url: url("q"),
            label: Some("friends".to_owned()),
            aws_account_ids: Some(vec!["222222222222".to_owned()]),
            actions: Some(vec!["SendMessage".to_owned()]),
        };
        add_permission(&sqs, &context(), input).await.unwrap();
        assert_eq!(may("SendMessage").await, Ok(()));
        assert_eq!(may("ReceiveMessage").await, Err(Refusal::AccessDenied));
        let input = RemovePermissionRequest {
            queue_url: url("q"),
            label: Some("friends".to_owned()),
        };
        remove_permission(&sqs, &context(), input.clone()).await.unwrap();
        assert_eq!(may("SendMessage").await, Err(Refusal::AccessDenied));
        assert!(remove_permission(&sqs, &context(), input).await.is_err());
    }
}
