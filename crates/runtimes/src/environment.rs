//! The whole environment of a function's process.

use crate::{LaunchKind, LaunchPlan};
use lambent_types::{EnvironmentVariables, MemorySize, environment::RESERVED};
use std::{collections::BTreeMap, fmt};

/// The credentials of the function's role. `Debug` shows none of them.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: &'a str,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: &'a str,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: &'a str,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// `AWS_LAMBDA_INITIALIZATION_TYPE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitializationType {
    /// Started because an invocation came.
    #[default]
    OnDemand,
    /// Started ahead.
    ProvisionedConcurrency,
    /// Restored from a snapshot.
    SnapStart,
}

impl InitializationType {
    /// The variable's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::ProvisionedConcurrency => "provisioned-concurrency",
            Self::SnapStart => "snap-start",
        }
    }
}

/// What a function's environment is made of.
#[derive(Clone, Copy, Debug)]
pub struct FunctionEnvironment<'a> {
    /// The function's name.
    pub function_name: &'a str,
    /// `$LATEST` or a number.
    pub version: &'a str,
    /// Its memory.
    pub memory: MemorySize,
    /// Its handler.
    pub handler: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The log group that its lines go to.
    pub log_group: &'a str,
    /// The log stream of this environment.
    pub log_stream: &'a str,
    /// `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`, for functions that log JSON.
    pub json_log_level: Option<&'a str>,
    /// The credentials of its role.
    pub credentials: Credentials<'a>,
    /// Where the Runtime API is, seen from inside: `127.0.0.1:9001`.
    pub runtime_api: &'a str,
    /// Why the environment is started.
    pub initialization: InitializationType,
    /// The trace header of the invocation for which it is started.
    pub trace_id: Option<&'a str>,
    /// What the operator adds, such as `AWS_ENDPOINT_URL`; the function's own variables win.
    pub extra: &'a [(String, String)],
    /// The function's own variables.
    pub variables: &'a EnvironmentVariables,
    /// The runtime's variables.
    pub plan: &'a LaunchPlan,
}

/// Builds the environment, sorted by name. The function's own variables win over the runtime's and the platform's defaults, never over
/// [`RESERVED`] names.
#[must_use]
pub fn platform_env(function: &FunctionEnvironment<'_>) -> Vec<(String, String)> {
    let mut env = BTreeMap::new();
    let mut put = |name: &str, value: &str| {
        env.insert(name.to_owned(), value.to_owned());
    };
    // Images say themselves which language and time zone they have, if any.
    let of_images = |name: &str| function.plan.kind != LaunchKind::Image || !["LANG", "TZ"].contains(&name);
    for (name, value) in DEFAULTS.into_iter().filter(|(name, _)| of_images(name)) {
        put(name, value);
    }
    let (reserved, defaults): (Vec<_>, Vec<_>) = function
        .plan
        .env
        .iter()
        .partition(|(name, _)| RESERVED.contains(&name.as_str()));
    defaults.iter().for_each(|(name, value)| put(name, value));
    function.extra.iter().for_each(|(name, value)| put(name, value));
    let own = function.variables.iter().filter(|(name, _)| !RESERVED.contains(name));
    own.for_each(|(name, value)| put(name, value));
    if let Some(level) = function.json_log_level {
        put("AWS_LAMBDA_LOG_FORMAT", "JSON");
        put("AWS_LAMBDA_LOG_LEVEL", level);
    }
    for (name, value) in platform(function) {
        put(name, value);
    }
    // The program of an image learns its handler from its arguments.
    if function.plan.kind == LaunchKind::Image {
        env.remove("_HANDLER");
    }
    let mut put = |name: &str, value: &str| {
        env.insert(name.to_owned(), value.to_owned());
    };
    if function.plan.old_credential_names {
        put("AWS_ACCESS_KEY", function.credentials.access_key_id);
        put("AWS_SECRET_KEY", function.credentials.secret_access_key);
    }
    put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory.mb().to_string());
    if let Some(trace_id) = function.trace_id {
        put("_X_AMZN_TRACE_ID", trace_id);
    }
    reserved.iter().for_each(|(name, value)| put(name, value));
    env.into_iter().collect()
}

/// What external extensions get of a function's environment: all but what is the runtime's own (AWS: "Using the Lambda Extensions API to
/// create extensions", permissions and configuration).
#[must_use]
pub fn extension_env(env: &[(String, String)]) -> Vec<(String, String)> {
    let shown = |name: &str| !name.starts_with('_') && !RUNTIME_ONLY.contains(&name);
    env.iter().filter(|(name, _)| shown(name)).cloned().collect()
}

/// Variables that extensions do not get.
const RUNTIME_ONLY: [&str; 7] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// The variables of an interpreter that is started before its function is known, sorted by name.
pub(crate) fn early_env(plan: &LaunchPlan) -> Vec<(String, String)> {
    let defaults = DEFAULTS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let env: BTreeMap<_, _> = defaults.into_iter().chain(plan.env.iter().cloned()).collect();
    env.into_iter().collect()
}

/// Variables that a function may change.
const DEFAULTS: [(&str, &str); 6] = [
    ("TZ", ":UTC"),
    ("LANG", "en_US.UTF-8"),
    ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
    ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"),
    ("_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1"),
    ("_AWS_XRAY_DAEMON_PORT", "2000"),
];

/// Reserved variables that every environment has.
fn platform<'a>(function: &FunctionEnvironment<'a>) -> [(&'static str, &'a str); 14] {
    [
        ("_HANDLER", function.handler),
        ("AWS_ACCESS_KEY_ID", function.credentials.access_key_id),
        ("AWS_DEFAULT_REGION", function.region),
        ("AWS_LAMBDA_FUNCTION_NAME", function.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", function.initialization.as_str()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", function.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", function.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", function.runtime_api),
        ("AWS_REGION", function.region),
        ("AWS_SECRET_ACCESS_KEY", function.credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", function.credentials.session_token),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
    ]
}
