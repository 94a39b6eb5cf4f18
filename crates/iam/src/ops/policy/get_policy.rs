//! `GetPolicy`.

use crate::{Iam, Refusal, attached::Uses};
use lambent_models::iam::{GetPolicyRequest, GetPolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: GetPolicyRequest,
) -> Result<GetPolicyResponse, Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let found = iam.policy(cx, &arn).await?;
    let roles = iam.roles(cx).await?;
    let (attachments, boundaries) = (Uses(&roles).attachments(&arn), Uses(&roles).boundaries(&arn));
    Ok(GetPolicyResponse {
        policy: Some(found.policy().shown(arn, attachments, boundaries)),
    })
}
