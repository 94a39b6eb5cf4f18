//! `AssumeRole`.

use crate::{
    Refusal, Sts,
    service::{caller_arn, credentials},
};
use lambent_engine::policy::{Document, Who};
use lambent_iam::{KnownRole, RoleArn};
use lambent_models::sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use lambent_wire::{RequestContext, RoleSession};
use std::time::Duration;

/// How long a session lasts where nothing else is asked for, and at most where a session asks for it; in seconds.
const HOUR: i64 = 3_600;

/// The role must have been made here, and its trust policy must let the caller assume it.
pub(crate) async fn assume_role(
    sts: &Sts,
    cx: &RequestContext,
    input: AssumeRoleRequest,
) -> Result<AssumeRoleResponse, Refusal> {
    let role_arn = input.role_arn.clone().unwrap_or_default();
    let arn = RoleArn::read(&role_arn).ok_or(Refusal::Invalid("Request ARN is invalid"))?;
    let role = sts.iam.role(arn).await?;
    let trusting = role.filter(|role| is_trusted(role, cx, &input));
    let role = trusting.ok_or_else(|| Refusal::MayNotAssume(caller_arn(cx), role_arn.clone()))?;
    if input.policy.as_deref().is_some_and(|policy| Document::read(policy).is_err()) {
        return Err(Refusal::MalformedPolicy);
    }
    let ends = sts.clock.now().plus(duration(input.duration_seconds, &role, cx)?);
    let session = RoleSession {
        role: role_arn.clone(),
        role_id: Some(role.id.clone()),
        name: input.role_session_name.unwrap_or_default(),
    };
    let user = AssumedRoleUser {
        assumed_role_id: Some(format!("{}:{}", role.id, session.name)),
        arn: Some(session.arn()),
    };
    let issued = sts.keys.issue(arn.account, Some(session), ends, sts.ids.as_ref());
    Ok(AssumeRoleResponse {
        credentials: Some(credentials(issued)),
        assumed_role_user: Some(user),
        source_identity: input.source_identity,
        ..AssumeRoleResponse::default()
    })
}

fn is_trusted(role: &KnownRole, cx: &RequestContext, asked: &AssumeRoleRequest) -> bool {
    let account = cx.scope.account;
    let caller = caller_arn(cx);
    let who = match &cx.session {
        Some(session) => Who::Session {
            account,
            role: &session.role,
            session: &caller,
        },
        None => Who::Account(account),
    };
    let principal = cx.session.as_ref().map_or(caller.as_str(), |session| session.role.as_str());
    let facts = [
        ("aws:PrincipalAccount", Some(account.as_str())),
        ("aws:PrincipalArn", Some(principal)),
        ("aws:MultiFactorAuthPresent", None),
        ("sts:ExternalId", asked.external_id.as_deref()),
        ("sts:RoleSessionName", asked.role_session_name.as_deref()),
        ("sts:SourceIdentity", asked.source_identity.as_deref()),
    ];
    role.may_be_assumed(who, &facts)
}

fn duration(asked: Option<i64>, role: &KnownRole, cx: &RequestContext) -> Result<Duration, Refusal> {
    let seconds = asked.unwrap_or(HOUR);
    if cx.session.is_some() && seconds > HOUR {
        return Err(Refusal::Invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > role.longest_session {
        return Err(Refusal::Invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::get_caller_identity::get_caller_identity,
        service::refused,
        testing::{context, role, service},
    };
    use lambent_models::sts::GetCallerIdentityRequest;

    const ARN: &str = "arn:aws:iam::111111111111:role/r";

    fn asked(seconds: Option<i64>, external: Option<&str>) -> AssumeRoleRequest {
        AssumeRoleRequest {
            role_arn: Some(ARN.to_owned()),
            role_session_name: Some("s".to_owned()),
            duration_seconds: seconds,
            external_id: external.map(str::to_owned),
            ..AssumeRoleRequest::default()
        }
    }

    #[tokio::test]
    async fn who_is_trusted_becomes_the_role() {
        let sts = service();
        role(&sts, "r", r#"{"AWS":"111111111111"}"#, "").await;
        let answer = assume_role(&sts, &context("111111111111"), asked(None, None)).await.unwrap();
        let user = answer.assumed_role_user.unwrap();
        assert_eq!(user.arn.as_deref(), Some("arn:aws:sts::111111111111:assumed-role/r/s"));
        let session = sts.keys.open(&answer.credentials.unwrap().session_token.unwrap()).unwrap();
        assert_eq!(session.ends, sts.clock.now().plus(Duration::from_secs(3_600)));
        let mut cx = context("111111111111");
        cx.session = session.role;
        let identity = get_caller_identity(&sts, &cx, GetCallerIdentityRequest {}).await.unwrap();
        assert_eq!((identity.arn, identity.user_id), (user.arn, user.assumed_role_id));
        let chained = refused(assume_role(&sts, &cx, asked(Some(3_601), None)).await);
        assert!(chained.1.ends_with("by role chaining"), "{chained:?}");
    }

    #[tokio::test]
    async fn others_do_not() {
        let sts = service();
        role(&sts, "r", r#"{"AWS":"111111111111"}"#, r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#).await;
        let assume = async |account, external| assume_role(&sts, &context(account), asked(None, external)).await;
        assert!(assume("111111111111", Some("x")).await.is_ok());
        let denied = refused(assume("111111111111", None).await);
        let words = format!(
            "User: arn:aws:iam::111111111111:root is not authorized to perform: sts:AssumeRole on resource: {ARN}"
        );
        assert_eq!(denied, ("AccessDenied", words));
        assert_eq!(refused(assume("222222222222", Some("x")).await).0, "AccessDenied");
        let long = refused(assume_role(&sts, &context("111111111111"), asked(Some(7_200), Some("x"))).await);
        assert_eq!(long.0, "ValidationError");
    }
}
