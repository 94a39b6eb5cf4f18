//! `PutRolePolicy`.

use crate::{Iam, Refusal, document};
use lambent_models::iam::{PutRolePolicyRequest};
use lambent_wire::RequestContext;

pub(crate) async fn put_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: PutRolePolicyRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let (policy, text) = (input.policy_name.unwrap_or_default(), input.policy_document.unwrap_or_default());
    document::check_permissions(&text)?;
    let changed = iam.change_role(cx, &name, |role| {
        role.policies.insert(policy.clone(), text.clone());
        let size: usize = role.policies.values().map(|text| document::size(text)).sum();
        if size > document::LONGEST_INLINE {
            let most = document::LONGEST_INLINE;
            return Err(Refusal::TooMuch(format!("Maximum policy size of {most} bytes exceeded for role {name}")));
        }
        Ok(())
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{create_role::create_role, delete_role::delete_role},
        role::RoleArn,
        testing::{TRUST, context, refused, service},
    };
    use lambent_models::iam::{CreateRoleRequest, DeleteRoleRequest};

    #[tokio::test]
    async fn what_a_role_may_do_is_what_its_policies_say() {
        let iam = service();
        let made = CreateRoleRequest {
            role_name: Some("r".to_owned()),
            assume_role_policy_document: Some(TRUST.to_owned()),
            ..CreateRoleRequest::default()
        };
        create_role(&iam, &context(), made).await.unwrap();
        let put = |text: String| {
            let input = PutRolePolicyRequest {
                role_name: Some("r".to_owned()),
                policy_name: Some("p".to_owned()),
                policy_document: Some(text),
            };
            let iam = iam.clone();
            async move { put_role_policy(&iam, &context(), input).await }
        };
        let may = async |action| {
            let role = iam.role(RoleArn::read("arn:aws:iam::111111111111:role/r").unwrap()).await.unwrap().unwrap();
            role.may(action, "arn:aws:sqs:us-east-1:111111111111:q", &[])
        };
        assert!(!may("sqs:SendMessage").await);
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:q"}]}"#;
        put(text.to_owned()).await.unwrap();
        assert!(may("sqs:SendMessage").await && !may("sns:Publish").await);
        let long = text.replace("sqs:*\"", &format!("sqs:{}\"", "x".repeat(10_240)));
        assert_eq!(refused(put(long).await).1, "Maximum policy size of 10240 bytes exceeded for role r");
        let delete = DeleteRoleRequest { role_name: Some("r".to_owned()) };
        let conflict = refused(delete_role(&iam, &context(), delete).await);
        assert_eq!(conflict, ("DeleteConflict", "Cannot delete entity, must delete policies first.".to_owned()));
    }
}
