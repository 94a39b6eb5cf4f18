//! `GetRole`.

use crate::{Iam, Refusal, name::home_of};
use lambent_models::iam::{GetRoleRequest, GetRoleResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_role(
    iam: &Iam,
    cx: &RequestContext,
    input: GetRoleRequest,
) -> Result<GetRoleResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let role = iam.stored_role(cx, &name).await?.value;
    Ok(GetRoleResponse {
        role: Some(role.shown(&home_of(cx))),
    })
}
