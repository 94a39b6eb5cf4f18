//! `TestEventPattern`.

use crate::{Events, Refusal};
use lambent_engine::pattern::Pattern;
use lambent_models::eventbridge::{TestEventPatternRequest, TestEventPatternResponse};
use lambent_wire::RequestContext;
use serde_json::Value;

/// What an event must say.
const REQUIRED: [&str; 7] = ["id", "account", "source", "time", "region", "resources", "detail-type"];

pub(crate) async fn test_event_pattern(
    _events: &Events,
    _cx: &RequestContext,
    input: TestEventPatternRequest,
) -> Result<TestEventPatternResponse, Refusal> {
    let pattern = Pattern::parse(&input.event_pattern.unwrap_or_default()).map_err(Refusal::Pattern)?;
    let invalid = |reason: &str| Refusal::Invalid(format!("Parameter Event is not valid. Reason: {reason}"));
    let event: Value = serde_json::from_str(&input.event.unwrap_or_default()).map_err(|_| invalid("it is no JSON."))?;
    if let Some(missing) = REQUIRED.iter().find(|name| event.get(name).is_none()) {
        return Err(invalid(&format!("{missing} is a required argument.")));
    }
    Ok(TestEventPatternResponse {
        result: Some(pattern.matches(&event)),
    })
}
