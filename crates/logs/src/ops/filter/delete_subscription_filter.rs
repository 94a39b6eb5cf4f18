//! `DeleteSubscriptionFilter`.

use crate::{Logs, Refusal, group, service::required, subscription::Subscription};
use lambent_control_core::documents;
use lambent_models::logs::DeleteSubscriptionFilterRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_subscription_filter(
    logs: &Logs,
    cx: &RequestContext,
    input: DeleteSubscriptionFilterRequest,
) -> Result<(), Refusal> {
    let group = group::key(cx, required(input.log_group_name)?);
    logs.must_exist(&group)?;
    let key = documents::key::<Subscription>(&cx.scope, &group.name, &required(input.filter_name)?);
    logs.core.store.document(&key).await?.ok_or(Refusal::FilterMissing)?;
    logs.core
        .store
        .commit(Transaction::of(Change::DeleteDocument(key)))
        .await?;
    logs.subscriptions_changed.notify_one();
    Ok(())
}
