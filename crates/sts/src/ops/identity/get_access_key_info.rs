//! `GetAccessKeyInfo`.

use crate::{Refusal, Sts, keys::account_in, service::LongTermKeys};
use lambent_models::sts::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse};
use lambent_types::AccountId;
use lambent_wire::RequestContext;

/// The account for which the server would take whoever signs with this key.
pub(crate) async fn get_access_key_info(
    sts: &Sts,
    cx: &RequestContext,
    input: GetAccessKeyInfoRequest,
) -> Result<GetAccessKeyInfoResponse, Refusal> {
    let _ = cx;
    let key = input.access_key_id.unwrap_or_default();
    let account = match &sts.long_term {
        LongTermKeys::Configured(keys) => keys.get(&key).copied().or_else(|| account_in(&key)),
        LongTermKeys::Any => account_in(&key).or(Some(AccountId::DEFAULT)),
    };
    Ok(GetAccessKeyInfoResponse {
        account: Some(account.ok_or(Refusal::UnknownKey)?.to_string()),
    })
}
