//! `GetAccountSettings`.

use crate::{Control, Refusal, layer::LayerVersion};
use lambent_models::lambda::{AccountLimit, AccountUsage, GetAccountSettingsRequest, GetAccountSettingsResponse};
use lambent_types::limits;
use lambent_wire::RequestContext;

/// AWS's default quota for all packages of an account in a region: 75 GiB. It is shown, not enforced: the disk is the limit.
const TOTAL_CODE_BYTES: i64 = 75 << 30;

/// Usage is what is stored at this moment; each version of a function or layer counts its package, as AWS counts
/// (recorded: `test_account_settings_total_code_size`).
pub(crate) async fn get_account_settings(
    control: &Control,
    cx: &RequestContext,
    _input: GetAccountSettingsRequest,
) -> Result<GetAccountSettingsResponse, Refusal> {
    let store = &control.0.store;
    let functions = store.function_count(&cx.scope).await?;
    let layers = control.list_all::<LayerVersion>(&cx.scope, None).await?;
    let layers: u64 = layers.iter().map(|layer| layer.value.code.size).sum();
    let bytes = store.code_bytes(&cx.scope).await? + layers;
    let concurrency = control.0.invoker.account_concurrency();
    let unreserved = control.shares(&cx.scope).await?.unreserved(concurrency);
    Ok(GetAccountSettingsResponse {
        account_limit: Some(AccountLimit {
            total_code_size: Some(TOTAL_CODE_BYTES),
            code_size_unzipped: i64::try_from(limits::UNZIPPED_CODE_BYTES).ok(),
            code_size_zipped: i64::try_from(limits::ZIPPED_CODE_BYTES).ok(),
            concurrent_executions: Some(i64::from(concurrency)),
            unreserved_concurrent_executions: Some(i64::from(unreserved)),
        }),
        account_usage: Some(AccountUsage {
            total_code_size: i64::try_from(bytes).ok(),
            function_count: i64::try_from(functions).ok(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record};
    use lambent_types::Version;

    #[tokio::test]
    async fn usage_is_what_is_stored() {
        let (control, cx) = (control(), context());
        let mut version = record("f");
        version.key.version = Version::Published(1);
        control.given(record("f")).await;
        control.given(version).await;
        control.reserve(&record("f"), 300).await.unwrap();
        let settings = get_account_settings(&control, &cx, GetAccountSettingsRequest::default())
            .await
            .unwrap();
        let usage = settings.account_usage.unwrap();
        assert_eq!((usage.function_count, usage.total_code_size), (Some(1), Some(200)));
        let limit = settings.account_limit.unwrap();
        assert_eq!(
            (limit.concurrent_executions, limit.unreserved_concurrent_executions),
            (Some(1_000), Some(700))
        );
    }
}
