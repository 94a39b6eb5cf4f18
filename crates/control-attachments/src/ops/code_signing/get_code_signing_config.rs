//! `GetCodeSigningConfig`.

use crate::{Core, Refusal};
use lambent_models::lambda::{GetCodeSigningConfigRequest, GetCodeSigningConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: GetCodeSigningConfigRequest,
) -> Result<GetCodeSigningConfigResponse, Refusal> {
    let found = core.code_signing(&cx.scope, input.code_signing_config_arn).await?;
    Ok(GetCodeSigningConfigResponse {
        code_signing_config: Some(found.value.shown(&cx.scope, &found.key.id)),
    })
}
