//! `PutSubscriptionFilter`.

use crate::{
    Logs, Refusal, group, pattern::Pattern,
    service::required,
    subscription::Subscription,
};
use lambent_control_core::{documents, naming::Target, source::Source};
use lambent_log_store::LogGroupKey;
use lambent_models::logs::PutSubscriptionFilterRequest;
use lambent_store::{CommitError, Condition, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// A group has at most so many.
const MOST: usize = 2;

pub(crate) async fn put_subscription_filter(
    logs: &Logs,
    cx: &RequestContext,
    input: PutSubscriptionFilterRequest,
) -> Result<(), Refusal> {
    if input.apply_on_transformed_logs == Some(true) {
        return Err(Refusal::NotImplemented("applyOnTransformedLogs in PutSubscriptionFilter"));
    }
    if input.field_selection_criteria.is_some() || input.emit_system_fields.is_some() {
        return Err(Refusal::NotImplemented(
            "fieldSelectionCriteria and emitSystemFields in PutSubscriptionFilter",
        ));
    }
    let group = group::key(cx, required(input.log_group_name)?);
    let newest = logs.kept.newest(&group).ok_or(Refusal::GroupMissing)?;
    let name = required(input.filter_name)?;
    let pattern = input.filter_pattern.unwrap_or_default();
    Pattern::read(&pattern)?;
    let destination = required(input.destination_arn)?;
    let target = destination_function(logs, cx, &group, &destination).await?;
    let key = documents::key::<Subscription>(&cx.scope, &group.name, &name);
    let before = logs.core.load::<Subscription>(&key).await?;
    let present = logs.subscriptions(&group).await?;
    if before.is_none() && present.len() >= MOST {
        return Err(Refusal::LimitExceeded);
    }
    let subscription = Subscription {
        pattern,
        destination,
        function: target.key.ok_or_else(cannot_execute)?,
        qualifier: target.qualifier,
        role: input.role_arn,
        distribution: input.distribution,
        created: before.as_ref().map_or_else(|| logs.now(), |before| before.value.created),
        delivered: before.as_ref().map_or(newest, |before| before.value.delivered),
    };
    let unchanged = match &before {
        Some(before) => before.unchanged(),
        None => Condition::DocumentAbsent(key.clone()),
    };
    let put = documents::put(key, RevisionId::new(logs.core.ids.as_ref()), &subscription)?;
    match logs.core.store.commit(Transaction::of(put).when(unchanged)).await {
        Err(CommitError::Condition(_)) => Err(Refusal::Aborted),
        committed => {
            logs.subscriptions_changed.notify_one();
            Ok(committed?)
        }
    }
}

/// The function that a destination is, which must be there and let CloudWatch Logs call it for this group.
async fn destination_function(
    logs: &Logs,
    cx: &RequestContext,
    group: &LogGroupKey,
    destination: &str,
) -> Result<Target, Refusal> {
    if destination.split(':').nth(2) != Some("lambda") {
        return Err(Refusal::NotImplemented(
            "A subscription filter whose destination is no Lambda function",
        ));
    }
    let target = Target::read(cx, Some(destination.to_owned()), None).map_err(|_| cannot_execute())?;
    logs.core.find(&target).await?.ok_or_else(cannot_execute)?;
    let policy = logs.core.policy(&target).await?;
    let source = Source::of(&format!("{}:*", group::arn(group)));
    let regional = Source {
        service: format!("logs.{}.amazonaws.com", cx.scope.region),
        ..source.clone()
    };
    let is_let = policy.is_some_and(|policy| [source, regional].iter().any(|caller| policy.value.lets_service(caller)));
    if is_let { Ok(target) } else { Err(cannot_execute()) }
}

fn cannot_execute() -> Refusal {
    Refusal::InvalidParameter(
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your \
         function."
            .to_owned(),
    )
}
