//! `DeleteMetricFilter`.

use crate::{Logs, Refusal, group, metric_filter::MetricFilter, service::required};
use lambent_control_core::documents;
use lambent_models::logs::DeleteMetricFilterRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_metric_filter(
    logs: &Logs,
    cx: &RequestContext,
    input: DeleteMetricFilterRequest,
) -> Result<(), Refusal> {
    let group = group::key(cx, required(input.log_group_name)?);
    logs.must_exist(&group)?;
    let key = documents::key::<MetricFilter>(&cx.scope, &group.name, &required(input.filter_name)?);
    logs.core.store.document(&key).await?.ok_or(Refusal::MetricFilterMissing)?;
    logs.core.store.commit(Transaction::of(Change::DeleteDocument(key))).await?;
    logs.filters_changed.notify_one();
    Ok(())
}
