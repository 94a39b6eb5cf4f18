//! `DeleteRole`.

use crate::{Iam, Refusal, managed::TRIES};
use lambent_models::iam::{DeleteRoleRequest};
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// What belongs to it has to be taken from it before.
pub(crate) async fn delete_role(
    iam: &Iam,
    cx: &RequestContext,
    input: DeleteRoleRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    for _ in 0..TRIES {
        let stored = iam.stored_role(cx, &name).await?;
        if !stored.value.attached.is_empty() {
            return Err(Refusal::Conflict("Cannot delete entity, must detach all policies first."));
        }
        if !stored.value.policies.is_empty() {
            return Err(Refusal::Conflict("Cannot delete entity, must delete policies first."));
        }
        let delete = Transaction::of(Change::DeleteDocument(stored.key.clone())).when(stored.unchanged());
        match iam.store.commit(delete).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            done => return done,
        }
    }
    Err(Refusal::Busy)
}
