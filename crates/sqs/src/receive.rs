//! Receiving.

use crate::{Queue, Received, Refusal, Sqs, handle::Receipt};
use lambent_engine::queue::{MOST_IN_FLIGHT, Redrive, Verdict};
use lambent_store::{Change, CommitError, Condition, ReceiveMessages, Transaction};
use lambent_types::{Message, QueueKey, Timestamp};
use std::{pin::pin, sync::PoisonError, time::Duration};

/// A pause before the next look when a message should be there and is not: what is too old is still to be swept.
const PAUSE: Duration = Duration::from_millis(100);

/// What to receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receive {
    /// At most so many messages: 1 to 10.
    pub most: usize,
    /// Seconds for which nobody else gets them; the queue's own time if there is none.
    pub visibility_timeout: Option<u32>,
    /// Seconds to wait for a message; the queue's own time if there is none.
    pub wait: Option<u32>,
    /// `ReceiveRequestAttemptId`: by it, what a lost answer of a FIFO queue carried is given again.
    pub attempt: Option<String>,
}

impl Default for Receive {
    fn default() -> Self {
        Self {
            most: 1,
            visibility_timeout: None,
            wait: None,
            attempt: None,
        }
    }
}

impl Sqs {
    /// Receives messages, at once if there are some. Otherwise waits for one, if that is wanted.
    ///
    /// # Errors
    /// What is refused.
    pub async fn receive(&self, key: &QueueKey, ask: &Receive) -> Result<Vec<Received>, Refusal> {
        let queue = self.queue(key).await?;
        let start = self.clock.now();
        let wait = ask.wait.unwrap_or(queue.settings.receive_wait);
        if wait == 0 {
            return self.take(key, &queue, ask, true).await;
        }
        let deadline = start.plus(Duration::from_secs(wait.into()));
        let bell = self.bells.of(key);
        loop {
            let mut rung = pin!(bell.notified());
            // From here on, what is sent is heard.
            rung.as_mut().enable();
            let queue = self.queue(key).await?;
            let found = self.take(key, &queue, ask, false).await?;
            let now = self.clock.now();
            if !found.is_empty() || now >= deadline || self.stop.is_cancelled() {
                return Ok(found);
            }
            let next = self.store.next_message_visible(queue.contents).await?;
            let pause = next.map_or(deadline, |next| next.max(now.plus(PAUSE)).min(deadline));
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(pause.since(now)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Receives what is there.
    async fn take(&self, key: &QueueKey, queue: &Queue, ask: &Receive, strict: bool) -> Result<Vec<Received>, Refusal> {
        let now = self.clock.now();
        let timeout = ask.visibility_timeout.unwrap_or(queue.settings.visibility_timeout);
        let visible_at = now.plus(Duration::from_secs(timeout.into()));
        let attempt = ask.attempt.as_deref().filter(|_| queue.is_fifo());
        if let Some(again) = self.repeat(queue, attempt, visible_at, now).await? {
            return given(key, again, now);
        }
        let there = self.store.next_message_visible(queue.contents).await?;
        if there.is_none_or(|next| next > now) || !self.may_receive(queue, ask.most, now, strict).await? {
            return Ok(Vec::new());
        }
        let mut messages = Vec::new();
        while messages.is_empty() {
            let request = ReceiveMessages {
                queue: queue.contents,
                ordered: queue.is_fifo(),
                now,
                visible_at,
                oldest: queue.oldest(now),
                limit: ask.most,
            };
            let found = self.store.receive_messages(request).await?;
            if found.is_empty() {
                break;
            }
            messages = self.judge(key, queue, found, now).await?;
        }
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.received(queue.contents, messages.len());
        drop(in_flight);
        if let Some(attempt) = attempt.filter(|_| !messages.is_empty()) {
            let receipts = messages
                .iter()
                .map(|message| (message.sequence, message.receives))
                .collect();
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            attempts.note(queue.contents, attempt, now, receipts);
        }
        given(key, messages, now)
    }

    /// Whether so many more messages may be in flight. A standard queue refuses if not, unless who asks would wait anyway.
    async fn may_receive(&self, queue: &Queue, more: usize, now: Timestamp, strict: bool) -> Result<bool, Refusal> {
        let fit = || {
            let in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            in_flight.surely_fit(queue.contents, more)
        };
        if fit() {
            return Ok(true);
        }
        let counts = self.store.message_counts(queue.contents, now).await?;
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.counted(queue.contents, counts.in_flight);
        drop(in_flight);
        match counts.in_flight < MOST_IN_FLIGHT {
            false if strict && !queue.is_fifo() => Err(Refusal::OverLimit),
            fits => Ok(fits),
        }
    }

    /// Sorts out what was received too often: it goes where it can be looked at. Returns the others.
    async fn judge(
        &self,
        key: &QueueKey,
        queue: &Queue,
        found: Vec<Message>,
        now: Timestamp,
    ) -> Result<Vec<Message>, Refusal> {
        let Some(policy) = &queue.settings.redrive else {
            return Ok(found);
        };
        let too_often = |message: &Message| message.receives > policy.max_receive_count;
        let Some(target) = policy.target().filter(|_| found.iter().any(too_often)) else {
            return Ok(found);
        };
        // Without a dead-letter queue, messages stay where they are.
        let Some(dead_letters) = self.find(&target).await? else {
            return Ok(found);
        };
        let redrive = Redrive {
            maximum_receives: policy.max_receive_count,
            target: dead_letters.value.contents,
            ordered: dead_letters.value.is_fifo(),
        };
        let mut kept = Vec::new();
        for message in found {
            match redrive.after_receive(&message, &key.arn(), self.place(now), now) {
                Verdict::Deliver => kept.push(message),
                Verdict::GiveUp(moved) => {
                    let transaction = Transaction::of(Change::DeleteMessage(queue.contents, message.sequence, now))
                        .and(Change::PutMessage(moved))
                        .when(Condition::QueueOpen(redrive.target))
                        .when(Condition::MessageReceived(
                            queue.contents,
                            message.sequence,
                            message.receives,
                        ));
                    match self.store.commit(transaction).await {
                        Ok(()) => self.ring(&target, 1),
                        Err(CommitError::Condition(Condition::QueueOpen(_))) => kept.push(message),
                        Err(CommitError::Condition(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(kept)
    }

    /// What an attempt gave before, if all of it is still as it was; it is not visible for the whole timeout again.
    async fn repeat(
        &self,
        queue: &Queue,
        attempt: Option<&str>,
        visible_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Vec<Message>>, Refusal> {
        let Some(attempt) = attempt else { return Ok(None) };
        let made = {
            let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            attempts.find(queue.contents, attempt, now).map(<[_]>::to_vec)
        };
        let Some(receipts) = made else { return Ok(None) };
        let (mut messages, mut transaction) = (Vec::new(), Transaction::default());
        for (sequence, receives) in receipts {
            let found = self.store.message(queue.contents, sequence).await?;
            let Some(message) = found.filter(|message| message.receives == receives && message.visible_at > now) else {
                return Ok(None);
            };
            transaction = transaction
                .and(Change::SetVisibility(queue.contents, sequence, visible_at, now))
                .when(Condition::MessageReceived(queue.contents, sequence, receives));
            messages.push(message);
        }
        match self.store.commit(transaction).await {
            Ok(()) => Ok(Some(messages)),
            Err(CommitError::Condition(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Messages as who received them sees them.
fn given(key: &QueueKey, messages: Vec<Message>, now: Timestamp) -> Result<Vec<Received>, Refusal> {
    let given = messages.into_iter().map(|message| {
        let handle = Receipt::of(&message, now).handle(key);
        Received::new(message, handle)
    });
    given.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Outgoing,
        testing::{self, key, received, text},
    };

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn what_is_received_too_often_becomes_a_dead_letter() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "dead", &[]).await;
        let policy = format!(
            "{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":2}}",
            key("dead").arn()
        );
        testing::queue(&sqs, "q", &[("RedrivePolicy", &policy)]).await;
        sqs.send(&key("q"), &text("poison")).await.unwrap();
        for _ in 0..2 {
            assert_eq!(received(&sqs, "q").await, ["poison"]);
            clock.advance(HOUR);
        }
        sqs.send(&key("q"), &text("good")).await.unwrap();
        assert_eq!(
            received(&sqs, "q").await,
            ["good"],
            "the next message is given in the same call"
        );
        let found = sqs.receive(&key("dead"), &Receive::default()).await.unwrap().remove(0);
        assert_eq!(found.system["DeadLetterQueueSourceArn"], key("q").arn());
        assert_eq!(found.system["ApproximateReceiveCount"], "3");
        sqs.delete_queue(&key("dead")).await.unwrap();
        for _ in 0..3 {
            clock.advance(HOUR);
            assert_eq!(received(&sqs, "q").await, ["good"], "there is nowhere to go");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_woken_by_what_is_sent() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let wait = Receive {
            wait: Some(20),
            ..Receive::default()
        };
        let queue = key("q");
        let (first, second, sent) = tokio::join!(sqs.receive(&queue, &wait), sqs.receive(&queue, &wait), async {
            tokio::task::yield_now().await;
            let sent = sqs.send(&queue, &text("one")).await;
            sent.and(sqs.send(&queue, &text("two")).await)
        });
        sent.unwrap();
        let mut bodies: Vec<_> = [first, second]
            .into_iter()
            .flat_map(Result::unwrap)
            .map(|m| m.body)
            .collect();
        bodies.sort();
        assert_eq!(bodies, ["one", "two"]);
        sqs.stop();
        assert_eq!(
            sqs.receive(&queue, &wait).await,
            Ok(Vec::new()),
            "a server that stops waits for nobody"
        );
    }

    #[tokio::test]
    async fn an_attempt_made_again_gives_the_same() {
        let (sqs, clock) = testing::service().await;
        testing::queue(
            &sqs,
            "q.fifo",
            &[("FifoQueue", "true"), ("ContentBasedDeduplication", "true")],
        )
        .await;
        let message = Outgoing {
            group: Some("g".to_owned()),
            ..text("one")
        };
        sqs.send(&key("q.fifo"), &message).await.unwrap();
        let attempt = Receive {
            attempt: Some("a".to_owned()),
            ..Receive::default()
        };
        let queue = key("q.fifo");
        let first = sqs.receive(&queue, &attempt).await.unwrap().remove(0);
        clock.advance(Duration::from_secs(20));
        let again = sqs.receive(&queue, &attempt).await.unwrap().remove(0);
        assert_eq!(
            (first.message_id, first.system),
            (again.message_id.clone(), again.system.clone())
        );
        clock.advance(Duration::from_secs(20));
        assert!(received(&sqs, "q.fifo").await.is_empty(), "the timeout began anew");
        sqs.delete(&queue, &again.receipt_handle).await.unwrap();
        assert!(sqs.receive(&queue, &attempt).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_too_old_is_gone() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "q", &[("MessageRetentionPeriod", "60")]).await;
        sqs.send(&key("q"), &text("old")).await.unwrap();
        clock.advance(Duration::from_secs(61));
        sqs.send(&key("q"), &text("new")).await.unwrap();
        assert_eq!(received(&sqs, "q").await, ["new"]);
        sqs.sweep().await.unwrap();
        let contents = sqs.queue(&key("q")).await.unwrap().contents;
        let counts = sqs.store.message_counts(contents, clock.now()).await.unwrap();
        assert_eq!((counts.waiting, counts.in_flight), (0, 1));
    }

    use lambent_types::Clock as _;
}
