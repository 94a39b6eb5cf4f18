//! `ListInstanceProfilesForRole`.

use crate::{Iam, Refusal};
use lambent_models::iam::{ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse};
use lambent_wire::RequestContext;

/// There are none: what runs here is no machine of EC2. Terraform asks before it deletes a role.
pub(crate) async fn list_instance_profiles_for_role(
    iam: &Iam,
    cx: &RequestContext,
    input: ListInstanceProfilesForRoleRequest,
) -> Result<ListInstanceProfilesForRoleResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    iam.stored_role(cx, &name).await?;
    Ok(ListInstanceProfilesForRoleResponse {
        instance_profiles: Some(Vec::new()),
        is_truncated: Some(false),
        marker: None,
    })
}
