//! `DeleteEventSourceMapping`. A mapping that is read stays, as one that goes, until its batches have ended; what it read may be mapped
//! again at once.

use crate::{
    Core, Refusal, documents,
    mapping::{self, Step, claims},
    tags::TagSet,
};
use lambent_models::lambda::{DeleteEventSourceMappingRequest, EventSourceMappingConfiguration};
use lambent_store::{Change, CommitError, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

pub(crate) async fn delete_event_source_mapping(
    core: &Core,
    cx: &RequestContext,
    input: DeleteEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    loop {
        let found = mapping::find(core, &cx.scope, input.uuid.clone()).await?;
        let mut going = found.value.clone();
        if going.step == Step::Delete {
            return Err(Refusal::MappingInUse("delete"));
        }
        going.step = Step::Delete;
        let tags = documents::key::<TagSet>(&cx.scope, "", &going.mapping.arn());
        let rest = if going.is_read() && !core.sources.board.in_effect(&going.mapping, false) {
            documents::put(found.key.clone(), RevisionId::new(core.ids.as_ref()), &going)?
        } else {
            Change::DeleteDocument(found.key.clone())
        };
        let delete = claims(&going.mapping)
            .into_iter()
            .chain([tags])
            .map(Change::DeleteDocument)
            .fold(Transaction::of(rest), Transaction::and);
        match core.store.commit(delete.when(found.unchanged())).await {
            // Someone changed it just now: delete what it has become.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        core.sources.board.changed();
        return Ok(going.answered(core));
    }
}
