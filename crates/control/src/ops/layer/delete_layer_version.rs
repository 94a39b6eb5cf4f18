//! `DeleteLayerVersion`. Functions that use it go on as before: they keep its package. One that is not there is deleted already.

use crate::{
    Control, Refusal,
    layer::{LayerKey, LayerVersion, policy_key, version_number},
};
use lambent_models::lambda::DeleteLayerVersionRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_layer_version(
    control: &Control,
    cx: &RequestContext,
    input: DeleteLayerVersionRequest,
) -> Result<(), Refusal> {
    let layer = LayerKey::read(cx, &input.layer_name.unwrap_or_default())?;
    let number = version_number(input.version_number)?;
    if layer.scope.account != cx.scope.account {
        return Err(Refusal::OtherAccount);
    }
    let Some(found) = control.load::<LayerVersion>(&layer.version_key(number)).await? else {
        return Ok(());
    };
    let delete = Transaction::of(Change::DeleteDocument(found.key.clone()))
        .and(Change::DeleteDocument(policy_key(&found.value)));
    control.0.store.commit(delete).await?;
    control.discard_unused_soon(found.value.code.digest);
    Ok(())
}
