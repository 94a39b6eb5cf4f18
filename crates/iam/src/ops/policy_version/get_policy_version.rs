//! `GetPolicyVersion`.

use crate::{Iam, Refusal, document};
use lambent_models::iam::{GetPolicyVersionRequest, GetPolicyVersionResponse, PolicyVersion};
use lambent_wire::RequestContext;

pub(crate) async fn get_policy_version(
    iam: &Iam,
    cx: &RequestContext,
    input: GetPolicyVersionRequest,
) -> Result<GetPolicyVersionResponse, Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let id = input.version_id.unwrap_or_default();
    let found = iam.policy(cx, &arn).await?;
    let policy = found.policy();
    let version = policy.version(&id).ok_or(Refusal::NoVersion(arn, id))?;
    Ok(GetPolicyVersionResponse {
        policy_version: Some(PolicyVersion {
            document: Some(document::shown(&version.document)),
            ..version.shown(policy)
        }),
    })
}
