//! `ListEventSourceMappings`: of a source, of a function, or all. A function's name stands for all its versions and aliases.

use crate::{
    Core, Refusal,
    documents::{marker, page_size, read_marker},
    mapping::Mapping,
    naming::Target,
};
use lambent_models::lambda::{
    EventSourceMappingConfiguration, ListEventSourceMappingsRequest, ListEventSourceMappingsResponse,
};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 100;

pub(crate) async fn list_event_source_mappings(
    core: &Core,
    cx: &RequestContext,
    input: ListEventSourceMappingsRequest,
) -> Result<ListEventSourceMappingsResponse, Refusal> {
    let target = input
        .function_name
        .map(|name| Target::read(cx, Some(name), None))
        .transpose()?;
    let source = input.event_source_arn;
    let wanted = |Mapping { mapping, .. }: &Mapping| {
        let of_function = target.as_ref().is_none_or(|target| {
            target.key.as_ref() == Some(&mapping.function)
                && (target.qualifier.is_none() || target.qualifier == mapping.qualifier)
        });
        of_function && source.as_ref().is_none_or(|arn| mapping.source.arn() == Some(arn))
    };
    let limit = page_size(input.max_items, PAGE);
    let mut after = input
        .marker
        .as_deref()
        .map(read_marker)
        .transpose()?
        .map(|[id]| (String::new(), id));
    let mut shown: Vec<EventSourceMappingConfiguration> = Vec::new();
    loop {
        let (page, more) = core.list::<Mapping>(&cx.scope, Some(""), after, PAGE).await?;
        for stored in page.iter().filter(|stored| wanted(&stored.value)) {
            if shown.len() == limit {
                let last = shown.last().and_then(|last| last.uuid.as_deref());
                let next_marker = last.map(|id| marker(&[id]));
                return Ok(ListEventSourceMappingsResponse {
                    next_marker,
                    event_source_mappings: Some(shown),
                });
            }
            shown.push(stored.value.shown(core));
        }
        after = page
            .last()
            .filter(|_| more)
            .map(|stored| (String::new(), stored.key.id.clone()));
        if after.is_none() {
            return Ok(ListEventSourceMappingsResponse {
                next_marker: None,
                event_source_mappings: Some(shown),
            });
        }
    }
}
