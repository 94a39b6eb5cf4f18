//! Queues: found, made, changed and removed.

use crate::{
    Refusal, Sqs,
    attributes::Settings,
    documents::{self, Noun, Stored},
    policy::Caller,
};
use lambent_store::{Change, CommitError, Condition, Kind, Transaction};
use lambent_types::{QueueId, QueueKey, Sequence, Timestamp};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// A change is tried so often when others change the same.
pub(crate) const TRIES: usize = 10;
/// How long after a purge there is no other.
const PURGE_PAUSE: Duration = Duration::from_secs(60);

/// A queue as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Its present contents.
    pub(crate) contents: QueueId,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    pub(crate) purged_at: Option<Timestamp>,
    pub(crate) settings: Settings,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Noun for Queue {
    const KIND: Kind = Kind::Queue;
}

impl Queue {
    /// Whether it keeps the order of each message group.
    #[must_use]
    pub const fn is_fifo(&self) -> bool {
        self.settings.fifo.is_some()
    }

    /// How long a message is not visible once it was received, in seconds.
    #[must_use]
    pub const fn visibility_timeout(&self) -> u32 {
        self.settings.visibility_timeout
    }

    /// The first place of those messages that are kept.
    pub(crate) fn oldest(&self, now: Timestamp) -> Sequence {
        Sequence::oldest(now, Duration::from_secs(self.settings.retention_period.into()))
    }
}

impl Sqs {
    /// The queue, if there is one.
    pub(crate) async fn find(&self, key: &QueueKey) -> Result<Option<Stored<Queue>>, Refusal> {
        self.load(&documents::key::<Queue>(&key.scope, "", &key.name)).await
    }

    /// The queue of this key.
    ///
    /// # Errors
    /// [`Refusal::NoQueue`] if there is none.
    pub async fn queue(&self, key: &QueueKey) -> Result<Queue, Refusal> {
        Ok(self.find(key).await?.ok_or(Refusal::NoQueue)?.value)
    }

    /// Refuses what another account may not do.
    pub(crate) async fn authorize(&self, cx: &RequestContext, key: &QueueKey, action: &str) -> Result<(), Refusal> {
        if cx.scope.account == key.scope.account {
            return Ok(());
        }
        let queue = self.queue(key).await?;
        let lets = queue.settings.policy.as_ref();
        if lets.is_some_and(|policy| policy.lets(Caller::Account(&cx.scope.account), action)) {
            Ok(())
        } else {
            Err(Refusal::AccessDenied)
        }
    }

    /// Whether the queue's policy lets a service such as `sns.amazonaws.com` do an action such as `SendMessage` on behalf of what has
    /// this ARN.
    ///
    /// # Errors
    /// [`Refusal::NoQueue`] if there is no such queue.
    pub async fn permits(&self, key: &QueueKey, service: &str, source: &str, action: &str) -> Result<bool, Refusal> {
        let queue = self.queue(key).await?;
        let policy = queue.settings.policy.as_ref();
        Ok(policy.is_some_and(|policy| policy.lets(Caller::Service(service, source), action)))
    }

