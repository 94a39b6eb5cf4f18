//! Puts environments together: code from the store, the interpreter and its plan from the catalogue, limits from the configuration.

use lambent_control::Readiness;
use lambent_invoker::{Initialization, Launch, LaunchError, Launcher, LogStream, MAX_EXTENSIONS, Patience};
use lambent_runtimes::{
    Bootstraps, Catalogue, Credentials, FunctionEnvironment, FunctionFacts, InitializationType, LaunchKind, LaunchPlan,
    Unavailable, extension_env, platform_env,
};
use lambent_sandbox::{
    AUTHORITIES_FILE, AUTHORITY_FILE, BindMount, BoxFuture, Companions, EnvSpec, Limits, Program, ProgramStart, Root,
};
use lambent_store::{CodeStore, ImageStore};
use lambent_types::{
    Code, EnvironmentVariables, FunctionConfig, FunctionRecord, Ids, StateReasonCode,
    function::{LogFormat, LoggingConfig},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

const RUNTIME_API: &str = "127.0.0.1:9001";
/// Where SDKs and the CLI look for AWS's APIs, all of them. At AWS it is not set; there names lead to the endpoints.
const AWS_ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");

/// Where programs look for whom to believe: botocore and the CLI; OpenSSL, Go and most others; Python's requests; Node.js, which adds
/// to those that are built in.
const BELIEF: [(&str, &str); 4] = [
    ("AWS_CA_BUNDLE", AUTHORITIES_FILE),
    ("SSL_CERT_FILE", AUTHORITIES_FILE),
    ("REQUESTS_CA_BUNDLE", AUTHORITIES_FILE),
    ("NODE_EXTRA_CA_CERTS", AUTHORITY_FILE),
];

/// Prepares environments on this host.
pub(crate) struct HostLauncher {
    pub(crate) catalogue: Catalogue,
    pub(crate) bootstraps: Bootstraps,
    pub(crate) code: Arc<dyn CodeStore>,
    /// Where images are, if they come from anywhere.
    pub(crate) images: Option<Arc<dyn ImageStore>>,
    pub(crate) ids: Arc<dyn Ids>,
    /// Whether environments have an authority of the server's own to believe.
    pub(crate) believes: bool,
    /// What runtimes need before their first launch is done by one at a time.
    pub(crate) preparing: tokio::sync::Mutex<()>,
    pub(crate) debugging: Option<Debugging>,
}

/// The function that is debugged.
#[derive(Clone, Debug)]
pub(crate) struct Debugging {
    pub(crate) function: String,
    /// Whether it waits at its start until somebody has attached.
    pub(crate) wait: bool,
}

impl Launcher for HostLauncher {
    fn prepare<'a>(
        &'a self,
        function: &'a FunctionRecord,
        id: &'a str,
        stream: &'a LogStream,
        initialization: Initialization,
    ) -> BoxFuture<'a, Result<Launch, LaunchError>> {
        Box::pin(async move {
            if let Code::Image(image) = &function.code {
                return self.prepare_image(function, image, id, stream, initialization).await;
            }
            let plan = self
                .plan(function)
                .map_err(|unavailable| LaunchError::RuntimeUnavailable(unavailable.to_string()))?;
            self.prepare_runtime(&plan).await?;
            let (mut trees, mut pins) = (Vec::new(), Vec::new());
            for digest in function.packages() {
                let (tree, pin) = self
                    .code
                    .tree(digest)
                    .await
                    .map_err(|error| LaunchError::Code(error.to_string()))?;
                trees.push(tree);
                pins.push(pin);
            }
            // The function's own code comes first.
            let layers = trees.split_off(1);
            let notes = [Some(init_start(function)), substitution(function, &plan)];
            let env = self.variables(function, stream, &plan, initialization);
            let mut spec = spec(function, id, env, plan, &trees[0], &layers)?;
            let patience = self.equip(function, &mut spec);
            Ok(Launch {
                spec,
                held: Box::new(pins),
                patience,
                notes: notes.into_iter().flatten().collect(),
            })
        })
    }

    fn program(&self, function: &FunctionRecord) -> Option<Program> {
        let plan = self.plan(function).ok()?;
        if plan
            .preparation
            .as_ref()
            .is_some_and(|preparation| !preparation.is_done())
        {
            return None;
        }
        let none = EnvironmentVariables::default();
        // Programs that can be started ahead do not depend on the code.
        let program = plan.program_for(&facts(function, &none, Path::new(""), &[])).ok()?;
        matches!(program.start, ProgramStart::Ahead { .. }).then_some(program)
    }
}

