//! Schedules: waits for the rule that is due next.

use crate::{
    Events, Refusal,
    documents::Stored,
    event::{Event, detail_of},
    publish::document,
    rule::{self, Rule},
    schedule::Schedule,
};
use lambent_store::{DocumentKey, Kind};
use lambent_types::Timestamp;
use std::{collections::HashMap, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long to wait at most: clocks are set, too.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Rules read at a time.
const PAGE: usize = 1_000;

/// A rule with a schedule, and when it is due.
struct Clocked {
    rule: Stored<Rule>,
    schedule: Schedule,
    due: Timestamp,
}

impl Events {
    /// Lets rules come when they are due, until told to stop. What was due while no server ran does not come any more.
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
        for one in clocked.values_mut().filter(|one| one.due <= now) {
            let event = self.scheduled(&one.rule, one.due);
            let text = event.text();
            let told = self.deliveries(&one.rule, &event, (&text, &document(&text)), None);
            self.outbox.post(told).await?;
            let next = one.schedule.next(one.rule.value.since(), now, self.time_scale);
            one.due = next.unwrap_or(Timestamp::from_micros(i64::MAX));
        }
        let soonest = clocked.values().map(|one| one.due).min();
        Ok(soonest.map_or(LONGEST_SLEEP, |due| due.since(now).min(LONGEST_SLEEP)))
    }

    /// The rules with a schedule as they are now. One that was known keeps its moment, so that reading anew makes none come twice.
    async fn clocked(&self, known: &HashMap<DocumentKey, Clocked>) -> Result<HashMap<DocumentKey, Clocked>, Refusal> {
        let now = self.clock.now();
        let mut found = HashMap::new();
        for scope in self.store.document_scopes(Kind::EventRule).await? {
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
                    let due = kept.or_else(|| schedule.next(rule.value.since(), now, self.time_scale));
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