    /// Makes a queue, unless there is one with the same values of the attributes that are given.
    pub(crate) async fn create(
        &self,
        key: &QueueKey,
        attributes: &[(String, String)],
        tags: BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let mut settings = Settings::new(is_fifo(key));
        for (name, value) in attributes {
            settings.set(name, value)?;
        }
        let document = documents::key::<Queue>(&key.scope, "", &key.name);
        for _ in 0..TRIES {
            if let Some(found) = self.find(key).await? {
                return same(&found.value.settings, &settings, attributes);
            }
            if let Some((_, policy)) = attributes.iter().find(|(name, _)| name == "RedrivePolicy") {
                self.check_redrive_given(key, policy).await?;
            }
            let now = self.clock.now();
            let contents = QueueId::at(self.place(now));
            let queue = Queue {
                contents,
                created_at: now,
                modified_at: now,
                purged_at: None,
                settings: settings.clone(),
                tags: tags.clone(),
            };
            let transaction = Transaction::of(self.put(document.clone(), &queue)?)
                .and(Change::OpenQueue(contents))
                .when(Condition::DocumentAbsent(document.clone()));
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => {}
                committed => return Ok(committed?),
            }
        }
        Err(busy())
    }

    async fn check_redrive_given(&self, key: &QueueKey, policy: &str) -> Result<(), Refusal> {
        if policy.is_empty() {
            Ok(())
        } else {
            self.check_redrive(key, policy).await
        }
    }

    /// Changes a queue.
    pub(crate) async fn change(
        &self,
        key: &QueueKey,
        change: impl Fn(&mut Queue) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let found = self.find(key).await?.ok_or(Refusal::NoQueue)?;
            let mut queue = found.value.clone();
            change(&mut queue)?;
            let transaction = Transaction::of(self.put(found.key.clone(), &queue)?).when(found.unchanged());
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => {}
                committed => return Ok(committed?),
            }
        }
        Err(busy())
    }

    /// Sets attributes.
    pub(crate) async fn set_attributes(&self, key: &QueueKey, attributes: &[(String, String)]) -> Result<(), Refusal> {
        self.queue(key).await?;
        if let Some((_, policy)) = attributes.iter().find(|(name, _)| name == "RedrivePolicy") {
            self.check_redrive_given(key, policy).await?;
        }
        let now = self.clock.now();
        self.change(key, |queue| {
            queue.modified_at = now;
            attributes
                .iter()
                .try_for_each(|(name, value)| queue.settings.set(name, value))
        })
        .await
    }

    /// Removes a queue with its messages.
    pub(crate) async fn delete_queue(&self, key: &QueueKey) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let found = self.find(key).await?.ok_or(Refusal::NoQueue)?;
            let transaction = Transaction::of(Change::DeleteDocument(found.key.clone()))
                .and(Change::DropQueue(found.value.contents))
                .when(found.unchanged());
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => {}
                committed => {
                    committed?;
                    self.left(found.value.contents);
                    self.bells.remove(key);
                    return Ok(());
                }
            }
        }
        Err(busy())
    }

    /// Removes all messages of a queue: its contents end, and empty ones begin.
    pub(crate) async fn purge(&self, key: &QueueKey) -> Result<(), Refusal> {
        let now = self.clock.now();
        for _ in 0..TRIES {
            let found = self.find(key).await?.ok_or(Refusal::NoQueue)?;
            if found
                .value
                .purged_at
                .is_some_and(|purged_at| now.since(purged_at) < PURGE_PAUSE)
            {
                return Err(Refusal::PurgeInProgress(key.name.clone()));
            }
            let contents = QueueId::at(self.place(now));
            let queue = Queue {
                contents,
                purged_at: Some(now),
                ..found.value.clone()
            };
            let transaction = Transaction::of(self.put(found.key.clone(), &queue)?)
                .and(Change::DropQueue(found.value.contents))
                .and(Change::OpenQueue(contents))
                .when(found.unchanged());
            match self.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => {}
                committed => {
                    committed?;
                    self.left(found.value.contents);
                    return Ok(());
                }
            }
        }
        Err(busy())
    }
}

/// Too many change the same at the same time.
pub(crate) fn busy() -> Refusal {
    Refusal::Internal("others kept changing the queue".to_owned())
}

/// A name tells what the queue is.
pub(crate) fn is_fifo(key: &QueueKey) -> bool {
    key.name.ends_with(".fifo")
}

/// Refuses a queue that exists with another value of a given attribute.
fn same(there: &Settings, wanted: &Settings, given: &[(String, String)]) -> Result<(), Refusal> {
    let differs = |(name, _): &&(String, String)| there.one(name) != wanted.one(name);
    match given.iter().find(differs) {
        Some((name, _)) => Err(Refusal::QueueExists(name.clone())),
        None => Ok(()),
    }
}
