//! `PutMetricFilter`.

use crate::{Logs, Refusal, group, metric_filter::MetricFilter, service::required};
use lambent_control_core::documents;
use lambent_models::logs::PutMetricFilterRequest;
use lambent_store::{CommitError, Condition, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// A group has at most so many.
const MOST: usize = 100;

pub(crate) async fn put_metric_filter(
    logs: &Logs,
    cx: &RequestContext,
    input: PutMetricFilterRequest,
) -> Result<(), Refusal> {
    if input.apply_on_transformed_logs == Some(true) {
        return Err(Refusal::NotImplemented("applyOnTransformedLogs in PutMetricFilter"));
    }
    if input.field_selection_criteria.is_some() || input.emit_system_field_dimensions.is_some() {
        return Err(Refusal::NotImplemented(
            "fieldSelectionCriteria and emitSystemFieldDimensions in PutMetricFilter",
        ));
    }
    let group = group::key(cx, required(input.log_group_name.clone())?);
    let newest = logs.kept.newest(&group).ok_or(Refusal::GroupMissing)?;
    let key = documents::key::<MetricFilter>(&cx.scope, &group.name, &required(input.filter_name.clone())?);
    let mut filter = MetricFilter::read(input, logs.now(), newest)?;
    let before = logs.core.load::<MetricFilter>(&key).await?;
    let unchanged = match &before {
        Some(before) => {
            filter.created = before.value.created;
            before.unchanged()
        }
        None => Condition::DocumentAbsent(key.clone()),
    };
    if before.is_none() && logs.metric_filters(&cx.scope, Some(&group.name)).await?.len() >= MOST {
        return Err(Refusal::LimitExceeded);
    }
    let put = documents::put(key, RevisionId::new(logs.core.ids.as_ref()), &filter)?;
    match logs.core.store.commit(Transaction::of(put).when(unchanged)).await {
        Err(CommitError::Condition(_)) => Err(Refusal::Aborted),
        committed => {
            logs.filters_changed.notify_one();
            Ok(committed?)
        }
    }
}
