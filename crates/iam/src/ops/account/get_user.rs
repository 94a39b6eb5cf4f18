//! `GetUser`.

use crate::{Iam, Refusal};
use lambent_models::iam::{GetUserRequest, GetUserResponse, User};
use lambent_wire::RequestContext;

/// The caller, who is the account's root: there are no users. Nobody knows when the account was opened.
pub(crate) async fn get_user(
    iam: &Iam,
    cx: &RequestContext,
    input: GetUserRequest,
) -> Result<GetUserResponse, Refusal> {
    let _ = iam;
    if let Some(name) = input.user_name {
        return Err(Refusal::NoUser(name));
    }
    if cx.session.is_some() {
        return Err(Refusal::Invalid("Must specify userName when calling with non-User credentials"));
    }
    let (account, partition) = (cx.scope.account, cx.scope.region.partition());
    Ok(GetUserResponse {
        user: Some(User {
            path: Some("/".to_owned()),
            user_id: Some(account.to_string()),
            arn: Some(format!("arn:{partition}:iam::{account}:root")),
            create_date: Some(lambent_wire::Time::default()),
            ..User::default()
        }),
    })
}
