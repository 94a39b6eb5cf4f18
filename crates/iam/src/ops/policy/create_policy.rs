//! `CreatePolicy`.

use crate::{
    Iam, Refusal,
    document,
    managed::{ManagedPolicy, TRIES, key},
    name::{Prefix, home_of, new_id},
    tags,
};
use lambent_models::iam::{CreatePolicyRequest, CreatePolicyResponse};
use lambent_store::{Condition, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn create_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: CreatePolicyRequest,
) -> Result<CreatePolicyResponse, Refusal> {
    let text = input.policy_document.unwrap_or_default();
    document::check_managed(&text)?;
    let now = iam.clock.now();
    let mut bears = tags::Tags::new();
    tags::add(&mut bears, &tags::read(input.tags)?, "Policy")?;
    let mut policy = ManagedPolicy {
        name: input.policy_name.unwrap_or_default(),
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: new_id(Prefix::Policy, iam.ids.as_ref()),
        description: input.description,
        tags: bears,
        created: now,
        updated: now,
        default: 0,
        newest: 0,
        versions: Vec::new(),
    };
    policy.add(text, true, now)?;
    let scope = home_of(cx);
    let key = key(&scope, &policy.name);
    for _ in 0..TRIES {
        if iam.load::<ManagedPolicy>(&key).await?.is_some() {
            return Err(Refusal::PolicyExists(policy.name));
        }
        let put = Transaction::of(iam.put(key.clone(), &policy)?);
        let absent = Condition::DocumentAbsent(key.clone());
        match iam.store.commit(put.when(absent)).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            Err(other) => return Err(other),
            Ok(()) => {
                let arn = policy.arn(scope.region.partition(), scope.account.as_str());
                return Ok(CreatePolicyResponse {
                    policy: Some(policy.listed(arn, 0, 0)),
                });
            }
        }
    }
    Err(Refusal::Busy)
}
