//! `GetSessionToken`.

use crate::{Refusal, Sts, service::credentials};
use lambent_models::sts::{GetSessionTokenRequest, GetSessionTokenResponse};
use lambent_wire::RequestContext;
use std::time::Duration;

/// How long credentials are good where nothing else is asked for, in seconds: twelve hours.
const USUAL: i64 = 43_200;

/// Credentials of the account itself that end.
pub(crate) async fn get_session_token(
    sts: &Sts,
    cx: &RequestContext,
    input: GetSessionTokenRequest,
) -> Result<GetSessionTokenResponse, Refusal> {
    if cx.session.is_some() {
        return Err(Refusal::SessionAsks);
    }
    let seconds = u64::try_from(input.duration_seconds.unwrap_or(USUAL)).unwrap_or(0);
    let ends = sts.clock.now().plus(Duration::from_secs(seconds));
    let issued = sts.keys.issue(cx.scope.account, None, ends, sts.ids.as_ref());
    Ok(GetSessionTokenResponse {
        credentials: Some(credentials(issued)),
        ..GetSessionTokenResponse::default()
    })
}
