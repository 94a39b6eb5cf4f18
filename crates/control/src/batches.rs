//! Running the batches of event sources.

use crate::{Control, Refusal, invocation::Call, naming::Target};
use bytes::Bytes;
use lambent_sources::{BatchEnd, Functions, Mappings};
use lambent_store::{BoxFuture, Unavailable};
use lambent_types::{RequestId, event_source_mapping::EventSourceMapping};

impl Functions for Control {
    fn mappings(&self) -> BoxFuture<'_, Result<Mappings, Unavailable>> {
        Box::pin(async {
            let found = lambent_control_mappings::mappings_to_read(self).await;
            found.map_err(|refusal| Unavailable(format!("{refusal:?}")))
        })
    }

    fn remove<'a>(&'a self, mapping: &'a EventSourceMapping) -> BoxFuture<'a, Result<(), Unavailable>> {
        Box::pin(async {
            let removed = lambent_control_mappings::remove_mapping(self, mapping).await;
            removed.map_err(|refusal| Unavailable(format!("{refusal:?}")))
        })
    }

    fn run<'a>(
        &'a self,
        mapping: &'a EventSourceMapping,
        request_id: RequestId,
        payload: Bytes,
        trace_id: Option<String>,
    ) -> BoxFuture<'a, BatchEnd> {
        Box::pin(async move {
            let call = Call {
                request_id,
                payload,
                client_context: None,
                trace_id: Some(trace_id.unwrap_or_default()),
                tail: false,
                under_way: None,
            };
            match self.run_for(mapping, call).await {
                Ok(end) => end,
                Err(Refusal::Throttled(_) | Refusal::Internal(_) | Refusal::UpdateInProgress(_)) => BatchEnd::NotRun,
                Err(refusal) => {
                    tracing::warn!(?refusal, mapping = mapping.id, "a batch is not run");
                    BatchEnd::Failed
                }
            }
        })
    }
}

impl Control {
    /// The function and its qualifier are resolved anew for each batch, so that a moved alias is followed.
    async fn run_for(&self, mapping: &EventSourceMapping, call: Call) -> Result<BatchEnd, Refusal> {
        let name = Some(mapping.function.name.to_string());
        let target = Target::within(&mapping.function.scope, name, mapping.qualifier.clone())?;
        let resolved = self.resolve(&target).await?;
        let invoked = Self::run(self, &target, resolved, call).await?;
        Ok(match invoked.response.function_error {
            None => BatchEnd::Returned(invoked.payload),
            Some(_) => BatchEnd::Failed,
        })
    }
}
