//! `UpdateCodeSigningConfig`. What is not given stays; when nothing is given, nothing changes.

use crate::{Core, Refusal, code_signing::Untrusted, documents};
use lambent_models::lambda::{UpdateCodeSigningConfigRequest, UpdateCodeSigningConfigResponse};
use lambent_store::{CommitError, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

pub(crate) async fn update_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: UpdateCodeSigningConfigRequest,
) -> Result<UpdateCodeSigningConfigResponse, Refusal> {
    loop {
        let found = core
            .code_signing(&cx.scope, input.code_signing_config_arn.clone())
            .await?;
        let mut config = found.value.clone();
        if let Some(description) = &input.description {
            config.description.clone_from(description);
        }
        if let Some(publishers) = input
            .allowed_publishers
            .as_ref()
            .and_then(|all| all.signing_profile_version_arns.as_ref())
        {
            config.publishers.clone_from(publishers);
        }
        if let Some(untrusted) = Untrusted::read(input.code_signing_policies.clone()) {
            config.untrusted = untrusted;
        }
        if config != found.value {
            config.last_modified = core.clock.now();
            let put = documents::put(found.key.clone(), RevisionId::new(core.ids.as_ref()), &config)?;
            match core.store
                .commit(Transaction::of(put).when(found.unchanged()))
                .await
            {
                // Someone changed it just now: change what it has become.
                Err(CommitError::Condition(_)) => continue,
                committed => committed?,
            }
        }
        return Ok(UpdateCodeSigningConfigResponse {
            code_signing_config: Some(config.shown(&cx.scope, &found.key.id)),
        });
    }
}
