//! Subscriptions: functions that are sent the events of a group.
//!
//! A subscription knows the number of the last event that it has delivered. What came since is read in the order in which it came, chosen
//! by the pattern, packed by stream, and committed to the queue of asynchronous events in the same transaction as the new number: every
//! event is queued once, whatever happens in between.

use crate::{Logs, Refusal, pattern::Pattern};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use lambent_control_core::documents::{self, Noun, Stored};
use lambent_log_store::{Event, LogError, LogGroupKey};
use lambent_store::{CommitError, Kind, Transaction};
use lambent_types::{AsyncEvent, FunctionKey, RequestId, RevisionId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::Write as _, sync::Arc};

/// Bytes of messages that are read at a time, and so the most that an event carries.
const BATCH: usize = 128 << 10;

/// A subscription as it is stored. Its group is the document's parent, its name the document's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) pattern: String,
    /// As the client gave it.
    pub(crate) destination: String,
    pub(crate) function: FunctionKey,
    pub(crate) qualifier: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) distribution: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created: u64,
    /// The number of the last event that was taken care of.
    pub(crate) delivered: u64,
}

impl Noun for Subscription {
    const KIND: Kind = Kind::LogSubscription;
}

/// What a function is sent, before it is compressed ("Using Lambda with CloudWatch Logs").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    message_type: &'static str,
    owner: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    subscription_filters: [&'a str; 1],
    log_events: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    timestamp: u64,
    message: std::borrow::Cow<'a, str>,
}

/// What a function is sent.
#[derive(Serialize)]
struct Envelope {
    awslogs: Data,
}

#[derive(Serialize)]
struct Data {
    data: String,
}

/// The events of a function, one for each stream.
fn payloads(group: &LogGroupKey, filter: &str, wanted: &[Event]) -> Result<Vec<Vec<u8>>, std::io::Error> {
    let mut by_stream: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in wanted {
        by_stream.entry(&event.stream).or_default().push(event);
    }
    let payload = |(stream, events): (&str, Vec<&Event>)| {
        let line = |event: &Event| -> (String, u64) { (event.position.event_id(), event.position.millis) };
        let log_events = events.iter().map(|event| {
            let (id, timestamp) = line(event);
            let message = String::from_utf8_lossy(&event.message);
            Line { id, timestamp, message }
        });
        let message = Message {
            message_type: "DATA_MESSAGE",
            owner: group.scope.account.as_str(),
            log_group: &group.name,
            log_stream: stream,
            subscription_filters: [filter],
            log_events: log_events.collect(),
        };
        let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
        compressed.write_all(&serde_json::to_vec(&message)?)?;
        let data = STANDARD.encode(compressed.finish()?);
        Ok(serde_json::to_vec(&Envelope { awslogs: Data { data } })?)
    };
    by_stream.into_iter().map(payload).collect()
}

impl Logs {
    /// The subscriptions of a group.
    pub(crate) async fn subscriptions(&self, key: &LogGroupKey) -> Result<Vec<Stored<Subscription>>, Refusal> {
        Ok(self.core.list_all::<Subscription>(&key.scope, Some(&key.name)).await?)
    }

    /// All subscriptions there are.
    pub(crate) async fn all_subscriptions(&self) -> Result<Vec<Stored<Subscription>>, Refusal> {
        let mut all = Vec::new();
        for scope in self.core.store.document_scopes(Kind::LogSubscription).await? {
            all.extend(self.core.list_all::<Subscription>(&scope, None).await?);
        }
        Ok(all)
    }

    /// Queues what came for a subscription since the last time; returns it as it is stored then, `None` if it is no more what it was.
    pub(crate) async fn deliver(
        &self,
        mut stored: Stored<Subscription>,
    ) -> Result<Option<Stored<Subscription>>, Refusal> {
        let group = LogGroupKey {
            scope: stored.key.scope.clone(),
            name: stored.key.parent.clone(),
        };
        let pattern = Arc::new(Pattern::read(&stored.value.pattern)?);
        while self
            .kept
            .newest(&group)
            .is_some_and(|newest| newest > stored.value.delivered)
        {
            let mut events = match self.kept.follow(&group, stored.value.delivered, BATCH).await {
                Err(LogError::GroupMissing) => return Ok(None),
                followed => followed?,
            };
            // Nothing behind the last one: what is newer has been removed again.
            let Some(last) = events.last() else {
                return Ok(Some(stored));
            };
            stored.value.delivered = last.position.sequence;
            events.retain(|event| pattern.matches(&event.message));
            if events.is_empty() {
                // Kept in memory alone: after a restart these are looked at again, and not wanted again.
                continue;
            }
            let payloads =
                payloads(&group, &stored.key.id, &events).map_err(|error| Refusal::Unavailable(error.to_string()))?;
            let revision = RevisionId::new(self.core.ids.as_ref());
            let put = documents::put(stored.key.clone(), revision, &stored.value)?;
            let queued = payloads.into_iter().map(|payload| self.event(&stored.value, payload));
            let progress = Transaction::of(put).when(stored.unchanged());
            match self.core.events.accept_with(queued.collect(), progress).await {
                Err(CommitError::Condition(_)) => return Ok(None),
                committed => committed?,
            }
            stored.revision = revision;
        }
        Ok(Some(stored))
    }

    fn event(&self, subscription: &Subscription, payload: Vec<u8>) -> AsyncEvent {
        let now = self.core.clock.now();
        AsyncEvent {
            id: RequestId::new(self.core.ids.as_ref()),
            function: subscription.function.clone(),
            qualifier: subscription.qualifier.clone(),
            payload,
            client_context: None,
            trace_id: None,
            accepted_at: now,
            failures: 0,
            deferrals: 0,
            due_at: now,
        }
    }
}
