//! `GetCallerIdentity`.

use crate::{Refusal, Sts, service::caller_arn};
use lambent_iam::RoleArn;
use lambent_models::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use lambent_wire::{RequestContext, RoleSession};

pub(crate) async fn get_caller_identity(
    sts: &Sts,
    cx: &RequestContext,
    input: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, Refusal> {
    let GetCallerIdentityRequest {} = input;
    let account = cx.scope.account.to_string();
    let user_id = match &cx.session {
        Some(session) => format!("{}:{}", role_id(sts, session).await?, session.name),
        None => account.clone(),
    };
    Ok(GetCallerIdentityResponse {
        user_id: Some(user_id),
        arn: Some(caller_arn(cx)),
        account: Some(account),
    })
}

/// A function's role may be one that was never made here.
async fn role_id(sts: &Sts, session: &RoleSession) -> Result<String, Refusal> {
    if let Some(id) = &session.role_id {
        return Ok(id.clone());
    }
    let known = match RoleArn::read(&session.role) {
        Some(arn) => sts.iam.role(arn).await?,
        None => None,
    };
    Ok(known.map_or_else(|| lambent_iam::made_up_role_id(&session.role), |role| role.id))
}
