//! `UpdateRole`.

use crate::{Iam, Refusal, ops::create_role::HOUR};
use lambent_models::iam::UpdateRoleRequest;
use lambent_wire::RequestContext;

/// A longest session that is not said is an hour again; a description that is not said stays.
pub(crate) async fn update_role(
    iam: &Iam,
    cx: &RequestContext,
    input: UpdateRoleRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    iam.change_role(cx, &name, |role| {
        role.longest_session = input.max_session_duration.unwrap_or(HOUR);
        if let Some(description) = &input.description {
            role.description = Some(description.clone());
        }
        Ok(())
    })
    .await
    .map(|_| ())
}
