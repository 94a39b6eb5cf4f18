//! `CancelMessageMoveTask`. What was moved stays where it is.

use crate::{
    Refusal, Sqs,
    move_task::{Status, read_handle},
    ops::start_message_move_task::source,
};
use lambent_models::sqs::{CancelMessageMoveTaskRequest, CancelMessageMoveTaskResult};
use lambent_wire::RequestContext;

pub(crate) async fn cancel_message_move_task(
    sqs: &Sqs,
    cx: &RequestContext,
    input: CancelMessageMoveTaskRequest,
) -> Result<CancelMessageMoveTaskResult, Refusal> {
    let (key, id) = read_handle(&input.task_handle.unwrap_or_default())?;
    source(sqs, cx, Some(&key.arn())).await?;
    let tasks = sqs.moves_of(&key).await?;
    let task = tasks.into_iter().find(|task| task.value.id == id);
    let task = task.ok_or(Refusal::NotFound("Task does not exist."))?.value;
    if task.status != Status::Running {
        let text = "Only active tasks can be cancelled.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    sqs.moves.cancel(&key);
    Ok(CancelMessageMoveTaskResult {
        approximate_number_of_messages_moved: i64::try_from(task.moved).ok(),
    })
}
