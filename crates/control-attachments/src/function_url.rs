//! Function URLs: their configuration.
//!
//! A URL is `http://<id>.lambda-url.<region>.<host>/`, where the host is this server as the client addressed it. An address of the
//! loopback becomes `localhost`, of which resolvers know that every name below it is the loopback too.

use crate::{
    Core, Refusal,
    documents::{self, Stored},
    naming::Target,
};
use lambent_models::lambda::{Cors, FunctionUrlConfig};
use lambent_store::{CommitError, Condition, Transaction};
use lambent_types::{FunctionKey, Timestamp, Version};
use lambent_wire::RequestContext;

pub(crate) use lambent_control_core::function_url::{FunctionUrl, key};

/// The refusal for a function or alias that does not exist.
pub(crate) fn no_function() -> Refusal {
    Refusal::NotFound("Function does not exist".to_owned())
}

/// The refusal for a URL that does not exist.
pub(crate) fn not_found() -> Refusal {
    Refusal::NotFound("The resource you requested does not exist.".to_owned())
}

/// A CORS configuration that says something.
pub(crate) fn meaningful(cors: Option<Cors>) -> Option<Cors> {
    cors.filter(|cors| *cors != Cors::default())
}

/// The URL as the API shows it to whoever reads it; the operations that change it leave out what they were not told.
pub(crate) fn shown(cx: &RequestContext, stored: &Stored<FunctionUrl>, function: &FunctionKey) -> FunctionUrlConfig {
    let url = stored.value.clone();
    let function_arn = match stored.key.id.as_str() {
        "" => function.arn(),
        alias => function.qualified_arn(alias),
    };
    FunctionUrlConfig {
        function_url: Some(address(cx, &url.url_id)),
        function_arn: Some(function_arn),
        creation_time: Some(moment(url.created)),
        last_modified_time: Some(moment(url.last_modified)),
        cors: url.cors,
        auth_type: Some(url.auth_type),
        invoke_mode: Some(url.invoke_mode.unwrap_or_else(|| "BUFFERED".to_owned())),
    }
}

fn moment(moment: Timestamp) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S.%6fZ")
}

fn address(cx: &RequestContext, url_id: &str) -> String {
    let scheme = if cx.secure { "https" } else { "http" };
    let host = cx.host.as_deref().unwrap_or("localhost");
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, format!(":{port}")),
        _ => (host, String::new()),
    };
    let loopback = name.starts_with("127.") || name == "[::1]";
    let name = if loopback { "localhost" } else { name };
    format!("{scheme}://{url_id}.lambda-url.{}.{name}{port}/", cx.scope.region)
}

/// The function of the URL a request names; it and its alias must exist.
pub(crate) async fn owner(core: &Core, target: &Target) -> Result<FunctionKey, Refusal> {
    let found = core.find(target).await?.ok_or_else(no_function)?;
    Ok(found.key.function.clone())
}

/// The URL a request names, whether or not its alias still exists.
pub(crate) async fn find(core: &Core, target: &Target) -> Result<(FunctionKey, Stored<FunctionUrl>), Refusal> {
    let function = target.key.clone().ok_or_else(not_found)?;
    let stored = core.load(&key(&function, target.qualifier.as_deref())).await?;
    Ok((function, stored.ok_or_else(not_found)?))
}

/// Stores a URL, if its function is still there and `condition` holds.
pub(crate) async fn store(
    core: &Core,
    function: &FunctionKey,
    stored: &Stored<FunctionUrl>,
    condition: Condition,
) -> Result<(), Refusal> {
    let exists = Condition::VersionPresent(function.version(Version::Latest));
    let put = documents::put(stored.key.clone(), stored.revision, &stored.value)?;
    match core
        .store
        .commit(Transaction::of(put).when(exists).when(condition))
        .await
    {
        Err(CommitError::Condition(Condition::VersionPresent(_))) => Err(no_function()),
        Err(CommitError::Condition(Condition::DocumentAbsent(key))) => {
            let arn = match key.id.as_str() {
                "" => function.arn(),
                alias => function.qualified_arn(alias),
            };
            Err(Refusal::Conflict(format!(
                "Failed to create function url config for [functionArn = {arn}]. \
                 Error message:  FunctionUrlConfig exists for this Lambda function"
            )))
        }
        Err(CommitError::Condition(_)) => Err(Refusal::RevisionMismatch),
        committed => Ok(committed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn a_url_is_below_the_host_that_the_client_addressed() {
        let at = |host: &str| {
            let cx = RequestContext {
                host: Some(host.to_owned()),
                ..context()
            };
            address(&cx, "id")
        };
        assert_eq!(at("127.0.0.1:4566"), "http://id.lambda-url.us-east-1.localhost:4566/");
        assert_eq!(at("[::1]:80"), "http://id.lambda-url.us-east-1.localhost:80/");
        assert_eq!(
            at("lambda.example.com"),
            "http://id.lambda-url.us-east-1.lambda.example.com/"
        );
    }
}
