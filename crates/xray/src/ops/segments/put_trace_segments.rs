//! `PutTraceSegments`.

use crate::{Refusal, XRayService, document};
use lambent_models::xray::{PutTraceSegmentsRequest, PutTraceSegmentsResult, UnprocessedTraceSegment};
use lambent_wire::RequestContext;

/// What is understood is kept before the answer goes out; what is not is named in it.
pub(crate) async fn put_trace_segments(
    xray: &XRayService,
    cx: &RequestContext,
    input: PutTraceSegmentsRequest,
) -> Result<PutTraceSegmentsResult, Refusal> {
    let (mut pieces, mut unprocessed, now) = (Vec::new(), Vec::new(), xray.clock.now());
    for text in input.trace_segment_documents.unwrap_or_default() {
        match document::read(&cx.scope, text.as_bytes(), now) {
            Ok(piece) => pieces.push(piece),
            Err(refused) => unprocessed.push(UnprocessedTraceSegment {
                message: Some(refused.to_string()),
                error_code: Some(refused.code.to_owned()),
                id: refused.id,
            }),
        }
    }
    xray.keeper.put(pieces).await?;
    Ok(PutTraceSegmentsResult {
        unprocessed_trace_segments: Some(unprocessed),
    })
}
