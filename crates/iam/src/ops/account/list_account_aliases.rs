//! `ListAccountAliases`.

use crate::{Iam, Refusal};
use lambent_models::iam::{ListAccountAliasesRequest, ListAccountAliasesResponse};
use lambent_wire::RequestContext;

/// Accounts have no aliases here.
pub(crate) async fn list_account_aliases(
    iam: &Iam,
    cx: &RequestContext,
    input: ListAccountAliasesRequest,
) -> Result<ListAccountAliasesResponse, Refusal> {
    let _ = (iam, cx, input);
    Ok(ListAccountAliasesResponse {
        account_aliases: Some(Vec::new()),
        is_truncated: Some(false),
        marker: None,
    })
}
