//! `DescribeEventBus`.

use crate::{
    Events, Refusal,
    bus::{self, Bus},
    documents,
};
use lambent_models::eventbridge::{DescribeEventBusRequest, DescribeEventBusResponse};
use lambent_types::Timestamp;
use lambent_wire::{RequestContext, Time};

pub(crate) async fn describe_event_bus(
    events: &Events,
    cx: &RequestContext,
    input: DescribeEventBusRequest,
) -> Result<DescribeEventBusResponse, Refusal> {
    let name = events.bus(cx, input.name).await?;
    let stored = events.load::<Bus>(&documents::key::<Bus>(&cx.scope, "", &name)).await?;
    let made = stored.map(|stored| stored.value);
    let at = made.as_ref().map(|bus| Time(Timestamp::from_micros(bus.made_at)));
    Ok(DescribeEventBusResponse {
        arn: Some(bus::arn(&cx.scope, &name)),
        name: Some(name),
        description: made.and_then(|bus| bus.description),
        creation_time: at,
        last_modified_time: at,
        ..DescribeEventBusResponse::default()
    })
}