impl HostLauncher {
    /// Lets a debugger into the function that is debugged.
    fn equip(&self, function: &FunctionRecord, spec: &mut EnvSpec) -> Patience {
        let debugged = |it: &&Debugging| it.function == function.key.function.name.as_str();
        let debugger = self.catalogue.debugger(&function.config.runtime);
        match (self.debugging.as_ref().filter(debugged), debugger) {
            (Some(debugging), Some(debugger)) => {
                debugger.equip(&mut spec.program, &mut spec.env, debugging.wait);
                Patience::Suspended
            }
            (Some(_) | None, _) => Patience::AsConfigured,
        }
    }

    fn plan(&self, function: &FunctionRecord) -> Result<LaunchPlan, Unavailable> {
        Ok(self.with_belief(self.catalogue.launch(&function.config.runtime)?))
    }

    /// With the variables by which programs find whom to believe.
    pub(crate) fn with_belief(&self, mut plan: LaunchPlan) -> LaunchPlan {
        if self.believes {
            let variables = BELIEF.map(|(name, file)| (name.to_owned(), file.to_owned()));
            plan.env.extend(variables);
        }
        plan
    }

    /// Does what the runtime needs on this host, once.
    async fn prepare_runtime(&self, plan: &LaunchPlan) -> Result<(), LaunchError> {
        if plan.kind == LaunchKind::Driven {
            return self.install_driver().await;
        }
        let Some(preparation) = plan.preparation.clone().filter(|needed| !needed.is_done()) else {
            return Ok(());
        };
        let _alone = self.preparing.lock().await;
        if preparation.is_done() {
            return Ok(());
        }
        let done = tokio::task::spawn_blocking(move || preparation.run()).await;
        let unavailable =
            |reason: String| LaunchError::RuntimeUnavailable(format!("the bootstrap was not compiled: {reason}"));
        done.map_err(|error| unavailable(error.to_string()))?
            .map_err(|error| unavailable(error.to_string()))
    }

    /// Makes sure that the driver of `go1.x` is where its plan says.
    async fn install_driver(&self) -> Result<(), LaunchError> {
        let _alone = self.preparing.lock().await;
        let bootstraps = self.bootstraps.clone();
        let installed = tokio::task::spawn_blocking(move || bootstraps.install_driver()).await;
        installed
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| LaunchError::RuntimeUnavailable(format!("the driver cannot be written: {error}")))
    }

    pub(crate) fn variables(
        &self,
        function: &FunctionRecord,
        stream: &LogStream,
        plan: &LaunchPlan,
        initialization: Initialization,
    ) -> Vec<(String, String)> {
        let none = EnvironmentVariables::default();
        let key = &function.key.function;
        let secret = self.ids.uuid().simple().to_string();
        let version = function.key.version.to_string();
        let (name, url) = AWS_ENDPOINT;
        platform_env(&FunctionEnvironment {
            function_name: key.name.as_str(),
            version: &version,
            memory: function.config.memory,
            handler: &function.config.handler,
            region: key.scope.region.as_str(),
            log_group: &stream.group,
            log_stream: &stream.stream,
            json_log_level: json_level(&function.config.logging),
            // Not that it matters: calls that the function makes are its account's own, whatever they are signed with.
            credentials: Credentials {
                access_key_id: key.scope.account.as_str(),
                secret_access_key: &secret,
                session_token: &secret,
            },
            runtime_api: RUNTIME_API,
            initialization: match initialization {
                Initialization::OnDemand => InitializationType::OnDemand,
                Initialization::Provisioned => InitializationType::ProvisionedConcurrency,
            },
            trace_id: None,
            extra: &[(name.to_owned(), url.to_owned())],
            variables: function.config.environment.as_ref().unwrap_or(&none),
            plan,
        })
    }
}

