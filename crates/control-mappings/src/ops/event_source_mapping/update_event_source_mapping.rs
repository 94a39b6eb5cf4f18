//! `UpdateEventSourceMapping`.

use crate::{
    Core, Refusal, documents,
    mapping::{self, Step, claims},
    mapping_settings::Settings,
    naming::Target,
    ops::create_event_source_mapping::{claim, commit, existing_function},
};
use lambent_models::lambda::{EventSourceMappingConfiguration, UpdateEventSourceMappingRequest};
use lambent_store::{Change, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

pub(crate) async fn update_event_source_mapping(
    core: &Core,
    cx: &RequestContext,
    input: UpdateEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    let found = mapping::find(core, &cx.scope, input.uuid.clone()).await?;
    let before = found.value.clone();
    if before.step == Step::Delete {
        return Err(Refusal::MappingInUse("update"));
    }
    let mut base = before.clone();
    if let Some(name) = input.function_name.clone() {
        let target = Target::read(cx, Some(name), None)?;
        base.mapping.function = existing_function(core, &target).await?;
        base.mapping.qualifier = target.qualifier;
    }
    let mut after = Settings::from(&input).apply(base)?;
    after.mapping.last_modified = core.clock.now();
    after.step = match (before.mapping.enabled, after.mapping.enabled) {
        (true, false) => Step::Disable,
        (false, true) => Step::Enable,
        (true, true) | (false, false) => Step::Update,
    };
    let (held, wanted) = (claims(&before.mapping), claims(&after.mapping));
    let put = documents::put(found.key.clone(), RevisionId::new(core.ids.as_ref()), &after)?;
    let released = held.iter().filter(|key| !wanted.contains(key));
    let transaction = released
        .map(|key| Change::DeleteDocument(key.clone()))
        .fold(Transaction::of(put).when(found.unchanged()), Transaction::and);
    let new = wanted.iter().filter(|key| !held.contains(key)).cloned().collect();
    commit(core, claim(core, transaction, &after, new)?, &after).await?;
    core.sources.board.changed();
    Ok(after.answered(core))
}
