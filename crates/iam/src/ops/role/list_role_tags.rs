//! `ListRoleTags`.

use crate::{Iam, Refusal, page::page, tags};
use lambent_models::iam::{ListRoleTagsRequest, ListRoleTagsResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_role_tags(
    iam: &Iam,
    cx: &RequestContext,
    input: ListRoleTagsRequest,
) -> Result<ListRoleTagsResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let role = iam.stored_role(cx, &name).await?.value;
    let shown = page(role.tags, |(key, _)| key, input.marker.as_deref(), input.max_items)?;
    Ok(ListRoleTagsResponse {
        is_truncated: shown.is_truncated(),
        tags: Some(tags::shown(&shown.items.into_iter().collect())),
        marker: shown.marker,
    })
}
