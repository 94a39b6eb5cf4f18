//! The store in memory, for unit tests: the contract with nothing behind it.

mod deliveries;
mod messages;

use deliveries::Deliveries;
use lambent_store::{
    BoxFuture, Change, CommitError, Condition, DeliveryTable, Document, DocumentKey, DocumentPage, DocumentQuery,
    DocumentTable, EventTable, FunctionPage, FunctionTable, Kind, MessageCounts, MessageTable, NodeId, ReceiveMessages,
    Retention, Store, Transaction, Unavailable,
};
use lambent_types::{
    AsyncEvent, Deduplication, Delivery, EventId, FunctionKey, FunctionName, FunctionRecord, LastUpdateStatus, Message,
    QueueId, Scope, Sequence, Sha256Digest, State, Timestamp, Version, VersionKey,
};
use messages::Messages;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// An empty store that lives as long as this value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    functions: BTreeMap<VersionKey, Arc<FunctionRecord>>,
    documents: BTreeMap<DocumentKey, Document>,
    events: BTreeMap<EventId, (AsyncEvent, Option<NodeId>)>,
    deliveries: Deliveries,
    messages: Messages,
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::FunctionAbsent(key) => !self.functions.keys().any(|version| version.function == *key),
            Condition::Revision(key, revision) => self
                .functions
                .get(key)
                .is_some_and(|record| record.revision == *revision),
            Condition::VersionPresent(key) => self.functions.contains_key(key),
            Condition::DocumentAbsent(key) => !self.documents.contains_key(key),
            Condition::DocumentRevision(key, revision) => self
                .documents
                .get(key)
                .is_some_and(|document| document.revision == *revision),
            Condition::EventPresent(id) => self.events.contains_key(id),
            Condition::DeliveryPresent(id) => self.deliveries.contains(*id),
            Condition::QueueOpen(queue) => self.messages.is_open(*queue),
            Condition::NotDuplicate(queue, key, now) => self.messages.deduplication(*queue, key, *now).is_none(),
            Condition::MessageReceived(queue, sequence, receives) => {
                self.messages.was_received(*queue, *sequence, *receives)
            }
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::PutFunction(record) => {
                self.functions.insert(record.key.clone(), record);
            }
            Change::DeleteVersion(key) => {
                self.functions.remove(&key);
            }
            Change::DeleteFunction(key) => {
                self.functions.retain(|version, _| version.function != key);
                self.documents.retain(|document, _| !belongs_to(document, &key));
            }
            Change::PutDocument(document) => {
                self.documents.insert(document.key.clone(), document);
            }
            Change::DeleteDocument(key) => {
                self.documents.remove(&key);
            }
            Change::PutEvent(mut event) => {
                if event.payload.is_empty()
                    && let Some((before, _)) = self.events.remove(&event.id)
                {
                    event.payload = before.payload;
                }
                self.events.insert(event.id, (event, None));
            }
            Change::DeleteEvent(id) => {
                self.events.remove(&id);
            }
            Change::PutDelivery(delivery) => self.deliveries.put(delivery),
            Change::DeleteDelivery(id) => self.deliveries.delete(id),
            Change::OpenQueue(queue) => self.messages.open(queue),
            Change::DropQueue(queue) => self.messages.drop_queue(queue),
            Change::PutMessage(message) => self.messages.put(message),
            Change::PutDeduplication(used) => self.messages.put_deduplication(used),
            Change::DeleteMessage(queue, sequence, now) => self.messages.delete(queue, sequence, now),
            Change::SetVisibility(queue, sequence, visible_at, now) => {
                self.messages.set_visibility(queue, sequence, visible_at, now);
            }
        }
    }
}

fn belongs_to(document: &DocumentKey, function: &FunctionKey) -> bool {
    document.kind.belongs_to_function() && document.scope == function.scope && document.parent == function.name.as_str()
}

fn answer<'a, T: Send + 'a, E: Send + 'a>(value: Result<T, E>) -> BoxFuture<'a, Result<T, E>> {
    Box::pin(ready(value))
}

