//! Tasks that move messages out of a dead-letter queue, back to where they came from or elsewhere. They go on after a restart.

use crate::{
    Queue, Refusal, Sqs,
    documents::{self, Noun, Stored},
    message::Header,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_store::{Change, CommitError, Condition, DocumentKey, Kind, ReceiveMessages, Transaction};
use lambent_types::{Message, QueueKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// So many tasks of a queue are remembered.
pub(crate) const REMEMBERED: usize = 10;
/// How long a message that is being moved is not visible to others.
const HELD: Duration = Duration::from_secs(60);

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoveTask {
    pub(crate) id: String,
    pub(crate) source: QueueKey,
    /// Where all messages go; each goes back to where it came from if there is none.
    pub(crate) destination: Option<QueueKey>,
    /// Messages a second, at most.
    pub(crate) rate: Option<u32>,
    pub(crate) status: Status,
    pub(crate) moved: u64,
    pub(crate) to_move: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Running,
    Completed,
    Cancelled,
    Failed,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

/// Why a task ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// A queue is gone.
    NoQueue,
    /// A message was sent to the dead-letter queue itself, so it came from nowhere.
    NoSource,
}

impl Failure {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoQueue => "AWS.SimpleQueueService.NonExistentQueue",
            Self::NoSource => "CouldNotDetermineMessageSource",
        }
    }
}

impl Noun for MoveTask {
    const KIND: Kind = Kind::MessageMove;
}

/// What clients name a task by.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskHandle {
    task_id: String,
    source_arn: String,
}

impl MoveTask {
    pub(crate) fn handle(&self) -> Result<String, Refusal> {
        let handle = TaskHandle {
            task_id: self.id.clone(),
            source_arn: self.source.arn(),
        };
        let text = serde_json::to_string(&handle).map_err(|error| Refusal::Internal(error.to_string()))?;
        Ok(STANDARD.encode(text))
    }
}

/// The source and the task of a handle.
pub(crate) fn read_handle(handle: &str) -> Result<(QueueKey, String), Refusal> {
    let bytes = STANDARD.decode(handle).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<TaskHandle>(&bytes).ok());
    let read = read.and_then(|read| Some((QueueKey::from_arn(&read.source_arn)?, read.task_id)));
    read.ok_or_else(|| Refusal::InvalidParameter("Value for parameter TaskHandle is invalid.".to_owned()))
}

/// The tasks that run, by what they move messages from.
#[derive(Debug, Default)]
pub(crate) struct Moves(Mutex<BTreeMap<QueueKey, CancellationToken>>);

impl Moves {
    /// Whether a task of this queue could begin; then it counts as begun.
    fn begin(&self, source: &QueueKey) -> Option<CancellationToken> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(source) {
            return None;
        }
        let token = CancellationToken::new();
        running.insert(source.clone(), token.clone());
        Some(token)
    }

    fn end(&self, source: &QueueKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }

    /// Cancels the task of this queue.
    pub(crate) fn cancel(&self, source: &QueueKey) {
        if let Some(token) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(source) {
            token.cancel();
        }
    }
}

impl Sqs {
    /// Goes on with the tasks that were running when the server ended.
    pub(crate) async fn resume_moves(&self) -> Result<(), Refusal> {
        for scope in self.store.document_scopes(Kind::MessageMove).await? {
            for task in self.list_all::<MoveTask>(&scope, None).await? {
                if task.value.status == Status::Running
                    && let Some(token) = self.moves.begin(&task.value.source)
                {
                    self.run(task.key, task.value, token);
                }
            }
        }
        Ok(())
    }

