//! `CreateFunction`.

use crate::{
    Control, Refusal,
    config::{self, Change},
    convert,
    naming::Target,
    package::Source,
    tags,
};
use lambent_models::lambda::{CreateFunctionRequest, FunctionConfiguration};
use lambent_store::{self as store, CommitError, Condition, Transaction};
use lambent_types::{
    Code, FunctionConfig, FunctionKey, FunctionRecord, LastUpdateStatus, PackageType, RevisionId, State, Version,
};
use lambent_wire::RequestContext;
use std::{collections::BTreeMap, sync::Arc};

/// AWS admits longer names in the model than for a new function.
const LONGEST_NAME: usize = 64;

pub(crate) async fn create_function(
    control: &Control,
    cx: &RequestContext,
    mut input: CreateFunctionRequest,
) -> Result<FunctionConfiguration, Refusal> {
    let key = new_name(cx, input.function_name.take())?;
    let package = config::package_type(input.package_type.as_deref());
    let signing = match input.code_signing_config_arn.take().filter(|arn| !arn.is_empty()) {
        Some(_) if package == PackageType::Image => {
            let text = "Code signing is not supported for functions created with container images.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        Some(arn) => Some(control.code_signing_for(&cx.scope, &arn).await?),
        None => None,
    };
    let tags: BTreeMap<_, _> = input.tags.take().unwrap_or_default().into_iter().collect();
    tags::check(&tags)?;
    let (publish, architectures, code) = (input.publish, input.architectures.take(), input.code.take());
    let architecture = config::architecture(architectures).unwrap_or_default();
    let source = control.fetch(cx, Source::from(code.unwrap_or_default())).await?;
    let source = control.resolve_image(source, package, architecture).await?;
    let _intake = control.0.intake.read().await;
    let layers = control.layers(cx, input.layers.take()).await?;
    let change = Change::of_create(&mut input, layers);
    let base = FunctionConfig {
        architecture,
        ..config::defaults()
    };
    let config = change.apply(base, package, control.0.runtime_support)?;
    control.check_role(&key, &config.role).await?;
    if package == PackageType::Zip {
        require(&config)?;
    }
    // Before the package is unpacked, which is dear; the transaction checks it again.
    if control.0.store.function(&key.version(Version::Latest)).await?.is_some() {
        return Err(Refusal::FunctionExists(key.name.to_string()));
    }

    if let Some(signing) = &signing {
        signing.value.admit(&key, true, &config.layers)?;
    }
    let (code, _pin) = control.take_in_code(source, package).await?;
    control.check_unpacked(&code, &config.layers).await?;
    let latest = new_record(control, key.clone(), config, code, tags);
    let published = publish.unwrap_or_default().then(|| latest.publish(RevisionId::new(control.0.ids.as_ref())));
    let latest = FunctionRecord { newest_version: u64::from(published.is_some()), ..latest };
    let absent = Condition::FunctionAbsent(key.clone());
    let mut transaction = Transaction::of(store::Change::PutFunction(Arc::new(latest.clone()))).when(absent);
    if let Some(version) = &published {
        transaction = transaction.and(store::Change::PutFunction(Arc::new(version.clone())));
    }
    if let Some(signing) = &signing {
        transaction = control.assign_code_signing(transaction, &key, signing)?;
    }
    match control.0.store.commit(transaction).await {
        Err(CommitError::Condition(Condition::DocumentRevision(..))) => {
            return Err(Refusal::Conflict("The code signing configuration was changed just now. Try again.".to_owned()));
        }
        Err(CommitError::Condition(_)) => return Err(Refusal::FunctionExists(key.name.to_string())),
        committed => committed?,
    }
    control.settle_soon(&latest);
    let shown = published.as_ref().unwrap_or(&latest);
    if let Some(version) = &published {
        control.settle_soon(version);
    }
    // A version that was published on the way is shown under the function's own ARN, as recorded.
    Ok(convert::configuration(shown, key.arn()))
}

/// The name of a function that may be created: it carries no qualifier and is not too long.
fn new_name(cx: &RequestContext, name: Option<String>) -> Result<FunctionKey, Refusal> {
    let target = Target::read(cx, name, None)?;
    let key = target.key.clone().ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
    let name = key.name.as_str();
    if name.len() > LONGEST_NAME {
        return Err(Refusal::InvalidParameter(format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
             Member must have length less than or equal to {LONGEST_NAME}"
        )));
    }
    Ok(key)
}

/// The model lets image functions go without; a zip needs both.
fn require(config: &FunctionConfig) -> Result<(), Refusal> {
    let text = match (config.runtime.as_str().is_empty(), config.handler.is_empty()) {
        (false, false) => return Ok(()),
        (true, true) => "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        (true, false) => "Runtime is mandatory for functions created with deployment packages.",
        (false, true) => "Handler is mandatory for functions created with deployment packages.",
    };
    Err(Refusal::InvalidParameter(text.to_owned()))
}

fn new_record(
    control: &Control,
    function: FunctionKey,
    config: FunctionConfig,
    code: Code,
    tags: BTreeMap<String, String>,
) -> FunctionRecord {
    let now = control.0.clock.now();
    FunctionRecord {
        key: function.version(Version::Latest),
        config,
        code,
        state: State::Pending,
        last_update: LastUpdateStatus::Successful,
        revision: RevisionId::new(control.0.ids.as_ref()),
        // A function that is deleted and made again must not meet environments of the old one, and time does not go back far.
        generation: u64::try_from(now.as_micros()).unwrap_or(1),
        last_modified: now,
        newest_version: 0,
        tags,
    }
}
