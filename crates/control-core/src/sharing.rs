//! Requests about the functions of other accounts, which a function's policy may allow: they are carried out in its owner's place.
//!
//! Follows "Granting Lambda function access to other accounts" of the developer guide.

use crate::{Core, naming::Target};
use lambent_types::FunctionReference;
use lambent_wire::{RequestContext, ServiceError, Value};

/// The operations that policies can allow to other accounts. Adding permissions, changing the configuration and much else is for the
/// owner alone.
const SHARED: [&str; 38] = [
    "CreateAlias",
    "CreateFunctionUrlConfig",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionCodeSigningConfig",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "DeleteProvisionedConcurrencyConfig",
    "GetAlias",
    "GetFunction",
    "GetFunctionCodeSigningConfig",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetFunctionUrlConfig",
    "GetPolicy",
    "GetProvisionedConcurrencyConfig",
    "Invoke",
    "InvokeAsync",
    "InvokeWithResponseStream",
    "ListAliases",
    "ListFunctionEventInvokeConfigs",
    "ListFunctionUrlConfigs",
    "ListProvisionedConcurrencyConfigs",
    "ListTags",
    "ListVersionsByFunction",
    "PublishVersion",
    "PutFunctionCodeSigningConfig",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "PutProvisionedConcurrencyConfig",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateFunctionEventInvokeConfig",
    "UpdateFunctionUrlConfig",
];

/// What a statement calls an operation.
fn action(operation: &str) -> String {
    match operation {
        "Invoke" | "InvokeAsync" | "InvokeWithResponseStream" => "lambda:InvokeFunction".to_owned(),
        other => format!("lambda:{other}"),
    }
}

/// The function that an input names, with its account; `None` if it names no other account's.
fn owner_named(cx: &RequestContext, name: &str) -> Option<RequestContext> {
    // Most requests name a function of their own account by its name alone.
    if !name.contains(':') {
        return None;
    }
    let reference: FunctionReference = name.parse().ok()?;
    let account = reference.account.filter(|account| *account != cx.scope.account)?;
    let mut owner = cx.clone();
    owner.scope.account = account;
    Some(owner)
}

impl Core {
    /// The context in which a request is carried out if it is not its own: that of the account whose function it names, where the
    /// function's policy allows this. `None` leaves it in its own, in which other accounts' functions are refused.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn on_behalf(
        &self,
        cx: &RequestContext,
        operation: &str,
        input: &Value,
    ) -> Result<Option<RequestContext>, ServiceError> {
        let text = |member: &str| match input.get(member) {
            Some(Value::Str(text)) => Some(text.clone()),
            _ => None,
        };
        let name = text("FunctionName").or_else(|| text("Resource"));
        let Some((name, owner)) = name.and_then(|name| owner_named(cx, &name).map(|owner| (name, owner))) else {
            return Ok(None);
        };
        if !SHARED.contains(&operation) {
            return Ok(None);
        }
        // What is wrong with the name is for the operation itself to say.
        let Ok(target) = Target::read(&owner, Some(name), text("Qualifier")) else {
            return Ok(None);
        };
        let policy = self.policy(&target).await?;
        let allowed = policy.is_some_and(|policy| policy.value.lets(cx.scope.account, &action(operation)));
        Ok(allowed.then_some(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Pace, Refusal,
        policy::Policy,
        testing::{self, context, record},
    };
    use lambent_store_memory::MemoryStore;
    use std::{borrow::Cow, sync::Arc};

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
    const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": ["lambda:InvokeFunction", "lambda:*Tags", "lambda:UpdateFunctionConfiguration"]}}"#;

    fn named(member: &'static str, arn: &str) -> Value {
        Value::Map(vec![(Cow::Borrowed(member), Value::Str(arn.to_owned()))])
    }

    fn account(number: &str) -> RequestContext {
        let mut cx = context();
        cx.scope.account = number.parse().unwrap();
        cx
    }

    #[tokio::test]
    async fn a_policy_lets_another_account_do_what_it_names() {
        let core = testing::core(Arc::new(MemoryStore::default()), Pace::AtOnce);
        core.given(record("f")).await;
        let (owner, other) = (context(), account("222222222222"));
        let place_of = async |cx: &RequestContext, operation: &str, input: Value| {
            let found = core.on_behalf(cx, operation, &input).await.unwrap();
            found.map(|owner| owner.scope.account.to_string())
        };
        let function = || named("FunctionName", FUNCTION);
        assert_eq!(place_of(&other, "Invoke", function()).await, None);
        let target = Target::read(&owner, Some("f".to_owned()), None).unwrap();
        let policy = core.policy_owner(&target, Refusal::FunctionNotFound).await.unwrap();
        let given = |_| Ok((Some(Policy::read(POLICY)?), ()));
        core.change_policy(&policy, None, given).await.unwrap();
        let theirs = Some("111111111111".to_owned());
        assert_eq!(place_of(&other, "Invoke", function()).await, theirs);
        assert_eq!(place_of(&other, "ListTags", named("Resource", FUNCTION)).await, theirs);
        // Neither what no statement names, nor what is the owner's alone, nor a version, which has a policy of its own.
        for operation in ["GetFunction", "UpdateFunctionConfiguration"] {
            assert_eq!(place_of(&other, operation, function()).await, None);
        }
        let version = named("FunctionName", &format!("{FUNCTION}:1"));
        assert_eq!(place_of(&other, "Invoke", version).await, None);
        // The owner, and others, act for themselves.
        assert_eq!(place_of(&owner, "Invoke", function()).await, None);
        assert_eq!(place_of(&account("333333333333"), "Invoke", function()).await, None);
    }
}
