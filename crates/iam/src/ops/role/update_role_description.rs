//! `UpdateRoleDescription`.

use crate::{Iam, Refusal, name::home_of};
use lambent_models::iam::{UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse};
use lambent_wire::RequestContext;

pub(crate) async fn update_role_description(
    iam: &Iam,
    cx: &RequestContext,
    input: UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let changed = iam.change_role(cx, &name, |role| {
        role.description.clone_from(&input.description);
        Ok(())
    });
    Ok(UpdateRoleDescriptionResponse {
        role: Some(changed.await?.shown(&home_of(cx))),
    })
}
