//! `DeletePolicy`.

use crate::{Iam, Refusal, attached::Uses, managed::TRIES};
use lambent_models::iam::{DeletePolicyRequest};
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: DeletePolicyRequest,
) -> Result<(), Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    for _ in 0..TRIES {
        let stored = iam.own_policy(cx, &arn, "DeletePolicy").await?;
        let roles = iam.roles(cx).await?;
        if Uses(&roles).attachments(&arn) + Uses(&roles).boundaries(&arn) > 0 {
            return Err(Refusal::Conflict("Cannot delete a policy attached to entities."));
        }
        if stored.value.versions.len() > 1 {
            return Err(Refusal::Conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
                 default version is deleted with the policy.",
            ));
        }
        // Attaching the policy meanwhile would have given it another revision.
        let delete = Transaction::of(Change::DeleteDocument(stored.key.clone())).when(stored.unchanged());
        match iam.store.commit(delete).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            done => return done,
        }
    }
    Err(Refusal::Busy)
}
