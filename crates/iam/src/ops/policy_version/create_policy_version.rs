//! `CreatePolicyVersion`.

use crate::{Iam, Refusal, document};
use lambent_models::iam::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};
use lambent_wire::RequestContext;

pub(crate) async fn create_policy_version(
    iam: &Iam,
    cx: &RequestContext,
    input: CreatePolicyVersionRequest,
) -> Result<CreatePolicyVersionResponse, Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let text = input.policy_document.unwrap_or_default();
    document::check_managed(&text)?;
    let (counts, now) = (input.set_as_default.unwrap_or_default(), iam.clock.now());
    let made = iam.change_policy(cx, &arn, "CreatePolicyVersion", |policy| {
        let version = policy.add(text.clone(), counts, now)?;
        Ok(version.shown(policy))
    });
    Ok(CreatePolicyVersionResponse {
        policy_version: Some(made.await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            attach_role_policy::attach_role_policy, create_policy::create_policy, create_role::create_role,
            delete_policy::delete_policy, delete_policy_version::delete_policy_version, get_policy::get_policy,
            set_default_policy_version::set_default_policy_version,
        },
        testing::{BASIC, TRUST, context, refused, service},
    };
    use lambent_models::iam::{
        AttachRolePolicyRequest, CreatePolicyRequest, CreateRoleRequest, DeletePolicyRequest, DeletePolicyVersionRequest,
        GetPolicyRequest, SetDefaultPolicyVersionRequest,
    };

    const TEXT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;
    const ARN: &str = "arn:aws:iam::111111111111:policy/p";

    async fn with_policy() -> Iam {
        let iam = service();
        let input = CreatePolicyRequest {
            policy_name: Some("p".to_owned()),
            policy_document: Some(TEXT.to_owned()),
            ..CreatePolicyRequest::default()
        };
        create_policy(&iam, &context(), input).await.unwrap();
        iam
    }

    async fn add(iam: &Iam, counts: bool) -> Result<String, Refusal> {
        let input = CreatePolicyVersionRequest {
            policy_arn: Some(ARN.to_owned()),
            policy_document: Some(TEXT.to_owned()),
            set_as_default: Some(counts),
        };
        Ok(create_policy_version(iam, &context(), input).await?.policy_version.unwrap().version_id.unwrap())
    }

    #[tokio::test]
    async fn a_policy_has_five_versions_of_which_one_counts() {
        let iam = with_policy().await;
        for number in 2..=5 {
            assert_eq!(add(&iam, number == 3).await, Ok(format!("v{number}")));
        }
        let (code, text) = refused(add(&iam, true).await);
        assert!(code == "LimitExceeded" && text.starts_with("A managed policy can have up to 5 versions."));
        let delete = async |version: &str| {
            let input = DeletePolicyVersionRequest { policy_arn: Some(ARN.to_owned()), version_id: Some(version.to_owned()) };
            delete_policy_version(&iam, &context(), input).await
        };
        assert_eq!(refused(delete("v3").await).1, "Cannot delete the default version of a policy.");
        delete("v5").await.unwrap();
        assert_eq!(refused(delete("v5").await).0, "NoSuchEntity");
        assert_eq!(add(&iam, false).await.as_deref(), Ok("v6"), "numbers are not used again");
        let input = SetDefaultPolicyVersionRequest { policy_arn: Some(ARN.to_owned()), version_id: Some("v1".to_owned()) };
        set_default_policy_version(&iam, &context(), input).await.unwrap();
        let shown = get_policy(&iam, &context(), GetPolicyRequest { policy_arn: Some(ARN.to_owned()) }).await.unwrap();
        assert_eq!(shown.policy.unwrap().default_version_id.as_deref(), Some("v1"));
    }

    #[tokio::test]
    async fn a_policy_that_is_used_stays() {
        let iam = with_policy().await;
        let role = CreateRoleRequest {
            role_name: Some("r".to_owned()),
            assume_role_policy_document: Some(TRUST.to_owned()),
            ..CreateRoleRequest::default()
        };
        create_role(&iam, &context(), role).await.unwrap();
        let attach = async |arn: &str| {
            let input = AttachRolePolicyRequest { role_name: Some("r".to_owned()), policy_arn: Some(arn.to_owned()) };
            attach_role_policy(&iam, &context(), input).await
        };
        attach(ARN).await.unwrap();
        attach(BASIC).await.unwrap();
        let stranger = refused(attach("arn:aws:iam::111111111111:policy/q").await);
        assert_eq!(stranger.1, "Policy arn:aws:iam::111111111111:policy/q does not exist or is not attachable.");
        let delete = async |arn: &str| {
            delete_policy(&iam, &context(), DeletePolicyRequest { policy_arn: Some(arn.to_owned()) }).await
        };
        assert_eq!(refused(delete(ARN).await).1, "Cannot delete a policy attached to entities.");
        assert_eq!(refused(delete(BASIC).await).0, "AccessDenied");
    }
}
