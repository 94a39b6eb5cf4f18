//! `UpdateFunctionUrlConfig`.

use crate::{
    Core, Refusal, TRIES,
    documents::Stored,
    function_url::{self, FunctionUrl},
    naming::Target,
};
use lambent_models::lambda::{UpdateFunctionUrlConfigRequest, UpdateFunctionUrlConfigResponse};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// What the request leaves out stays as it is; an empty CORS configuration goes.
pub(crate) async fn update_function_url_config(
    core: &Core,
    cx: &RequestContext,
    input: UpdateFunctionUrlConfigRequest,
) -> Result<UpdateFunctionUrlConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    function_url::owner(core, &target).await?;
    for _ in 0..TRIES {
        let (function, before) = function_url::find(core, &target).await?;
        let unchanged = before.unchanged();
        let url = before.value;
        let after = Stored {
            key: before.key,
            revision: RevisionId::new(core.ids.as_ref()),
            value: FunctionUrl {
                auth_type: input.auth_type.clone().unwrap_or(url.auth_type),
                cors: input
                    .cors
                    .clone()
                    .map_or(url.cors, |cors| function_url::meaningful(Some(cors))),
                invoke_mode: input.invoke_mode.clone().or(url.invoke_mode),
                last_modified: core.clock.now(),
                ..url
            },
        };
        match function_url::store(core, &function, &after, unchanged).await {
            // Someone changed it just now: look again.
            Err(Refusal::RevisionMismatch) => continue,
            stored => stored?,
        }
        let shown = function_url::shown(cx, &after, &function);
        return Ok(UpdateFunctionUrlConfigResponse {
            function_url: shown.function_url,
            function_arn: shown.function_arn,
            auth_type: shown.auth_type,
            cors: shown.cors,
            creation_time: shown.creation_time,
            last_modified_time: shown.last_modified_time,
            // Said only once a client has said it (recorded: `test_url_config_lifecycle`, `test_lambda_update_function_url_config`).
            invoke_mode: after.value.invoke_mode,
        });
    }
    Err(Refusal::UpdateInProgress(target.arn()))
}
