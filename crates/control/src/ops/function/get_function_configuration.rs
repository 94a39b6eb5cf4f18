//! `GetFunctionConfiguration`.

use crate::{Control, Refusal, convert, naming::Target};
use lambent_models::lambda::{FunctionConfiguration, GetFunctionConfigurationRequest};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_configuration(
    control: &Control,
    cx: &RequestContext,
    input: GetFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = control.find(&target).await?;
    let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
    Ok(convert::configuration(&record, target.arn()))
}
