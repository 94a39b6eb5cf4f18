//! `DeleteEventSourceMapping`.

use crate::{
    Core, Refusal, documents,
    mapping::{self, State, claims},
    tags::TagSet,
};
use lambent_models::lambda::{DeleteEventSourceMappingRequest, EventSourceMappingConfiguration};
use lambent_store::{Change, CommitError, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_event_source_mapping(
    core: &Core,
    cx: &RequestContext,
    input: DeleteEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    loop {
        let found = mapping::find(core, &cx.scope, input.uuid.clone()).await?;
        let tags = documents::key::<TagSet>(&cx.scope, "", &found.value.mapping.arn());
        let delete = claims(&found.value.mapping)
            .into_iter()
            .chain([found.key.clone(), tags])
            .map(Change::DeleteDocument)
            .fold(Transaction::default(), Transaction::and);
        match core.store.commit(delete.when(found.unchanged())).await {
            // Someone changed it just now: delete what it has become.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        return Ok(found.value.shown(State::Deleting));
    }
}
