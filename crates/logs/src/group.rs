//! Groups: how requests name them, what is set for them.

use crate::{Logs, Refusal, metric_filter::MetricFilter, tags::Tags};
use lambent_control_core::{
    TRIES,
    documents::{self, Noun, Stored},
};
use lambent_log_store::LogGroupKey;
use lambent_store::{Change, CommitError, Condition, Kind, Transaction};
use lambent_types::{RevisionId, Scope};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};

/// What is set for a group. A group for which nothing was ever set has no document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Events are kept for so many days; for ever, if it is not set.
    pub(crate) retention_days: Option<u32>,
    pub(crate) tags: Tags,
    /// Shown to clients and nothing else.
    pub(crate) kms_key_id: Option<String>,
    /// Shown to clients and nothing else.
    pub(crate) class: Option<String>,
}

impl Noun for Settings {
    const KIND: Kind = Kind::LogGroup;
}

const DAY_MILLIS: u64 = 24 * 3_600 * 1_000;

impl Settings {
    /// The moment before which events are forgotten.
    pub(crate) fn forgotten_before(&self, now: u64) -> u64 {
        self.retention_days
            .map_or(0, |days| now.saturating_sub(u64::from(days) * DAY_MILLIS))
    }
}

/// The group of this name in the request's account and region.
pub(crate) fn key(cx: &RequestContext, name: String) -> LogGroupKey {
    LogGroupKey {
        scope: cx.scope.clone(),
        name,
    }
}

/// The group that a request names, or identifies by its ARN; one of the two must be given.
pub(crate) fn named(
    cx: &RequestContext,
    name: Option<String>,
    identifier: Option<String>,
) -> Result<LogGroupKey, Refusal> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(Refusal::InvalidParameter(
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.".to_owned(),
        )),
        (Some(name), None) => Ok(key(cx, name)),
        (None, Some(identifier)) => identified(cx, &identifier),
        (None, None) => Err(Refusal::InvalidParameter(
            "Either logGroupName or logGroupIdentifier must be specified.".to_owned(),
        )),
    }
}

/// The group of this name or ARN. Groups of other accounts and regions are not reached.
pub(crate) fn identified(cx: &RequestContext, identifier: &str) -> Result<LogGroupKey, Refusal> {
    if !identifier.starts_with("arn:") {
        return Ok(key(cx, identifier.to_owned()));
    }
    let parts: Vec<&str> = identifier.splitn(7, ':').collect();
    let [_, _, "logs", region, account, "log-group", name] = parts.as_slice() else {
        return Err(Refusal::InvalidParameter("Invalid log group identifier.".to_owned()));
    };
    if *region != cx.scope.region.as_str() || *account != cx.scope.account.as_str() {
        return Err(Refusal::GroupMissing);
    }
    Ok(key(cx, name.strip_suffix(":*").unwrap_or(name).to_owned()))
}

/// `arn:aws:logs:us-east-1:111111111111:log-group:name`.
pub(crate) fn arn(key: &LogGroupKey) -> String {
    let Scope { account, region } = &key.scope;
    format!(
        "arn:{}:logs:{region}:{account}:log-group:{}",
        region.partition(),
        key.name
    )
}

impl Logs {
    /// Refuses a group that does not exist.
    pub(crate) fn must_exist(&self, key: &LogGroupKey) -> Result<(), Refusal> {
        self.kept.group(key).map(drop).ok_or(Refusal::GroupMissing)
    }

    /// What is set for a group.
    pub(crate) async fn settings(&self, key: &LogGroupKey) -> Result<Settings, Refusal> {
        let stored = self.stored_settings(key).await?;
        Ok(stored.map(|stored| stored.value).unwrap_or_default())
    }

    async fn stored_settings(&self, key: &LogGroupKey) -> Result<Option<Stored<Settings>>, Refusal> {
        Ok(self
            .core
            .load::<Settings>(&documents::key::<Settings>(&key.scope, "", &key.name))
            .await?)
    }

    /// Changes what is set for a group, which must exist.
    pub(crate) async fn change_settings(
        &self,
        key: &LogGroupKey,
        change: impl Fn(&mut Settings) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.must_exist(key)?;
        let document = documents::key::<Settings>(&key.scope, "", &key.name);
        for _ in 0..TRIES {
            let before = self.stored_settings(key).await?;
            let unchanged = match &before {
                Some(stored) => stored.unchanged(),
                None => Condition::DocumentAbsent(document.clone()),
            };
            let mut settings = before.map(|stored| stored.value).unwrap_or_default();
            change(&mut settings)?;
            let put = documents::put(document.clone(), RevisionId::new(self.core.ids.as_ref()), &settings)?;
            match self.core.store.commit(Transaction::of(put).when(unchanged)).await {
                Err(CommitError::Condition(_)) => {}
                committed => return Ok(committed?),
            }
        }
        Err(Refusal::Aborted)
    }

    /// Forgets what is set for a group.
    pub(crate) async fn forget_settings(&self, key: &LogGroupKey) -> Result<(), Refusal> {
        let mut transaction = Transaction::of(Change::DeleteDocument(documents::key::<Settings>(
            &key.scope, "", &key.name,
        )));
        for subscription in self.subscriptions(key).await? {
            transaction = transaction.and(Change::DeleteDocument(subscription.key));
        }
        for filter in self.metric_filters(&key.scope, Some(&key.name)).await? {
            transaction = transaction.and(Change::DeleteDocument(filter.key));
        }
        self.core.store.commit(transaction).await?;
        self.subscriptions_changed.notify_one();
        self.filters_changed.notify_one();
        Ok(())
    }

    /// The metric filters of a group, or of all groups of an account in a region.
    pub(crate) async fn metric_filters(
        &self,
        scope: &Scope,
        group: Option<&str>,
    ) -> Result<Vec<Stored<MetricFilter>>, Refusal> {
        Ok(self.core.list_all::<MetricFilter>(scope, group).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_control_core::testing::context;

    #[test]
    fn groups_are_named_and_identified() {
        let cx = context();
        let by = |name: Option<&str>, identifier: Option<&str>| {
            named(&cx, name.map(str::to_owned), identifier.map(str::to_owned)).map(|key| key.name)
        };
        assert_eq!(by(Some("/a"), None).unwrap(), "/a");
        assert_eq!(by(None, Some("/a")).unwrap(), "/a");
        let own = arn(&key(&cx, "/a".to_owned()));
        assert_eq!(own, "arn:aws:logs:us-east-1:111111111111:log-group:/a");
        assert_eq!(by(None, Some(&own)).unwrap(), "/a");
        assert_eq!(by(None, Some(&format!("{own}:*"))).unwrap(), "/a");
        assert!(by(Some("/a"), Some("/a")).is_err() && by(None, None).is_err());
        assert!(by(None, Some(&own.replace("us-east-1", "eu-west-1"))).is_err());
    }

    #[test]
    fn retention_counts_from_now() {
        let settings = Settings {
            retention_days: Some(1),
            ..Settings::default()
        };
        assert_eq!(settings.forgotten_before(DAY_MILLIS + 5), 5);
        assert_eq!(Settings::default().forgotten_before(5), 0);
    }
}
