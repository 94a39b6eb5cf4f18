//! Schedules: waits for the rule that is due next.
//!
//! Until when the schedules of an account have come is stored with the last deliveries that they became. A rule that was due while no
//! server ran comes once when one starts, for the last of its moments, if that is not a day ago: as long as EventBridge tries to deliver an
//! event. A daily job is not lost by a restart, and one for every minute does not come a thousand times.

use crate::{
    Events, Refusal,
    documents::{self, Noun, Stored},
    event::{Event, detail_of},
    publish::document,
    rule::{self, Rule},
    schedule::Schedule,
};
use lambent_store::{Change, DocumentKey, Kind, Transaction};
use lambent_types::{Scope, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long to wait at most: clocks are set, too.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Rules read at a time.
const PAGE: usize = 1_000;

/// What was due so many microseconds before the server started does not come any more: a day.
const STALE: i64 = 24 * 60 * 60 * 1_000_000;

/// Until when an account's schedules have come.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Microseconds since the epoch.
    until: i64,
}

impl Noun for Mark {
    const KIND: Kind = Kind::ScheduleMark;
}

/// A rule with a schedule, and when it is due.
struct Clocked {
    rule: Stored<Rule>,
    schedule: Schedule,
    due: Timestamp,
}

impl Events {
    /// Lets rules come when they are due, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut clocked: HashMap<DocumentKey, Clocked> = HashMap::new();
        let mut stale = true;
        while !stop.is_cancelled() {
            let ticked = self.tick(&mut clocked, stale).await;
            stale = ticked.is_err();
            let pause = ticked.unwrap_or_else(|refusal| {
                tracing::error!(?refusal, "schedules stand still");
                AFTER_FAILURE
            });
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => stale = true,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Lets every rule come that is due, and says how long none will be.
    async fn tick(&self, clocked: &mut HashMap<DocumentKey, Clocked>, stale: bool) -> Result<Duration, Refusal> {
        if stale {
            *clocked = self.clocked(clocked).await?;
        }
        let now = self.clock.now();
        let due = clocked.values().filter(|one| one.due <= now);
        let scopes: HashSet<&Scope> = due.map(|one| &one.rule.key.scope).collect();
        let mut come = Transaction::default();
        for scope in scopes {
            let mark = Mark { until: now.as_micros() };
            come = come.and(self.put(documents::key::<Mark>(scope, "", ""), &mark)?);
        }
        for one in clocked.values().filter(|one| one.due <= now) {
            let event = self.scheduled(&one.rule, one.due);
            let text = event.text();
            let told = self.deliveries(&one.rule, &event, (&text, &document(&text)), None);
            come.changes.extend(told.into_iter().map(Change::PutDelivery));
        }
        if !come.changes.is_empty() {
            self.outbox.commit(come).await?;
        }
        for one in clocked.values_mut().filter(|one| one.due <= now) {
            let next = one.schedule.next(one.rule.value.since(), now, self.time_scale);
            one.due = next.unwrap_or(Timestamp::from_micros(i64::MAX));
        }
        let soonest = clocked.values().map(|one| one.due).min();
        Ok(soonest.map_or(LONGEST_SLEEP, |due| due.since(now).min(LONGEST_SLEEP)))
    }

    /// The rules with a schedule as they are now. One that was known keeps its moment, so that reading anew makes none come twice. What
    /// another was due for since it was set, and since schedules last came, was missed: it is due at once.
    async fn clocked(&self, known: &HashMap<DocumentKey, Clocked>) -> Result<HashMap<DocumentKey, Clocked>, Refusal> {
        let now = self.clock.now();
        let mut found = HashMap::new();
        for scope in self.store.document_scopes(Kind::EventRule).await? {
            let mark = self.load::<Mark>(&documents::key::<Mark>(&scope, "", "")).await?;
            let came = mark.map_or(i64::MIN, |mark| mark.value.until);
            let mark = Timestamp::from_micros(came.max(now.as_micros() - STALE));
            let mut after = None;
            loop {
                let (page, more) = self.list::<Rule>(&scope, None, after, PAGE).await?;
                after = page.last().map(|last| (last.key.parent.clone(), last.key.id.clone()));
                for rule in page {
                    let Some(schedule) = rule.value.schedule() else {
                        continue;
                    };
                    let same = |one: &&Clocked| one.schedule == schedule && one.rule.value.since == rule.value.since;
                    let kept = known.get(&rule.key).filter(same).map(|one| one.due);
                    let since = rule.value.since();
                    let missed = || schedule.missed(since, mark.max(since), now, self.time_scale);
                    let due = kept
                        .or_else(missed)
                        .or_else(|| schedule.next(since, now, self.time_scale));
                    if let Some(due) = due {
                        found.insert(rule.key.clone(), Clocked { rule, schedule, due });
                    }
                }
                if !more {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn scheduled(&self, rule: &Stored<Rule>, due: Timestamp) -> Event {
        Event {
            id: self.ids.uuid().to_string(),
            source: "aws.events".to_owned(),
            detail_type: "Scheduled Event".to_owned(),
            scope: rule.key.scope.clone(),
            time: due,
            resources: vec![rule::arn_of(&rule.key)],
            detail: detail_of("{}").unwrap_or_default(),
        }
    }
}