    /// Begins a task, of which a queue has one at a time.
    pub(crate) async fn begin_move(&self, task: MoveTask) -> Result<(), Refusal> {
        let token = self.moves.begin(&task.source).ok_or_else(|| {
            Refusal::InvalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                 time."
                    .to_owned(),
            )
        })?;
        let stored = self.remember(&task).await;
        match stored {
            Ok(key) => {
                self.run(key, task, token);
                Ok(())
            }
            Err(refusal) => {
                self.moves.end(&task.source);
                Err(refusal)
            }
        }
    }

    /// The tasks of a queue, the newest first.
    pub(crate) async fn moves_of(&self, source: &QueueKey) -> Result<Vec<Stored<MoveTask>>, Refusal> {
        self.list_all(&source.scope, Some(&source.name)).await
    }

    /// Stores a new task, and forgets the oldest ones.
    async fn remember(&self, task: &MoveTask) -> Result<DocumentKey, Refusal> {
        let place = i64::MAX - self.place(task.started_at).number();
        let key = documents::key::<MoveTask>(&task.source.scope, &task.source.name, &format!("{place:020}"));
        let mut transaction = Transaction::of(self.put(key.clone(), task)?);
        for old in self.moves_of(&task.source).await?.into_iter().skip(REMEMBERED - 1) {
            transaction = transaction.and(Change::DeleteDocument(old.key));
        }
        self.store.commit(transaction).await?;
        Ok(key)
    }

    fn run(&self, key: DocumentKey, mut task: MoveTask, token: CancellationToken) {
        let sqs = self.clone();
        self.tasks.spawn(async move {
            if let Err(refusal) = sqs.carry_out(&key, &mut task, &token).await {
                tracing::warn!(
                    ?refusal,
                    source = task.source.arn(),
                    "a task that moves messages was broken off"
                );
            }
            sqs.moves.end(&task.source);
        });
    }

    /// Moves messages until there are none, the task is cancelled, or the server stops.
    async fn carry_out(
        &self,
        key: &DocumentKey,
        task: &mut MoveTask,
        token: &CancellationToken,
    ) -> Result<(), Refusal> {
        while task.status == Status::Running && !self.stop.is_cancelled() {
            if token.is_cancelled() {
                task.status = Status::Cancelled;
            } else {
                self.move_some(task).await?;
            }
            let transaction = Transaction::of(self.put(key.clone(), task)?);
            self.store.commit(transaction).await?;
            if let Some(rate) = task.rate {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1) / rate.max(1)) => {}
                    () = token.cancelled() => {}
                    () = self.stop.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// Moves a few messages; with a rate, one.
    async fn move_some(&self, task: &mut MoveTask) -> Result<(), Refusal> {
        let Some(source) = self.find(&task.source).await? else {
            fail(task, Failure::NoQueue);
            return Ok(());
        };
        let now = self.clock.now();
        let request = ReceiveMessages {
            queue: source.value.contents,
            ordered: source.value.is_fifo(),
            now,
            visible_at: now.plus(HELD),
            oldest: source.value.oldest(now),
            limit: task.rate.map_or(ReceiveMessages::MOST, |_| 1),
        };
        let found = self.store.receive_messages(request).await?;
        if found.is_empty() {
            task.status = Status::Completed;
        }
        for message in found {
            match self.move_one(task, &source.value, &message, now).await? {
                Ok(()) => task.moved += 1,
                Err(failure) => {
                    fail(task, failure);
                    let back = Change::SetVisibility(message.queue, message.sequence, now, now);
                    self.store.commit(Transaction::of(back)).await?;
                }
            }
        }
        Ok(())
    }

    /// Moves a message. Where it arrives it is a new one.
    async fn move_one(
        &self,
        task: &MoveTask,
        source: &Queue,
        message: &Message,
        now: Timestamp,
    ) -> Result<Result<(), Failure>, Refusal> {
        let origin = || message.dead_letter_source.as_deref().and_then(QueueKey::from_arn);
        let Some(target) = task.destination.clone().or_else(origin) else {
            return Ok(Err(Failure::NoSource));
        };
        let Some(queue) = self.find(&target).await? else {
            return Ok(Err(Failure::NoQueue));
        };
        let header = Header {
            id: self.ids.uuid().to_string(),
            sent_at: now,
            ..Header::read(message)?
        };
        let moved = Message {
            queue: queue.value.contents,
            sequence: self.place(now),
            group: message.group.clone().filter(|_| queue.value.is_fifo()),
            visible_at: now,
            receives: 0,
            first_received_at: None,
            dead_letter_source: None,
            header: header.text()?,
            body: message.body.clone(),
        };
        let transaction = Transaction::of(Change::DeleteMessage(source.contents, message.sequence, now))
            .and(Change::PutMessage(moved))
            .when(Condition::QueueOpen(queue.value.contents))
            .when(Condition::MessageReceived(
                source.contents,
                message.sequence,
                message.receives,
            ));
        match self.store.commit(transaction).await {
            Ok(()) => {
                self.ring(&target, 1);
                Ok(Ok(()))
            }
            Err(CommitError::Condition(Condition::QueueOpen(_))) => Ok(Err(Failure::NoQueue)),
            // Somebody else has it.
            Err(CommitError::Condition(_)) => Ok(Ok(())),
            Err(error) => Err(error.into()),
        }
    }
}

fn fail(task: &mut MoveTask, failure: Failure) {
    task.status = Status::Failed;
    task.failure.get_or_insert(failure);
}
