//! `TagRole`.

use crate::{Iam, Refusal, tags};
use lambent_models::iam::{TagRoleRequest};
use lambent_wire::RequestContext;

pub(crate) async fn tag_role(
    iam: &Iam,
    cx: &RequestContext,
    input: TagRoleRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let added = tags::read(input.tags)?;
    let changed = iam.change_role(cx, &name, |role| tags::add(&mut role.tags, &added, "Role"));
    changed.await.map(|_| ())
}
