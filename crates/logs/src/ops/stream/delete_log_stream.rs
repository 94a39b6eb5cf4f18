//! `DeleteLogStream`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::DeleteLogStreamRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_log_stream(
    logs: &Logs,
    cx: &RequestContext,
    input: DeleteLogStreamRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    let stream = required(input.log_stream_name)?;
    Ok(logs.kept.delete_stream(&key, &stream).await?)
}
