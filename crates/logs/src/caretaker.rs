//! What happens without being asked: subscriptions are delivered, and what retention has forgotten is removed.

use crate::{Logs, Refusal, group::Settings, subscription::Subscription};
use lambent_control_core::documents::Stored;
use lambent_log_store::LogGroupKey;
use lambent_store::Kind;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often retention is looked at.
const RETENTION: Duration = Duration::from_secs(60);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Logs {
    /// Runs until told to stop. What it is doing then it does to its end: it can be cut off anywhere without harm.
    pub async fn care(self, stop: CancellationToken) {
        let mut written = self.kept.written();
        let mut retention = tokio::time::interval(RETENTION);
        let mut known = None;
        while !stop.is_cancelled() {
            let delivered = self.deliver_all(&mut known).await;
            let again = async {
                match &delivered {
                    Ok(()) => std::future::pending().await,
                    Err(error) => {
                        tracing::error!(?error, "log subscriptions are delivered later");
                        tokio::time::sleep(AFTER_FAILURE).await;
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = again => known = None,
                () = self.subscriptions_changed.notified() => known = None,
                Ok(()) = written.changed(), if delivered.is_ok() => {}
                _ = retention.tick() => if let Err(error) = self.forget_old().await {
                    tracing::error!(?error, "old log events are removed later");
                },
            }
        }
        self.closing.cancel();
    }

    /// Delivers to all subscriptions; reads which there are if that is not known.
    async fn deliver_all(&self, known: &mut Option<Vec<Stored<Subscription>>>) -> Result<(), Refusal> {
        let before = match known.take() {
            Some(known) => known,
            None => self.all_subscriptions().await?,
        };
        let mut after = Vec::new();
        for subscription in before {
            after.extend(self.deliver(subscription).await?);
        }
        *known = Some(after);
        Ok(())
    }

    async fn forget_old(&self) -> Result<(), Refusal> {
        let now = self.now();
        for scope in self.core.store.document_scopes(Kind::LogGroup).await? {
            for settings in self.core.list_all::<Settings>(&scope, None).await? {
                let before = settings.value.forgotten_before(now);
                let key = LogGroupKey {
                    scope: scope.clone(),
                    name: settings.key.id,
                };
                if before > 0 && self.kept.group(&key).is_some() {
                    self.kept.forget_before(&key, before).await?;
                }
            }
        }
        Ok(())
    }
}