impl Store for MemoryStore {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'_, Result<(), CommitError>> {
        let mut tables = self.tables();
        if let Some(failed) = transaction
            .conditions
            .into_iter()
            .find(|condition| !tables.holds(condition))
        {
            return answer(Err(CommitError::Condition(failed)));
        }
        transaction.changes.into_iter().for_each(|change| tables.apply(change));
        answer(Ok(()))
    }
}

impl FunctionTable for MemoryStore {
    fn function(&self, key: &VersionKey) -> BoxFuture<'_, Result<Option<Arc<FunctionRecord>>, Unavailable>> {
        answer(Ok(self.tables().functions.get(key).cloned()))
    }

    fn functions(
        &self,
        scope: &Scope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>> {
        let mut functions: Vec<_> = self
            .tables()
            .functions
            .values()
            .filter(|record| record.key.version == Version::Latest && record.key.function.scope == *scope)
            .filter(|record| after.is_none_or(|after| record.key.function.name > *after))
            .take(limit + 1)
            .cloned()
            .collect();
        let more = functions.len() > limit;
        functions.truncate(limit);
        answer(Ok(FunctionPage { functions, more }))
    }

    fn versions(
        &self,
        scope: &Scope,
        function: Option<&FunctionName>,
        after: Option<&VersionKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>> {
        let mut functions: Vec<_> = self
            .tables()
            .functions
            .values()
            .filter(|record| record.key.function.scope == *scope)
            .filter(|record| function.is_none_or(|name| record.key.function.name == *name))
            .filter(|record| after.is_none_or(|after| record.key > *after))
            .take(limit + 1)
            .cloned()
            .collect();
        let more = functions.len() > limit;
        functions.truncate(limit);
        answer(Ok(FunctionPage { functions, more }))
    }

    fn function_count(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let tables = self.tables();
        let latest = |key: &&VersionKey| key.version == Version::Latest && key.function.scope == *scope;
        answer(Ok(tables.functions.keys().filter(latest).count() as u64))
    }

    fn unsettled_functions(&self) -> BoxFuture<'_, Result<Vec<Arc<FunctionRecord>>, Unavailable>> {
        let unsettled = |record: &&Arc<FunctionRecord>| {
            record.state == State::Pending || record.last_update == LastUpdateStatus::InProgress
        };
        answer(Ok(self
            .tables()
            .functions
            .values()
            .filter(unsettled)
            .cloned()
            .collect()))
    }

    fn code_in_use(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<bool, Unavailable>> {
        let tables = self.tables();
        let version = tables
            .functions
            .values()
            .any(|record| record.packages().any(|package| package == digest));
        let document = || tables.documents.values().any(|document| document.code == Some(digest));
        answer(Ok(version || document()))
    }

    fn code_bytes(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let tables = self.tables();
        let owned = tables
            .functions
            .values()
            .filter(|record| record.key.function.scope == *scope);
        answer(Ok(owned.map(|record| record.code.size()).sum()))
    }
}

impl DocumentTable for MemoryStore {
    fn document(&self, key: &DocumentKey) -> BoxFuture<'_, Result<Option<Document>, Unavailable>> {
        answer(Ok(self.tables().documents.get(key).cloned()))
    }

    fn documents(&self, query: DocumentQuery) -> BoxFuture<'_, Result<DocumentPage, Unavailable>> {
        let tables = self.tables();
        let wanted = |document: &&Document| {
            let key = &document.key;
            key.kind == query.kind
                && key.scope == query.scope
                && query.parent.as_ref().is_none_or(|parent| key.parent == *parent)
                && query
                    .after
                    .as_ref()
                    .is_none_or(|(parent, id)| (&key.parent, &key.id) > (parent, id))
        };
        let mut documents: Vec<_> = tables
            .documents
            .values()
            .filter(wanted)
            .take(query.limit + 1)
            .cloned()
            .collect();
        let more = documents.len() > query.limit;
        documents.truncate(query.limit);
        answer(Ok(DocumentPage { documents, more }))
    }

    fn document_count(
        &self,
        kind: Kind,
        scope: &Scope,
        parent: Option<&str>,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let tables = self.tables();
        let wanted = |key: &&DocumentKey| {
            key.kind == kind && key.scope == *scope && parent.is_none_or(|parent| key.parent == parent)
        };
        answer(Ok(tables.documents.keys().filter(wanted).count() as u64))
    }
    fn document_scopes(&self, kind: Kind) -> BoxFuture<'_, Result<Vec<Scope>, Unavailable>> {
        let tables = self.tables();
        let of_kind = tables.documents.keys().filter(|key| key.kind == kind);
        let scopes: BTreeSet<_> = of_kind.map(|key| key.scope.clone()).collect();
        answer(Ok(scopes.into_iter().collect()))
    }
}

