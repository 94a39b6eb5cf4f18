//! `CreateLogStream`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::CreateLogStreamRequest;
use lambent_wire::RequestContext;

pub(crate) async fn create_log_stream(
    logs: &Logs,
    cx: &RequestContext,
    input: CreateLogStreamRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let stream = required(input.log_stream_name)?;
    Ok(logs.kept.create_stream(&key, &stream).await?)
}
