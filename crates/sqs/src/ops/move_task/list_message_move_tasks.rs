//! `ListMessageMoveTasks`: the newest first.

use crate::{
    Refusal, Sqs,
    move_task::{Failure, MoveTask, REMEMBERED, Status},
    ops::start_message_move_task::source,
};
use lambent_models::sqs::{ListMessageMoveTasksRequest, ListMessageMoveTasksResult, ListMessageMoveTasksResultEntry};
use lambent_types::QueueKey;
use lambent_wire::RequestContext;

pub(crate) async fn list_message_move_tasks(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ListMessageMoveTasksRequest,
) -> Result<ListMessageMoveTasksResult, Refusal> {
    let source = source(sqs, cx, input.source_arn.as_deref()).await?;
    let asked = input.max_results.unwrap_or(1);
    let limit = usize::try_from(asked).ok().filter(|limit| (1..=REMEMBERED).contains(limit));
    let limit = limit.ok_or_else(|| {
        let reason = format!("Must be between 1 and {REMEMBERED}, if provided.");
        Refusal::InvalidValue(asked.to_string(), "MaxResults", reason)
    })?;
    let tasks = sqs.moves_of(&source).await?.into_iter().take(limit);
    let shown = tasks.map(|task| shown(&task.value)).collect::<Result<_, _>>()?;
    Ok(ListMessageMoveTasksResult { results: Some(shown) })
}

fn shown(task: &MoveTask) -> Result<ListMessageMoveTasksResultEntry, Refusal> {
    let count = |count: u64| i64::try_from(count).ok();
    let running = task.status == Status::Running;
    Ok(ListMessageMoveTasksResultEntry {
        task_handle: if running { Some(task.handle()?) } else { None },
        status: Some(task.status.as_str().to_owned()),
        source_arn: Some(task.source.arn()),
        destination_arn: task.destination.as_ref().map(QueueKey::arn),
        max_number_of_messages_per_second: task.rate.map(i64::from),
        approximate_number_of_messages_moved: count(task.moved),
        approximate_number_of_messages_to_move: count(task.to_move),
        failure_reason: task.failure.map(Failure::as_str).map(str::to_owned),
        started_timestamp: Some(task.started_at.as_millis()),
    })
}
