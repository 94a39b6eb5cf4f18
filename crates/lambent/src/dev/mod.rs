//! `lambent dev`: one function whose code is a directory, in a server of its own.

mod debug;
mod guess;
mod live;
mod watch;

use crate::{cli, config, config::Config, launcher::Debugging, runtimes, serve};
use anyhow::{Context as _, bail};
use debug::DebuggedSandbox;
use guess::Language;
use lambent_control::Control;
use lambent_models::lambda::{
    CreateFunctionRequest, Environment, FunctionCode, Lambda as _, UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
};
use lambent_runtimes::{Availability, RuntimeReport};
use lambent_sandbox::SandboxProvider;
use lambent_store::CodeStore;
use lambent_types::{AccountId, Clock as _, RandomIds, RequestId, RuntimeId, Scope, SystemClock};
use lambent_wire::{Blob, RequestContext, ServiceError};
use live::LiveCode;
use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::task::JoinSet;
use watch::Watched;

/// Functions have one; nobody asks what it may do.
const ROLE: &str = "arn:aws:iam::000000000000:role/dev";
/// Whoever calls without saying otherwise.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// Whoever presses Ctrl-C does not want to wait for a function.
const DRAIN: Duration = Duration::from_secs(2);
/// How often the removal of a temporary data directory is tried, with pauses of 10 ms.
const REMOVALS: u32 = 500;
const LONGEST_NAME: usize = 64;
/// Whoever has attached to an environment wants to find it again.
const DEBUGGED_IDLE: Duration = Duration::from_secs(24 * 3_600);

/// What is developed.
pub(crate) struct Session {
    dir: PathBuf,
    name: String,
    runtime: String,
    handler: String,
    said: cli::Dev,
    scope: Scope,
    clock: SystemClock,
    /// The debugger's port inside, where one may attach.
    debugger: Option<u16>,
}

/// Serves a directory until it is told to stop.
pub(crate) fn run(mut said: cli::Dev) -> anyhow::Result<()> {
    let dir = fs::canonicalize(&said.dir).with_context(|| format!("cannot find {}", said.dir.display()))?;
    let temporary = match said.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a data directory")?),
    };
    let data_dir = said.data_dir.take();
    let options = cli::Serve {
        listen: said.listen,
        data_dir: data_dir.or_else(|| temporary.as_ref().map(|dir| dir.path().to_owned())),
        function_logs: Some(true),
        ..cli::Serve::default()
    };
    let mut config = Config {
        drain: DRAIN,
        ..Config::resolve(options)?
    };
    if said.debug.is_some() {
        config.invoker.idle_limit = DEBUGGED_IDLE;
    }
    let session = Session::new(dir, said, &config.data_dir)?;
    let outcome = serve::run(config, Some(session));
    if let Some(temporary) = temporary {
        remove(&temporary.keep())?;
    }
    outcome
}

/// Removes a data directory whose server has ended. Threads that the server did not wait for may still close a file in it, so it is tried
/// again for a while.
fn remove(dir: &Path) -> anyhow::Result<()> {
    for _ in 0..REMOVALS {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != ErrorKind::NotFound => thread::sleep(Duration::from_millis(10)),
            _ => return Ok(()),
        }
    }
    fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

