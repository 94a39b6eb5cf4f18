//! `StartMessageMoveTask`.

use crate::{
    Refusal, Sqs,
    move_task::{MoveTask, Status},
};
use lambent_models::sqs::{StartMessageMoveTaskRequest, StartMessageMoveTaskResult};
use lambent_types::QueueKey;
use lambent_wire::RequestContext;

/// What AWS says of an ARN that names no queue.
const NO_SOURCE: &str = "The resource that you specified for the SourceArn parameter doesn't exist.";
const NO_DESTINATION: &str = "The resource that you specified for the DestinationArn parameter doesn't exist.";
/// The highest rate, in messages a second.
const FASTEST: u32 = 500;

pub(crate) async fn start_message_move_task(
    sqs: &Sqs,
    cx: &RequestContext,
    input: StartMessageMoveTaskRequest,
) -> Result<StartMessageMoveTaskResult, Refusal> {
    let source = source(sqs, cx, input.source_arn.as_deref()).await?;
    if sqs.sources(&source).await?.is_empty() {
        let text = "Source queue must be configured as a Dead Letter Queue.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    let destination = match input.destination_arn {
        Some(arn) => {
            let key = parsed(&arn, "DestinationArn")?;
            sqs.find(&key).await?.ok_or(Refusal::NotFound(NO_DESTINATION))?;
            Some(key)
        }
        None => None,
    };
    let rate = input.max_number_of_messages_per_second.map(|given| {
        let rate = u32::try_from(given).ok().filter(|rate| (1..=FASTEST).contains(rate));
        let reason = format!("Must be between 1 and {FASTEST}, if provided.");
        rate.ok_or_else(|| Refusal::InvalidValue(given.to_string(), "MaxNumberOfMessagesPerSecond", reason))
    });
    let now = sqs.clock.now();
    let counts = sqs.store.message_counts(sqs.queue(&source).await?.contents, now).await?;
    let task = MoveTask {
        id: sqs.ids.uuid().to_string(),
        source,
        destination,
        rate: rate.transpose()?,
        status: Status::Running,
        moved: 0,
        to_move: counts.waiting + counts.in_flight + counts.delayed,
        started_at: now,
        failure: None,
    };
    let handle = task.handle()?;
    sqs.begin_move(task).await?;
    Ok(StartMessageMoveTaskResult {
        task_handle: Some(handle),
    })
}

/// The queue of a `SourceArn`, which must be there and the caller's own.
pub(crate) async fn source(sqs: &Sqs, cx: &RequestContext, arn: Option<&str>) -> Result<QueueKey, Refusal> {
    let key = parsed(arn.unwrap_or_default(), "SourceArn")?;
    if key.scope != cx.scope || sqs.find(&key).await?.is_none() {
        return Err(Refusal::NotFound(NO_SOURCE));
    }
    Ok(key)
}

fn parsed(arn: &str, name: &str) -> Result<QueueKey, Refusal> {
    QueueKey::from_arn(arn).ok_or_else(|| {
        Refusal::InvalidParameter(format!(
            "You must use this format to specify the {name}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Receive,
        ops::{
            cancel_message_move_task::cancel_message_move_task, list_message_move_tasks::list_message_move_tasks,
        },
        testing::{self, context, key, received, text},
    };
    use lambent_models::sqs::{
        CancelMessageMoveTaskRequest, ListMessageMoveTasksRequest, ListMessageMoveTasksResultEntry,
    };
    use std::time::Duration;

    fn request(rate: Option<i64>) -> StartMessageMoveTaskRequest {
        StartMessageMoveTaskRequest {
            source_arn: Some(key("dead").arn()),
            destination_arn: None,
            max_number_of_messages_per_second: rate,
        }
    }

    /// Queues of which one has a dead letter of the other.
    async fn dead_letters(sqs: &Sqs, clock: &lambent_types::ManualClock, count: usize) {
        testing::queue(sqs, "dead", &[]).await;
        let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}", key("dead").arn());
        testing::queue(sqs, "q", &[("RedrivePolicy", &policy)]).await;
        for index in 0..count {
            sqs.send(&key("q"), &text(&index.to_string())).await.unwrap();
        }
        received(sqs, "q").await;
        clock.advance(Duration::from_secs(60));
        assert!(received(sqs, "q").await.is_empty());
    }

    async fn newest(sqs: &Sqs) -> ListMessageMoveTasksResultEntry {
        let input = ListMessageMoveTasksRequest {
            source_arn: Some(key("dead").arn()),
            max_results: None,
        };
        list_message_move_tasks(sqs, &context(), input).await.unwrap().results.unwrap().remove(0)
    }

    async fn until(sqs: &Sqs, status: &str) -> ListMessageMoveTasksResultEntry {
        loop {
            let task = newest(sqs).await;
            if task.status.as_deref() == Some(status) {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn dead_letters_go_back_to_where_they_came_from() {
        let (sqs, clock) = testing::service().await;
        dead_letters(&sqs, &clock, 3).await;
        start_message_move_task(&sqs, &context(), request(None)).await.unwrap();
        let done = until(&sqs, "COMPLETED").await;
        assert_eq!((done.approximate_number_of_messages_moved, done.task_handle), (Some(3), None));
        let found = sqs.receive(&key("q"), &Receive::default()).await.unwrap().remove(0);
        assert_eq!(found.system["ApproximateReceiveCount"], "1");
        assert!(!found.system.contains_key("DeadLetterQueueSourceArn"));
        sqs.send(&key("dead"), &text("sent here")).await.unwrap();
        start_message_move_task(&sqs, &context(), request(None)).await.unwrap();
        let failed = until(&sqs, "FAILED").await;
        assert_eq!(failed.failure_reason.as_deref(), Some("CouldNotDetermineMessageSource"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_is_cancelled_and_alone() {
        let (sqs, clock) = testing::service().await;
        dead_letters(&sqs, &clock, 5).await;
        let handle = start_message_move_task(&sqs, &context(), request(Some(1))).await.unwrap().task_handle;
        assert!(start_message_move_task(&sqs, &context(), request(None)).await.is_err());
        assert_eq!(newest(&sqs).await.task_handle, handle);
        let input = CancelMessageMoveTaskRequest { task_handle: handle };
        cancel_message_move_task(&sqs, &context(), input.clone()).await.unwrap();
        let cancelled = until(&sqs, "CANCELLED").await;
        assert!(cancelled.approximate_number_of_messages_moved < Some(5));
        assert!(cancel_message_move_task(&sqs, &context(), input).await.is_err());
    }

    #[tokio::test]
    async fn only_dead_letter_queues_have_tasks() {
        let (sqs, _) = testing::service().await;
        let refused = async |input| start_message_move_task(&sqs, &context(), input).await.unwrap_err();
        assert_eq!(refused(request(None)).await, Refusal::NotFound(NO_SOURCE));
        testing::queue(&sqs, "dead", &[]).await;
        assert!(matches!(refused(request(None)).await, Refusal::InvalidParameter(_)));
    }
}
