//! The functions that are measured: the same trivial handler in each language.

use anyhow::{Context as _, Result};
use lambent_runtimes::{
    Availability, Bootstraps, Catalogue, Credentials, FunctionEnvironment, FunctionFacts, InitializationType,
    LaunchPlan, Places, discover, platform_env,
};
use lambent_types::{EnvironmentVariables, MemorySize, RuntimeId};
use std::{
    fs,
    io::{Cursor, Write as _},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// One whole processor: what a runtime client can use, in the sandbox as outside.
pub(crate) const MEMORY_MB: u32 = 1_769;

/// A function, for the server and for the floor.
pub(crate) struct Function {
    /// What it is called in the report.
    pub(crate) label: String,
    pub(crate) runtime: RuntimeId,
    pub(crate) handler: &'static str,
    pub(crate) zip: Vec<u8>,
    plan: LaunchPlan,
    /// Its unpacked code.
    code: PathBuf,
}

struct Source {
    label: &'static str,
    /// How its runtimes' identifiers begin.
    family: &'static str,
    handler: &'static str,
    file: &'static str,
    content: Vec<u8>,
}

/// The functions for which this host has an interpreter, found as the server finds them. `folder` takes what they are made of.
pub(crate) fn all(folder: &Path, static_runtime: &Path) -> Result<Vec<Function>> {
    let bootstraps = Bootstraps::install(folder)?;
    let places = Places::usual(|name| std::env::var_os(name), folder);
    let found = discover(&places);
    found
        .iter()
        .try_for_each(|interpreter| bootstraps.precompile(interpreter))?;
    let catalogue = Catalogue::load(None, &found, &bootstraps, folder)?;
    let read = || fs::read(static_runtime).with_context(|| format!("cannot read {}", static_runtime.display()));
    let mut sources = vec![
        Source {
            label: "static",
            family: "provided.al2023",
            handler: "none",
            file: "bootstrap",
            content: read()?,
        },
        Source {
            label: "Python",
            family: "python3.",
            handler: "app.handler",
            file: "app.py",
            content: b"def handler(event, context):\n    return {'ok': True}\n".to_vec(),
        },
        Source {
            label: "Node.js",
            family: "nodejs",
            handler: "app.handler",
            file: "app.js",
            content: b"exports.handler = async () => ({ ok: true });\n".to_vec(),
        },
    ];
    sources.extend(java(&catalogue, folder)?);
    sources
        .into_iter()
        .filter_map(|source| Some((choose(&catalogue, source.family)?, source)))
        .map(|((runtime, version), source)| source.into_function(&catalogue, runtime, &version, folder))
        .collect()
}

/// The function in Java, compiled by a JDK of this host, as is the bootstrap; `None` without a JDK.
fn java(catalogue: &Catalogue, folder: &Path) -> Result<Option<Source>> {
    const FAMILY: &str = "java";
    let Some((runtime, _)) = choose(catalogue, FAMILY) else {
        return Ok(None);
    };
    let reports = catalogue.report();
    let compiler = reports
        .iter()
        .filter(|report| report.id.as_str().starts_with(FAMILY))
        .find_map(|report| match &report.availability {
            Availability::Interpreter { program, .. } => Some(program.with_file_name("javac")),
            Availability::OwnProgram | Availability::Unavailable(_) => None,
        })
        .filter(|compiler| compiler.is_file());
    let Some(compiler) = compiler else { return Ok(None) };
    if let Some(preparation) = catalogue.launch(&runtime)?.preparation {
        preparation.run()?;
    }
    let source = folder.join("App.java");
    fs::write(&source, JAVA)?;
    let status = Command::new(compiler)
        .args(["--release", "8", "-nowarn", "-Xlint:none"])
        .arg(&source)
        .stderr(Stdio::null())
        .status()?;
    anyhow::ensure!(status.success(), "the function in Java was not compiled");
    Ok(Some(Source {
        label: "Java",
        family: FAMILY,
        handler: "App::handle",
        file: "App.class",
        content: fs::read(folder.join("App.class"))?,
    }))
}

const JAVA: &str = "public class App {
    public java.util.Map<String, Boolean> handle(java.util.Map<String, Object> event) {
        return java.util.Collections.singletonMap(\"ok\", true);
    }
}
";

/// The runtime of a family whose interpreter is exactly here, the newest of them.
fn choose(catalogue: &Catalogue, family: &str) -> Option<(RuntimeId, String)> {
    let reports = catalogue.report();
    let here = reports
        .into_iter()
        .filter(|report| report.id.as_str().starts_with(family));
    here.filter_map(|report| match report.availability {
        Availability::Interpreter {
            version, exact: true, ..
        } => Some((Some(version.clone()), report.id, version.to_string())),
        Availability::OwnProgram => Some((None, report.id, String::new())),
        Availability::Interpreter { .. } | Availability::Unavailable(_) => None,
    })
    .max_by(|one, other| one.0.cmp(&other.0))
    .map(|(_, id, version)| (id, version))
}

impl Source {
    fn into_function(
        self,
        catalogue: &Catalogue,
        runtime: RuntimeId,
        version: &str,
        folder: &Path,
    ) -> Result<Function> {
        let code = folder.join(format!("task-{}", self.label));
        fs::create_dir_all(&code)?;
        fs::write(code.join(self.file), &self.content)?;
        fs::set_permissions(code.join(self.file), fs::Permissions::from_mode(0o755))?;
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(self.file, SimpleFileOptions::default().unix_permissions(0o755))?;
        archive.write_all(&self.content)?;
        Ok(Function {
            label: format!("{} {version}", self.label).trim_end().to_owned(),
            plan: catalogue.launch(&runtime)?,
            runtime,
            handler: self.handler,
            zip: archive.finish()?.into_inner(),
            code,
        })
    }
}

impl Function {
    /// Starts its runtime client without a sandbox: the same interpreter, flags, variables and bootstrap as in one.
    pub(crate) fn spawn(&self, runtime_api: SocketAddr) -> Result<Process> {
        let variables = EnvironmentVariables::default();
        let memory = MemorySize::DEFAULT;
        let facts = FunctionFacts {
            memory,
            handler: self.handler,
            variables: &variables,
            code: &self.code,
            layers: &[],
        };
        let command = self.plan.program_for(&facts)?.command;
        let env = platform_env(&FunctionEnvironment {
            function_name: "floor",
            version: "$LATEST",
            memory,
            handler: self.handler,
            region: "us-east-1",
            log_group: "/aws/lambda/floor",
            log_stream: "floor",
            json_log_level: None,
            credentials: Credentials {
                access_key_id: "test",
                secret_access_key: "test",
                session_token: "test",
            },
            runtime_api: &runtime_api.to_string(),
            initialization: InitializationType::OnDemand,
            trace_id: None,
            extra: &[],
            variables: &variables,
            plan: &self.plan,
        });
        let (program, arguments) = command.split_first().context("a plan names a program")?;
        let child = Command::new(self.outside(program))
            .args(arguments.iter().map(|argument| self.outside(argument)))
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, self.outside(value))))
            .current_dir(&self.code)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start the runtime client of {}", self.label))?;
        Ok(Process(child))
    }

    /// Paths of the sandbox, as this host calls them.
    fn outside(&self, text: &str) -> String {
        let mounts = self
            .plan
            .mounts
            .iter()
            .map(|mount| (mount.inside.as_str(), mount.host.as_path()));
        mounts
            .chain([("/var/task", self.code.as_path())])
            .fold(text.to_owned(), |text, (inside, host)| {
                text.replace(inside, &host.display().to_string())
            })
    }
}

/// A process that ends when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
