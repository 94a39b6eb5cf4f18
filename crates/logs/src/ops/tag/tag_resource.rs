//! `TagResource`.

use crate::{Logs, Refusal, tags};
use lambent_models::logs::TagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn tag_resource(logs: &Logs, cx: &RequestContext, input: TagResourceRequest) -> Result<(), Refusal> {
    let key = logs.tagged(cx, input.resource_arn)?;
    logs.change_settings(&key, |settings| tags::add(&mut settings.tags, input.tags.clone()))
        .await
}
