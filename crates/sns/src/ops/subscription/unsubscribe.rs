//! `Unsubscribe`.

use crate::{Refusal, Sns};
use lambent_models::sns::UnsubscribeInput;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// One that is not there has ended already. Who is nobody, and follows a link, ends only a web server's, unless it was confirmed otherwise.
pub(crate) async fn unsubscribe(sns: &Sns, cx: &RequestContext, input: UnsubscribeInput) -> Result<(), Refusal> {
    let arn = input.subscription_arn.clone().unwrap_or_default();
    let (_, stored) = match sns.subscription(cx, input.subscription_arn, "Unsubscribe").await {
        Err(Refusal::NoSubscription) => return Ok(()),
        found => found?,
    };
    if cx.access_key.is_none() && stored.value.authenticated {
        return Err(Refusal::NotAuthorized("Unsubscribe", arn));
    }
    Ok(sns.store.commit(Transaction::of(Change::DeleteDocument(stored.key))).await?)
}