/// What is started.
fn spec(
    function: &FunctionRecord,
    id: &str,
    env: Vec<(String, String)>,
    plan: LaunchPlan,
    tree: &Path,
    layers: &[PathBuf],
) -> Result<EnvSpec, LaunchError> {
    let config = &function.config;
    let none = EnvironmentVariables::default();
    let companions = companions(&env, external_extensions(layers).into_iter().collect())?;
    let program = plan
        .program_for(&facts(function, &none, tree, layers))
        .map_err(|missing| LaunchError::InvalidEntrypoint(missing.to_string()))?;
    let mount = |host: &Path, inside: &str| BindMount {
        host: host.to_owned(),
        inside: inside.to_owned(),
    };
    let layers = layers.iter().map(|layer| mount(layer, "/opt"));
    let mounts = [mount(tree, "/var/task")].into_iter().chain(layers).collect();
    Ok(EnvSpec {
        id: id.to_owned(),
        program,
        env,
        working_dir: plan.working_dir,
        root: Root::Minimal,
        mounts,
        companions,
        limits: limits(config),
    })
}

/// What an environment of such a function may use.
pub(crate) fn limits(config: &FunctionConfig) -> Limits {
    Limits {
        memory_bytes: config.memory.bytes(),
        milli_cpus: config.memory.milli_cpus(),
        processes: Limits::aws_processes(config.memory.mb()),
        open_files: u64::from(Limits::AWS_PROCESSES),
        tmp_bytes: config.ephemeral_storage.bytes(),
    }
}

/// The external extensions: these files in `/opt/extensions`.
pub(crate) fn companions(env: &[(String, String)], names: Vec<String>) -> Result<Companions, LaunchError> {
    if names.is_empty() {
        return Ok(Companions::default());
    }
    if names.len() > MAX_EXTENSIONS {
        return Err(LaunchError::TooManyExtensions);
    }
    Ok(Companions {
        programs: names.iter().map(|name| format!("/opt/extensions/{name}")).collect(),
        env: extension_env(env),
    })
}

/// The file names in `extensions` of the layers, sorted. A later layer hides what earlier ones have under the same name.
fn external_extensions(layers: &[PathBuf]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for layer in layers {
        let entries = fs::read_dir(layer.join("extensions")).into_iter().flatten().flatten();
        for entry in entries {
            // Names that are not text cannot be named by a header either.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if entry.path().is_dir() {
                names.remove(&name);
            } else {
                names.insert(name);
            }
        }
    }
    names
}

/// What of a function its program depends on.
fn facts<'a>(
    function: &'a FunctionRecord,
    none: &'a EnvironmentVariables,
    code: &'a Path,
    layers: &'a [PathBuf],
) -> FunctionFacts<'a> {
    FunctionFacts {
        memory: function.config.memory,
        handler: &function.config.handler,
        variables: function.config.environment.as_ref().unwrap_or(none),
        code,
        layers,
    }
}

fn json_level(logging: &LoggingConfig) -> Option<&str> {
    (logging.format == LogFormat::Json).then(|| logging.application_level.as_deref().unwrap_or("INFO"))
}

/// The first line of an environment's log (recorded: `test_invocation_type_event_error`).
fn init_start(function: &FunctionRecord) -> String {
    let runtime = &function.config.runtime;
    let region = &function.key.function.scope.region;
    format!(
        "INIT_START Runtime Version: {}\tRuntime Version ARN: {}\n",
        runtime.version_name(),
        runtime.version_arn(function.config.architecture, region)
    )
}

/// A function that runs on another version than it asked for is told so in its log.
fn substitution(function: &FunctionRecord, plan: &LaunchPlan) -> Option<String> {
    let runtime = &function.config.runtime;
    plan.substituted
        .as_ref()
        .map(|version| format!("[LAMBENT] {runtime} is run by {version}\n"))
}

impl Readiness for HostLauncher {
    fn check(&self, function: &FunctionRecord) -> Result<(), (StateReasonCode, String)> {
        if matches!(function.code, Code::Image(_)) {
            return Ok(());
        }
        match self.catalogue.launch(&function.config.runtime) {
            Ok(_) => Ok(()),
            Err(unavailable) => Err((StateReasonCode::InvalidRuntime, unavailable.to_string())),
        }
    }
}
