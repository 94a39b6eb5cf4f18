//! `PutResourcePolicy`: the whole policy of a function, a version or an alias at once, in place of what `AddPermission` put there.

use crate::{Core, Refusal, naming::Target, permission::refuse_latest, policy::Policy};
use lambent_models::lambda::{PutResourcePolicyRequest, PutResourcePolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn put_resource_policy(
    core: &Core,
    cx: &RequestContext,
    input: PutResourcePolicyRequest,
) -> Result<PutResourcePolicyResponse, Refusal> {
    let target = Target::read(cx, input.resource_arn, None)?;
    refuse_latest(&target)?;
    let owner = core.policy_owner(&target, Refusal::FunctionNotFound).await?;
    let policy = Policy::read(&input.policy.unwrap_or_default())?;
    let put = |_: Option<Policy>| Ok((Some(policy.clone()), policy.text()?));
    let (text, revision) = core.change_policy(&owner, input.revision_id.as_deref(), put).await?;
    Ok(PutResourcePolicyResponse {
        policy: Some(text),
        revision_id: Some(revision.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{delete_resource_policy::delete_resource_policy, get_resource_policy::get_resource_policy},
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{DeleteResourcePolicyRequest, GetResourcePolicyRequest};

    #[tokio::test]
    async fn a_whole_policy_is_put_read_and_deleted() {
        let (core, cx) = (core(), context());
        core.given(record("f")).await;
        let arn = Some("arn:aws:lambda:us-east-1:111111111111:function:f".to_owned());
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"no","Effect":"Deny","Principal":"*","Action":"lambda:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
        let put = PutResourcePolicyRequest {
            resource_arn: arn.clone(),
            policy: Some(text.to_owned()),
            revision_id: None,
        };
        let answer = put_resource_policy(&core, &cx, put.clone()).await.unwrap();
        assert_eq!(answer.policy.as_deref(), Some(text));
        let got = get_resource_policy(
            &core,
            &cx,
            GetResourcePolicyRequest {
                resource_arn: arn.clone(),
            },
        )
        .await;
        assert_eq!(got.unwrap().revision_id, answer.revision_id);
        let stale = PutResourcePolicyRequest {
            revision_id: Some("stale".to_owned()),
            ..put
        };
        assert_eq!(
            refused(put_resource_policy(&core, &cx, stale).await).0,
            "PreconditionFailedException"
        );
        let delete = DeleteResourcePolicyRequest {
            resource_arn: arn,
            revision_id: answer.revision_id,
        };
        delete_resource_policy(&core, &cx, delete.clone()).await.unwrap();
        assert_eq!(
            refused(delete_resource_policy(&core, &cx, delete).await).0,
            "ResourceNotFoundException"
        );
    }
}