impl Session {
    fn new(dir: PathBuf, said: cli::Dev, data_dir: &Path) -> anyhow::Result<Self> {
        let files = guess::files(&dir).with_context(|| format!("cannot read {}", dir.display()))?;
        let guess = guess::guess(&files);
        let handler = said
            .handler
            .clone()
            .or_else(|| guess.as_ref().map(|guess| guess.handler.clone()));
        let catalogue = runtimes::host(data_dir)?.catalogue;
        let runtime = match (&said.runtime, guess) {
            (Some(runtime), _) => runtime.clone(),
            (None, Some(guess)) => newest(&catalogue.report(), guess.language).with_context(|| {
                format!(
                    "no {} runtime was found; see `lambent runtimes list`",
                    guess.language.prefix()
                )
            })?,
            (None, None) => bail!(
                "{} has no file that looks like a function: say what it is with --runtime and --handler",
                dir.display()
            ),
        };
        let debugger = catalogue
            .debugger(&RuntimeId::new(runtime.clone()))
            .map(|debugger| debugger.port);
        if said.debug.is_some() && debugger.is_none() {
            bail!("there is no debugger for {runtime}");
        }
        let region = config::variable("AWS_REGION").or_else(|| config::variable("AWS_DEFAULT_REGION"));
        let region = region.and_then(|region| region.into_string().ok());
        Ok(Self {
            name: said.name.clone().unwrap_or_else(|| name_of(&dir)),
            dir,
            runtime,
            handler: handler.context("the handler cannot be guessed: say it with --handler")?,
            scope: Scope {
                account: ACCOUNT.parse::<AccountId>().context("the account")?,
                region: region.as_deref().unwrap_or(REGION).parse().context("the region")?,
            },
            clock: SystemClock::default(),
            debugger: debugger.filter(|_| said.debug.is_some()),
            said,
        })
    }

    /// The store in which the function's code is the directory.
    pub(crate) fn over(&self, packages: Arc<dyn CodeStore>) -> Arc<dyn CodeStore> {
        Arc::new(LiveCode::new(packages, self.dir.clone()))
    }

    /// What a launcher has to know of it.
    pub(crate) fn debugging(&self) -> Option<Debugging> {
        self.debugger.map(|_| Debugging {
            function: self.name.clone(),
            wait: self.said.debug_wait,
        })
    }

    /// The sandbox of the function's environments, and the way of a debugger into them.
    ///
    /// # Errors
    /// When the debugger's port cannot be listened on.
    pub(crate) async fn around(
        &self,
        sandbox: Arc<dyn SandboxProvider>,
        chores: &mut JoinSet<()>,
    ) -> anyhow::Result<Arc<dyn SandboxProvider>> {
        let Some(inside) = self.debugger else {
            return Ok(sandbox);
        };
        let port = self.said.debug.flatten().unwrap_or(inside);
        let debugged = Arc::new(DebuggedSandbox::new(sandbox, self.name.clone()));
        chores.spawn(Arc::clone(&debugged).forward(port, inside).await?);
        Ok(debugged)
    }

    /// Creates the function, and gives it a new generation whenever the directory has changed. Returns only if the function cannot be
    /// made.
    pub(crate) async fn run(self, control: Control, address: SocketAddr) -> anyhow::Result<()> {
        let mut watched = Watched::new(self.dir.clone());
        let put = self.put(&control).await;
        put.with_context(|| format!("cannot make the function {}", self.name))?;
        self.greet(address);
        loop {
            watched.changed(&self.clock).await;
            match self.update(&control).await {
                Ok(()) => tracing::info!(
                    "{} has changed: the next invocation runs the new code",
                    self.dir.display()
                ),
                Err(error) => tracing::error!("the new code cannot be taken: {error}"),
            }
        }
    }

    async fn put(&self, control: &Control) -> Result<(), ServiceError> {
        let environment = || Environment {
            variables: Some(
                self.said
                    .env
                    .iter()
                    .map(|it| (it.name.clone(), it.value.clone()))
                    .collect(),
            ),
        };
        let create = CreateFunctionRequest {
            function_name: Some(self.name.clone()),
            runtime: Some(self.runtime.clone()),
            handler: Some(self.handler.clone()),
            role: Some(ROLE.to_owned()),
            code: Some(FunctionCode {
                zip_file: Some(self.package()),
                ..FunctionCode::default()
            }),
            timeout: self.said.timeout,
            memory_size: self.said.memory,
            environment: Some(environment()),
            ..CreateFunctionRequest::default()
        };
        let created = control.create_function(&self.context(), create).await;
        if !matches!(&created, Err(error) if error.shape.http_status == 409) {
            return created.map(drop);
        }
        // It is of an earlier session on the same data directory.
        self.update(control).await?;
        let configure = UpdateFunctionConfigurationRequest {
            function_name: Some(self.name.clone()),
            runtime: Some(self.runtime.clone()),
            handler: Some(self.handler.clone()),
            timeout: self.said.timeout,
            memory_size: self.said.memory,
            environment: Some(environment()),
            ..UpdateFunctionConfigurationRequest::default()
        };
        let configured = control.update_function_configuration(&self.context(), configure).await;
        configured.map(drop)
    }

