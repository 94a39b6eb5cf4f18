//! `AddPermission`. This server has no setting that blocks public access, so AWS's `PublicPolicyException` does not occur.

use crate::{
    Core, Refusal,
    naming::Target,
    permission::refuse_latest,
    policy::{Condition, Effect, Equals, Principal, SourceArn, Statement, ViaUrl},
};
use lambent_models::lambda::{AddPermissionRequest, AddPermissionResponse};
use lambent_wire::RequestContext;

const INVOKE_URL: &str = "lambda:InvokeFunctionUrl";

pub(crate) async fn add_permission(
    core: &Core,
    cx: &RequestContext,
    input: AddPermissionRequest,
) -> Result<AddPermissionResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    refuse_latest(&target)?;
    let owner = core.policy_owner(&target, Refusal::FunctionNotFound).await?;
    let principal = input.principal.unwrap_or_default();
    let (sid, action) = (input.statement_id.unwrap_or_default(), input.action.unwrap_or_default());
    if input.function_url_auth_type.is_some() && !matches!(action.as_str(), INVOKE_URL | "lambda:*" | "*") {
        let text = format!("FunctionUrlAuthType is only supported for {INVOKE_URL} action");
        return Err(Refusal::InvalidParameter(text));
    }
    let condition = || Condition {
        string_equals: Equals {
            source_account: input.source_account.clone(),
            event_source_token: input.event_source_token.clone(),
            url_auth_type: input.function_url_auth_type.clone(),
            organization: input.principal_org_id.clone(),
        },
        arn_like: input.source_arn.clone().map(|arn| SourceArn { arn }),
        bool: input.invoked_via_function_url.map(|via| ViaUrl {
            invoked_via_url: via.to_string(),
        }),
    };
    let add = |policy: Option<crate::policy::Policy>| {
        let mut policy = policy.unwrap_or_default();
        let text = policy.add(&Statement {
            sid: &sid,
            effect: Effect::Allow,
            principal: Principal::read(&principal, &cx.scope)?,
            action: &action,
            resource: &owner.arn,
            condition: condition(),
        })?;
        Ok((Some(policy), text))
    };
    let (statement, _) = core.change_policy(&owner, input.revision_id.as_deref(), add).await?;
    Ok(AddPermissionResponse {
        statement: Some(statement),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{get_policy::get_policy, remove_permission::remove_permission},
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{GetPolicyRequest, RemovePermissionRequest};

    const MISSING: &str = "The resource you requested does not exist.";

    fn request(name: &str, sid: &str) -> AddPermissionRequest {
        AddPermissionRequest {
            function_name: Some(name.to_owned()),
            statement_id: Some(sid.to_owned()),
            action: Some("lambda:InvokeFunction".to_owned()),
            principal: Some("s3.amazonaws.com".to_owned()),
            source_arn: Some("arn:aws:s3:::bucket".to_owned()),
            ..AddPermissionRequest::default()
        }
    }

    async fn add(core: &Core, input: AddPermissionRequest) -> Result<String, Refusal> {
        let added = add_permission(core, &context(), input).await?;
        Ok(added.statement.unwrap())
    }

    async fn get(core: &Core, name: &str) -> Result<(String, String), Refusal> {
        let input = GetPolicyRequest {
            function_name: Some(name.to_owned()),
            qualifier: None,
        };
        let found = get_policy(core, &context(), input).await?;
        Ok((found.policy.unwrap(), found.revision_id.unwrap()))
    }

    async fn remove(core: &Core, name: &str, sid: &str) -> Result<(), Refusal> {
        let input = RemovePermissionRequest {
            function_name: Some(name.to_owned()),
            statement_id: Some(sid.to_owned()),
            ..RemovePermissionRequest::default()
        };
        remove_permission(core, &context(), input).await
    }

    /// Follows the recording `test_lambda_permission_fn_versioning`.
    #[tokio::test]
    async fn what_has_no_policy_has_no_revision_that_would_be_right() {
        let core = core();
        let function = record("f");
        core.given(function.clone()).await;
        let revision_id = Some(function.revision.to_string());
        let refusal = refused(add(&core, AddPermissionRequest { revision_id, ..request("f", "a") }).await);
        assert_eq!(refusal.0, "PreconditionFailedException");
    }

    #[tokio::test]
    async fn statements_are_added_and_removed_one_by_one() {
        let core = core();
        core.given(record("f")).await;
        assert_eq!(
            refused(get(&core, "f").await),
            ("ResourceNotFoundException", MISSING.to_owned())
        );
        let first = add(&core, request("f", "a")).await.unwrap();
        assert!(first.contains(r#""Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}"#));
        let second = add(&core, request("f", "b")).await.unwrap();
        let (text, revision) = get(&core, "f").await.unwrap();
        assert_eq!(
            text,
            format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{first},{second}]}}"#)
        );
        assert_eq!(
            refused(add(&core, request("f", "a")).await),
            (
                "ResourceConflictException",
                "The statement id (a) provided already exists. Please provide a new statement id, or remove the existing statement.".to_owned()
            )
        );
        let stale = AddPermissionRequest {
            revision_id: Some("stale".to_owned()),
            ..request("f", "c")
        };
        assert_eq!(
            refused(add(&core, stale).await),
            (
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id".to_owned()
            )
        );
        add(
            &core,
            AddPermissionRequest {
                revision_id: Some(revision),
                ..request("f", "c")
            },
        )
        .await
        .unwrap();
        assert_eq!(
            refused(remove(&core, "f", "x").await).1,
            "Statement x is not found in resource policy."
        );
        for sid in ["a", "b", "c"] {
            remove(&core, "f", sid).await.unwrap();
        }
        assert_eq!(
            refused(get(&core, "f").await).1,
            MISSING,
            "a policy without statements is none"
        );
        assert_eq!(
            refused(remove(&core, "f", "a").await).1,
            "No policy is associated with the given resource."
        );
    }

    #[tokio::test]
    async fn what_does_not_exist_is_told_in_recorded_words() {
        let core = core();
        core.given(record("f")).await;
        let arn = "arn:aws:lambda:us-east-1:111111111111:function";
        let not_found = [
            ("g", format!("Function not found: {arn}:g")),
            ("f:42", format!("Function not found: {arn}:f:42")),
            ("f:live", format!("Cannot find alias arn: {arn}:f:live")),
            ("f:with-$", format!("Function not found: {arn}:f:with-$")),
        ];
        for (name, text) in not_found {
            assert_eq!(
                refused(add(&core, request(name, "s")).await),
                ("ResourceNotFoundException", text)
            );
        }
        assert_eq!(
            refused(remove(&core, "g", "s").await).1,
            format!("No policy found for: {arn}:g")
        );
        assert_eq!(
            refused(remove(&core, "f:live", "s").await).1,
            format!("Cannot find alias arn: {arn}:f:live")
        );
        assert_eq!(
            refused(add(&core, request("f:$LATEST", "s")).await).1,
            "We currently do not support adding policies for $LATEST."
        );
        let principal = Some("invalid.nonaws.com".to_owned());
        assert_eq!(
            refused(
                add(
                    &core,
                    AddPermissionRequest {
                        principal,
                        ..request("f", "s")
                    }
                )
                .await
            )
            .1,
            "The provided principal was invalid. Please check the principal and try again."
        );
    }
}
