//! `UntagRole`.

use crate::{Iam, Refusal};
use lambent_models::iam::{UntagRoleRequest};
use lambent_wire::RequestContext;

pub(crate) async fn untag_role(
    iam: &Iam,
    cx: &RequestContext,
    input: UntagRoleRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let gone: Vec<String> = input.tag_keys.into_iter().flatten().map(|key| key.to_lowercase()).collect();
    let changed = iam.change_role(cx, &name, |role| {
        role.tags.retain(|key, _| !gone.contains(&key.to_lowercase()));
        Ok(())
    });
    changed.await.map(|_| ())
}