    async fn update(&self, control: &Control) -> Result<(), ServiceError> {
        let update = UpdateFunctionCodeRequest {
            function_name: Some(self.name.clone()),
            zip_file: Some(self.package()),
            ..UpdateFunctionCodeRequest::default()
        };
        control.update_function_code(&self.context(), update).await.map(drop)
    }

    /// The time tells states apart, also those of earlier sessions.
    fn package(&self) -> Blob {
        Blob(LiveCode::package(&self.dir, self.clock.now().as_micros()))
    }

    fn context(&self) -> RequestContext {
        RequestContext {
            scope: self.scope.clone(),
            access_key: None,
            session: None,
            request_id: RequestId::new(&RandomIds),
            trace_id: None,
            host: None,
            secure: false,
        }
    }

    #[expect(clippy::print_stdout, reason = "a command line tool tells its user what to do")]
    fn greet(&self, address: SocketAddr) {
        let Self {
            name, runtime, handler, ..
        } = self;
        println!("{name} is {} ({runtime}, {handler})", self.dir.display());
        if let Some(inside) = self.debugger {
            let port = self.said.debug.flatten().unwrap_or(inside);
            println!(
                "  a debugger may attach at 127.0.0.1:{port}; {} is /var/task there",
                self.dir.display()
            );
        }
        println!("  aws --endpoint-url http://{address} lambda invoke --function-name {name} /dev/stdout");
    }
}

/// The newest runtime of a language that this host can run as it is, or else the newest of all.
fn newest(reports: &[RuntimeReport], language: Language) -> Option<String> {
    let number = |report: &&RuntimeReport| {
        let id = report.id.as_str().strip_prefix(language.prefix()).unwrap_or_default();
        let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
        let parts: Vec<u32> = digits.split('.').map_while(|part| part.parse().ok()).collect();
        let exact = !matches!(report.availability, Availability::Interpreter { exact: false, .. });
        (exact, parts)
    };
    let fits = |report: &&RuntimeReport| {
        let available = !matches!(report.availability, Availability::Unavailable(_));
        available && report.id.as_str().starts_with(language.prefix())
    };
    let found = reports.iter().filter(fits).max_by_key(number)?;
    Some(found.id.as_str().to_owned())
}

/// The directory's name, as far as it can be a function's.
fn name_of(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(allowed).take(LONGEST_NAME).collect();
    if name.is_empty() { "function".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_after_its_directory() {
        assert_eq!(name_of(Path::new("/src/my_orders.v2")), "my_orders-v2");
        assert_eq!(name_of(Path::new("/")), "function");
        assert_eq!(name_of(Path::new(&"x".repeat(99))).len(), 64);
    }

    #[test]
    fn the_newest_runtime_that_runs_as_it_is() {
        let report = |id: &str, exact| RuntimeReport {
            id: RuntimeId::new(id),
            deprecated: false,
            availability: Availability::Interpreter {
                program: PathBuf::new(),
                version: "3.11".parse().unwrap(),
                exact,
            },
        };
        let reports = [
            report("python3.9", true),
            report("python3.11", true),
            report("python3.13", false),
        ];
        assert_eq!(newest(&reports, Language::Python).as_deref(), Some("python3.11"));
        assert_eq!(newest(&reports[2..], Language::Python).as_deref(), Some("python3.13"));
        assert_eq!(newest(&reports, Language::Node), None);
        let provided = ["provided", "provided.al2", "provided.al2023"].map(|id| RuntimeReport {
            availability: Availability::OwnProgram,
            ..report(id, true)
        });
        assert_eq!(
            newest(&provided, Language::Provided).as_deref(),
            Some("provided.al2023")
        );
    }
}