impl EventTable for MemoryStore {
    fn lease_events(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AsyncEvent>, Unavailable>> {
        let mut tables = self.tables();
        let mut due: Vec<_> = tables
            .events
            .values_mut()
            .filter(|(event, _)| event.due_at <= now)
            .collect();
        due.sort_by_key(|(event, _)| event.due_at);
        let leased = due.into_iter().take(limit).map(|(event, lease)| {
            event.due_at = lease_end;
            *lease = Some(node.clone());
            event.clone()
        });
        answer(Ok(leased.collect()))
    }

    fn release_leases(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let mut released = 0;
        for (event, lease) in self.tables().events.values_mut() {
            if lease.as_ref() == Some(node) {
                *lease = None;
                event.due_at = now;
                released += 1;
            }
        }
        answer(Ok(released))
    }

    fn next_event_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        answer(Ok(self.tables().events.values().map(|(event, _)| event.due_at).min()))
    }

    fn event_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        answer(Ok(self.tables().events.len() as u64))
    }
}

impl DeliveryTable for MemoryStore {
    fn lease_deliveries(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, Unavailable>> {
        answer(Ok(self.tables().deliveries.lease(node, now, lease_end, limit)))
    }

    fn release_deliveries(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>> {
        answer(Ok(self.tables().deliveries.release(node, now)))
    }

    fn next_delivery_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        answer(Ok(self.tables().deliveries.next_due()))
    }

    fn delivery_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        answer(Ok(self.tables().deliveries.count()))
    }
}

impl MessageTable for MemoryStore {
    fn receive_messages(&self, request: ReceiveMessages) -> BoxFuture<'_, Result<Vec<Message>, Unavailable>> {
        answer(Ok(self.tables().messages.receive(&request)))
    }

    fn message(&self, queue: QueueId, sequence: Sequence) -> BoxFuture<'_, Result<Option<Message>, Unavailable>> {
        answer(Ok(self.tables().messages.message(queue, sequence).cloned()))
    }

    fn message_counts(&self, queue: QueueId, now: Timestamp) -> BoxFuture<'_, Result<MessageCounts, Unavailable>> {
        answer(Ok(self.tables().messages.counts(queue, now)))
    }

    fn next_message_visible(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        answer(Ok(self.tables().messages.next_visible(queue)))
    }

    fn oldest_message(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Sequence>, Unavailable>> {
        answer(Ok(self.tables().messages.oldest(queue)))
    }

    fn deduplication(
        &self,
        queue: QueueId,
        key: &str,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Deduplication>, Unavailable>> {
        answer(Ok(self.tables().messages.deduplication(queue, key, now).cloned()))
    }

    fn newest_sequence(&self) -> BoxFuture<'_, Result<Sequence, Unavailable>> {
        answer(Ok(self.tables().messages.newest()))
    }

    fn sweep_messages(
        &self,
        kept: Vec<Retention>,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, Unavailable>> {
        answer(Ok(self.tables().messages.sweep(&kept, now, limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_the_contract() {
        lambent_store::contract::run(|| ready(MemoryStore::default())).await;
    }
}
