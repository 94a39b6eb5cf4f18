//! `CreateRole`.

use crate::{
    Iam, Refusal, document,
    managed::TRIES,
    name::{Prefix, home_of, new_id},
    role::{Role, key},
    tags,
};
use lambent_models::iam::{self, CreateRoleRequest, CreateRoleResponse};
use lambent_store::{Condition, Transaction};
use lambent_wire::RequestContext;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) async fn create_role(
    iam: &Iam,
    cx: &RequestContext,
    input: CreateRoleRequest,
) -> Result<CreateRoleResponse, Refusal> {
    let trust = input.assume_role_policy_document.unwrap_or_default();
    document::check_trust(&trust)?;
    if let Some(boundary) = &input.permissions_boundary {
        iam.policy(cx, boundary).await?;
    }
    let mut bears = tags::Tags::new();
    tags::add(&mut bears, &tags::read(input.tags)?, "Role")?;
    let role = Role {
        name: input.role_name.unwrap_or_default(),
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: new_id(Prefix::Role, iam.ids.as_ref()),
        created: iam.clock.now(),
        trust,
        description: input.description,
        longest_session: input.max_session_duration.unwrap_or(HOUR),
        tags: bears,
        policies: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary: input.permissions_boundary,
    };
    let scope = home_of(cx);
    let key = key(&scope, &role.name);
    for _ in 0..TRIES {
        if iam.load::<Role>(&key).await?.is_some() {
            return Err(Refusal::RoleExists(role.name));
        }
        let put = Transaction::of(iam.put(key.clone(), &role)?);
        let absent = Condition::DocumentAbsent(key.clone());
        match iam.store.commit(put.when(absent)).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            Err(other) => return Err(other),
            Ok(()) => {
                let shown = iam::Role {
                    role_last_used: None,
                    ..role.shown(&scope)
                };
                return Ok(CreateRoleResponse { role: Some(shown) });
            }
        }
    }
    Err(Refusal::Busy)
}

/// The longest session of a role for which nothing else is set, in seconds.
pub(crate) const HOUR: i64 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::get_role::get_role,
        role::RoleArn,
        testing::{TRUST, context, refused, service},
    };
    use lambent_engine::policy::Who;
    use lambent_models::iam::GetRoleRequest;

    fn asked(name: &str) -> CreateRoleRequest {
        CreateRoleRequest {
            role_name: Some(name.to_owned()),
            path: Some("/service-role/".to_owned()),
            assume_role_policy_document: Some(TRUST.to_owned()),
            ..CreateRoleRequest::default()
        }
    }

    #[tokio::test]
    async fn a_role_is_made_once() {
        let iam = service();
        let made = create_role(&iam, &context(), asked("Worker")).await.unwrap().role.unwrap();
        assert_eq!(made.arn.as_deref(), Some("arn:aws:iam::111111111111:role/service-role/Worker"));
        assert!(made.role_id.unwrap().starts_with("AROA"));
        assert!(made.assume_role_policy_document.unwrap().starts_with("%7B%22Version%22"));
        let again = refused(create_role(&iam, &context(), asked("worker")).await);
        assert_eq!(again, ("EntityAlreadyExists", "Role with name worker already exists.".to_owned()));
        let other = refused(
            get_role(&iam, &context(), GetRoleRequest { role_name: Some("other".to_owned()) }).await,
        );
        assert_eq!(other, ("NoSuchEntity", "The role with name other cannot be found.".to_owned()));
    }

    #[tokio::test]
    async fn others_learn_who_may_assume_it() {
        let iam = service();
        create_role(&iam, &context(), asked("r")).await.unwrap();
        let known = |arn: &'static str| iam.role(RoleArn::read(arn).unwrap());
        let role = known("arn:aws:iam::111111111111:role/service-role/r").await.unwrap().unwrap();
        assert!(role.may_be_assumed(Who::Service("lambda.amazonaws.com"), &[]));
        assert!(!role.may_be_assumed(Who::Service("ec2.amazonaws.com"), &[]));
        for stranger in ["arn:aws:iam::111111111111:role/r", "arn:aws:iam::222222222222:role/service-role/r"] {
            assert!(known(stranger).await.unwrap().is_none(), "{stranger}");
        }
    }
}
