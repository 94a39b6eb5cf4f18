//! `ListEntitiesForPolicy`.

use crate::{Iam, Refusal, page::page};
use lambent_models::iam::{ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyRole};
use lambent_wire::RequestContext;

/// Roles: users and groups are none of this server.
pub(crate) async fn list_entities_for_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: ListEntitiesForPolicyRequest,
) -> Result<ListEntitiesForPolicyResponse, Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    iam.policy(cx, &arn).await?;
    let wanted = input.entity_filter.as_deref().is_none_or(|kind| matches!(kind, "Role"));
    let prefix = input.path_prefix.unwrap_or_default();
    let (as_policy, as_boundary) = match input.policy_usage_filter.as_deref() {
        Some("PermissionsPolicy") => (true, false),
        Some("PermissionsBoundary") => (false, true),
        _ => (true, true),
    };
    let roles = iam.roles(cx).await?;
    let uses = roles.iter().filter(|role| {
        (as_policy && role.attached.contains(&arn)) || (as_boundary && role.boundary.as_ref() == Some(&arn))
    });
    let uses = uses.filter(|role| wanted && role.path.starts_with(&prefix));
    let keyed = uses.map(|role| (role.name.to_lowercase(), role));
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), input.max_items)?;
    let shown = page.items.iter().map(|(_, role)| PolicyRole {
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
    });
    Ok(ListEntitiesForPolicyResponse {
        policy_roles: Some(shown.collect()),
        policy_groups: Some(Vec::new()),
        policy_users: Some(Vec::new()),
        is_truncated: page.is_truncated(),
        marker: page.marker,
    })
}
