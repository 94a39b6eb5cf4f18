//! Which roles share which policies.

use crate::{
    Iam, Refusal,
    managed::{Found, TRIES},
    role::Role,
};
use lambent_store::Transaction;
use lambent_wire::RequestContext;

/// Policies that a role may share.
const MOST: usize = 10;

/// How a policy is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uses<'a>(pub(crate) &'a [Role]);

impl Uses<'_> {
    /// The roles it is attached to.
    pub(crate) fn attachments(self, arn: &str) -> usize {
        self.0.iter().filter(|role| role.attached.contains(arn)).count()
    }

    /// The roles it bounds.
    pub(crate) fn boundaries(self, arn: &str) -> usize {
        self.0
            .iter()
            .filter(|role| role.boundary.as_deref() == Some(arn))
            .count()
    }
}

impl Iam {
    /// Attaches a policy to a role, together with a new revision of the policy: whoever deletes it at the same time notices.
    pub(crate) async fn attach(&self, cx: &RequestContext, role: &str, arn: &str) -> Result<(), Refusal> {
        let unattachable = |refusal| {
            if let Refusal::NoPolicy(arn) = refusal {
                Refusal::NotAttachable(arn)
            } else {
                refusal
            }
        };
        for _ in 0..TRIES {
            let mut stored = self.stored_role(cx, role).await?;
            let policy = self.policy(cx, arn).await.map_err(unattachable)?;
            let mut condition = vec![stored.unchanged()];
            if !stored.value.attached.insert(arn.to_owned()) {
                return Ok(());
            }
            if stored.value.attached.len() > MOST {
                return Err(Refusal::TooMuch(format!(
                    "Cannot exceed quota for PoliciesPerRole: {MOST}"
                )));
            }
            let mut transaction = Transaction::of(self.put(stored.key.clone(), &stored.value)?);
            if let Found::Own(policy) = policy {
                condition.push(policy.unchanged());
                transaction = transaction.and(self.put(policy.key.clone(), &policy.value)?);
            }
            let transaction = condition.into_iter().fold(transaction, Transaction::when);
            match self.store.commit(transaction).await.map_err(Refusal::from) {
                Err(Refusal::Busy) => {}
                done => return done,
            }
        }
        Err(Refusal::Busy)
    }
}
