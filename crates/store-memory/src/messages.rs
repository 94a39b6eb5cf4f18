//! Messages in memory: the plainest thing that keeps the contract.

use lambent_store::{MessageCounts, ReceiveMessages, Retention};
use lambent_types::{Deduplication, Message, QueueId, Sequence, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Messages {
    open: BTreeSet<QueueId>,
    messages: BTreeMap<(QueueId, Sequence), Message>,
    /// When groups were last touched: those that were not for longest come first.
    turns: BTreeMap<(QueueId, String), Timestamp>,
    deduplications: BTreeMap<(QueueId, String), Deduplication>,
}

impl Messages {
    pub(crate) fn is_open(&self, queue: QueueId) -> bool {
        self.open.contains(&queue)
    }

    pub(crate) fn was_received(&self, queue: QueueId, sequence: Sequence, receives: u32) -> bool {
        let found = self.messages.get(&(queue, sequence));
        found.is_some_and(|message| message.receives == receives)
    }

    pub(crate) fn open(&mut self, queue: QueueId) {
        self.open.insert(queue);
    }

    pub(crate) fn drop_queue(&mut self, queue: QueueId) {
        self.open.remove(&queue);
        self.messages.retain(|(of, _), _| *of != queue);
        self.turns.retain(|(of, _), _| *of != queue);
        self.deduplications.retain(|(of, _), _| *of != queue);
    }

    pub(crate) fn put(&mut self, message: Message) {
        if let Some(group) = &message.group {
            let turn = self.turns.entry((message.queue, group.clone()));
            turn.or_insert(message.visible_at);
        }
        self.messages.insert((message.queue, message.sequence), message);
    }

    pub(crate) fn delete(&mut self, queue: QueueId, sequence: Sequence, now: Timestamp) {
        if let Some(Message { group: Some(group), .. }) = self.messages.remove(&(queue, sequence)) {
            if self.group(queue, &group).next().is_none() {
                self.turns.remove(&(queue, group));
            } else {
                self.turns.insert((queue, group), now);
            }
        }
    }

    pub(crate) fn set_visibility(&mut self, queue: QueueId, sequence: Sequence, visible_at: Timestamp, now: Timestamp) {
        let Some(message) = self.messages.get_mut(&(queue, sequence)) else {
            return;
        };
        message.visible_at = visible_at;
        if let Some(group) = message.group.clone() {
            self.turns.insert((queue, group), now);
        }
    }

    pub(crate) fn put_deduplication(&mut self, used: Deduplication) {
        self.deduplications.insert((used.queue, used.key.clone()), used);
    }

    pub(crate) fn deduplication(&self, queue: QueueId, key: &str, now: Timestamp) -> Option<&Deduplication> {
        let found = self.deduplications.get(&(queue, key.to_owned()));
        found.filter(|used| used.until > now)
    }

    fn of(&self, queue: QueueId) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(move |message| message.queue == queue)
    }

    fn group(&self, queue: QueueId, group: &str) -> impl Iterator<Item = &Message> {
        self.of(queue)
            .filter(move |message| message.group.as_deref() == Some(group))
    }

    /// From when on a group can be received, then since when it waits for its turn.
    fn ready_at(&self, queue: QueueId, group: &str) -> Timestamp {
        let blocking = self.group(queue, group).enumerate();
        let blocking = blocking.filter(|(place, message)| *place == 0 || message.receives > 0);
        let ready = blocking.map(|(_, message)| message.visible_at).max();
        let turn = self.turns.get(&(queue, group.to_owned())).copied();
        ready.max(turn).unwrap_or_default()
    }

    pub(crate) fn receive(&mut self, request: &ReceiveMessages) -> Vec<Message> {
        if !self.is_open(request.queue) {
            return Vec::new();
        }
        let mut found = if request.ordered {
            self.ordered(request)
        } else {
            let visible = |message: &&Message| message.visible_at <= request.now && message.sequence >= request.oldest;
            let mut visible: Vec<Message> = self.of(request.queue).filter(visible).cloned().collect();
            visible.sort_by_key(|message| (message.visible_at, message.receives, message.sequence));
            visible
        };
        found.truncate(request.limit.min(ReceiveMessages::MOST));
        for message in &mut found {
            message.visible_at = request.visible_at;
            message.receives += 1;
            message.first_received_at.get_or_insert(request.now);
            self.messages.insert((message.queue, message.sequence), message.clone());
        }
        found
    }

    fn ordered(&self, request: &ReceiveMessages) -> Vec<Message> {
        let groups = self.turns.keys().filter(|(queue, _)| *queue == request.queue);
        let mut groups: Vec<_> = groups
            .map(|(queue, group)| (self.ready_at(*queue, group), group))
            .filter(|(ready_at, _)| *ready_at <= request.now)
            .collect();
        groups.sort();
        let visible = |message: &&Message| message.visible_at <= request.now;
        let kept = |message: &&Message| message.sequence >= request.oldest;
        let front = |group: &String| {
            let kept = self.group(request.queue, group).filter(kept);
            kept.take_while(visible).cloned().collect::<Vec<_>>()
        };
        groups.into_iter().flat_map(|(_, group)| front(group)).collect()
    }

    pub(crate) fn message(&self, queue: QueueId, sequence: Sequence) -> Option<&Message> {
        self.messages.get(&(queue, sequence))
    }

    pub(crate) fn counts(&self, queue: QueueId, now: Timestamp) -> MessageCounts {
        let mut counts = MessageCounts::default();
        for message in self.of(queue) {
            match (message.visible_at > now, message.receives > 0) {
                (false, _) => counts.waiting += 1,
                (true, true) => counts.in_flight += 1,
                (true, false) => counts.delayed += 1,
            }
        }
        counts
    }

    pub(crate) fn next_visible(&self, queue: QueueId) -> Option<Timestamp> {
        let groups = self.turns.keys().filter(|(of, _)| *of == queue);
        let ordered = groups.map(|(queue, group)| self.ready_at(*queue, group)).min();
        ordered.or_else(|| self.of(queue).map(|message| message.visible_at).min())
    }

    pub(crate) fn oldest(&self, queue: QueueId) -> Option<Sequence> {
        self.of(queue).map(|message| message.sequence).min()
    }

    pub(crate) fn newest(&self) -> Sequence {
        let messages = self.messages.keys().map(|(_, sequence)| *sequence);
        let queues = self.open.iter().map(|queue| Sequence::from_stored(queue.number()));
        messages.chain(queues).max().unwrap_or_default()
    }

    pub(crate) fn sweep(&mut self, kept: &[Retention], now: Timestamp, limit: usize) -> usize {
        self.deduplications.retain(|_, used| used.until > now);
        let old = |message: &&Message| {
            let retention = kept.iter().find(|(queue, _)| *queue == message.queue);
            retention.is_some_and(|(_, oldest)| message.sequence < *oldest)
        };
        let old = self.messages.values().filter(old).take(limit);
        let old: Vec<_> = old.map(|message| (message.queue, message.sequence)).collect();
        for (queue, sequence) in &old {
            self.delete(*queue, *sequence, now);
        }
        old.len()
    }
}
