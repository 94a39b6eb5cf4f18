//! `PutRetentionPolicy`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::PutRetentionPolicyRequest;
use lambent_wire::RequestContext;

/// What may be said, in days.
const DAYS: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653,
];

pub(crate) async fn put_retention_policy(
    logs: &Logs,
    cx: &RequestContext,
    input: PutRetentionPolicyRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let given = input.retention_in_days.unwrap_or_default();
    let days = DAYS.iter().find(|days| i64::from(**days) == given);
    let Some(days) = days else {
        let known: Vec<String> = DAYS.iter().map(ToString::to_string).collect();
        return Err(Refusal::InvalidParameter(format!(
            "1 validation error detected: Value '{given}' at 'retentionInDays' failed to satisfy constraint: \
             Member must satisfy enum value set: [{}]",
            known.join(", ")
        )));
    };
    let change = |settings: &mut group::Settings| {
        settings.retention_days = Some(*days);
        Ok(())
    };
    logs.change_settings(&key, change).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Served, context};

    #[tokio::test]
    async fn what_is_older_is_not_found_any_more() {
        let served = Served::with_group("/g").await;
        let day = 24 * 3_600_000;
        served.put("/g", "s", &[(NOW - 2 * day, "old"), (NOW, "new")]).await;
        let input = |days| PutRetentionPolicyRequest {
            log_group_name: Some("/g".to_owned()),
            retention_in_days: Some(days),
        };
        assert!(put_retention_policy(&served.logs, &context(), input(2)).await.is_err());
        assert_eq!(served.texts("/g").await, ["old", "new"]);
        put_retention_policy(&served.logs, &context(), input(1)).await.unwrap();
        assert_eq!(served.texts("/g").await, ["new"]);
    }
}
