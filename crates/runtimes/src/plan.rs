//! How a runtime's process is launched.

use crate::{Language, Preparation, dotnet, environment::early_env, java, spec::LogMode};
use lambent_sandbox::{BindMount, Program, ProgramStart};
use lambent_types::{EnvironmentVariables, MemorySize};
use std::path::{Path, PathBuf};

/// Where functions that bring their own program have it, in the order in which it is looked for.
const ENTRYPOINTS: [&str; 2] = ["/var/task/bootstrap", "/opt/bootstrap"];

/// The variable that names a program to start the runtime with.
const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// Variables from which Java takes flags that come before those of the command line.
const JAVA_OPTIONS: [&str; 2] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"];

/// Everything about a runtime that does not depend on the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchPlan {
    /// The program and its arguments, seen from inside. [`LaunchPlan::program_for`] fits it to a function.
    pub command: Vec<String>,
    /// Variables that the runtime brings along.
    pub env: Vec<(String, String)>,
    /// The interpreter at `/var/lang` and the bootstrap at `/var/runtime`.
    pub mounts: Vec<BindMount>,
    /// Where the process starts.
    pub working_dir: String,
    /// The version that runs, where it is not the one that the runtime names.
    pub substituted: Option<String>,
    /// Which log formats the runtime knows.
    pub logs: LogMode,
    /// Variables that the program reads when it starts; with a `*` at the end, all whose names begin so. A function that sets one of them
    /// is not started ahead. `None`: no function is.
    pub early_variables: Option<Vec<String>>,
    /// Whether the role's key is also shown as `AWS_ACCESS_KEY` and `AWS_SECRET_KEY`, as old SDKs for Java know them.
    pub old_credential_names: bool,
    /// What has to be done on this host before the first launch.
    pub preparation: Option<Preparation>,
    /// How the command is fitted to a function.
    pub kind: LaunchKind,
}

/// What fits a command to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchKind {
    /// An interpreter with a bootstrap. `AWS_LAMBDA_EXEC_WRAPPER` is honoured.
    Managed {
        /// The language whose heap is limited by the function's memory, with flags of its own.
        heap: Option<Language>,
    },
    /// `dotnet` with a bootstrap, or with the function's own program. `AWS_LAMBDA_EXEC_WRAPPER` is honoured.
    Dotnet,
    /// The function's own program.
    Provided,
    /// A driver that starts the function's own program.
    Driven,
    /// What a container image says.
    Image,
}

/// What of a function its program depends on.
#[derive(Clone, Copy, Debug)]
pub struct FunctionFacts<'a> {
    /// Its memory.
    pub memory: MemorySize,
    /// Its handler.
    pub handler: &'a str,
    /// Its own environment variables.
    pub variables: &'a EnvironmentVariables,
    /// The host directory that will be `/var/task`.
    pub code: &'a Path,
    /// The host directories that will be laid over each other at `/opt`.
    pub layers: &'a [PathBuf],
}

/// The function has no program to start: the error type is `Runtime.InvalidEntrypoint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")]
pub struct InvalidEntrypoint;

impl LaunchPlan {
    /// The program of one function, which is started ahead where nothing of the function matters to its start.
    ///
    /// # Errors
    /// When the function ought to bring its own program and has none.
    pub fn program_for(&self, function: &FunctionFacts<'_>) -> Result<Program, InvalidEntrypoint> {
        let command = self.command_for(function)?;
        let start = match &self.early_variables {
            Some(early) if !function.variables.iter().any(|(name, _)| is_early(early, name)) => {
                ProgramStart::Ahead { env: early_env(self) }
            }
            Some(_) | None => ProgramStart::WithFunction,
        };
        Ok(Program {
            command,
            mounts: self.mounts.clone(),
            start,
        })
    }

    /// With heap limits by its memory, behind the wrapper it asks for, or its own program.
    fn command_for(&self, function: &FunctionFacts<'_>) -> Result<Vec<String>, InvalidEntrypoint> {
        match self.kind {
            LaunchKind::Managed { heap } => {
                let mut command = self.command.clone();
                command.splice(1..1, heap_flags(heap, function));
                Ok(wrapped(command, function))
            }
            LaunchKind::Dotnet => Ok(wrapped(dotnet::command_for(&self.command, function), function)),
            LaunchKind::Driven | LaunchKind::Image => Ok(self.command.clone()),
            LaunchKind::Provided => {
                let has = |root: &Path| exists(&root.join("bootstrap"));
                let [in_code, in_layers] = ENTRYPOINTS;
                if has(function.code) {
                    return Ok(vec![in_code.to_owned()]);
                }
                let found = function.layers.iter().any(|layer| has(layer));
                found.then(|| vec![in_layers.to_owned()]).ok_or(InvalidEntrypoint)
            }
        }
    }
}

/// Behind the wrapper that a function asks for.
fn wrapped(command: Vec<String>, function: &FunctionFacts<'_>) -> Vec<String> {
    match function.variables.get(WRAPPER) {
        // By a shell, as in AWS: a wrapper that does not exist is exit status 127 (recorded: test_lambda_runtime_wrapper_not_found).
        Some(wrapper) if !wrapper.is_empty() => {
            let shell = ["/bin/sh", "-c", r#"exec "$0" "$@""#, wrapper].map(str::to_owned);
            shell.into_iter().chain(command).collect()
        }
        Some(_) | None => command,
    }
}

/// The flags that limit a heap.
fn heap_flags(heap: Option<Language>, function: &FunctionFacts<'_>) -> Vec<String> {
    let mb = function.memory.mb();
    match heap {
        // AWS's proportions: the heap leaves a tenth of the memory to the rest of the process.
        Some(Language::Node) => vec![
            format!("--max-semi-space-size={}", (mb / 20).max(1)),
            format!("--max-old-space-size={}", mb * 9 / 10),
        ],
        Some(Language::Java) => {
            let options = JAVA_OPTIONS.map(|name| function.variables.get(name).unwrap_or_default());
            java::tuning(function.memory, &options.join(" "))
        }
        Some(Language::Python | Language::Ruby | Language::Dotnet) | None => Vec::new(),
    }
}

/// Whether a variable matters to a program's start.
fn is_early(early: &[String], name: &str) -> bool {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    };
    name == WRAPPER || early.iter().any(matches)
}

/// A link counts: it may lead to a place that exists only inside.
fn exists(path: &PathBuf) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kind: LaunchKind) -> LaunchPlan {
        LaunchPlan {
            command: vec!["/var/lang/bin/node".to_owned(), "/var/runtime/bootstrap.js".to_owned()],
            env: Vec::new(),
            mounts: Vec::new(),
            working_dir: "/var/task".to_owned(),
            substituted: None,
            logs: LogMode::default(),
            early_variables: Some(vec!["PYTHON*".to_owned(), "LANG".to_owned()]),
            old_credential_names: false,
            preparation: None,
            kind,
        }
    }

    fn facts<'a>(variables: &'a EnvironmentVariables, code: &'a Path, layers: &'a [PathBuf]) -> FunctionFacts<'a> {
        FunctionFacts {
            memory: MemorySize::DEFAULT,
            handler: "index.handler",
            variables,
            code,
            layers,
        }
    }

    #[test]
    fn a_wrapper_gets_the_command_as_its_arguments() {
        let wrapper = ("AWS_LAMBDA_EXEC_WRAPPER".to_owned(), "/opt/wrap".to_owned());
        let variables = EnvironmentVariables::from_iter([wrapper]);
        let command = plan(LaunchKind::Managed { heap: None }).command_for(&facts(&variables, Path::new("/"), &[]));
        assert_eq!(
            command.unwrap(),
            [
                "/bin/sh",
                "-c",
                "exec \"$0\" \"$@\"",
                "/opt/wrap",
                "/var/lang/bin/node",
                "/var/runtime/bootstrap.js"
            ]
        );
    }

    #[test]
    fn heap_limits_follow_the_memory() {
        let variables = EnvironmentVariables::default();
        let command = plan(LaunchKind::Managed {
            heap: Some(Language::Node),
        })
        .command_for(&facts(&variables, Path::new("/"), &[]));
        assert_eq!(
            command.unwrap()[1..3],
            ["--max-semi-space-size=6", "--max-old-space-size=115"]
        );
    }

    #[test]
    fn a_function_that_changes_the_start_is_not_started_ahead() {
        let with = |name: &str| {
            let variables = EnvironmentVariables::from_iter([(name.to_owned(), "x".to_owned())]);
            let facts = facts(&variables, Path::new("/"), &[]);
            let program = plan(LaunchKind::Managed { heap: None }).program_for(&facts);
            program.unwrap().start
        };
        assert!(matches!(with("STAGE"), ProgramStart::Ahead { .. }));
        assert!(matches!(with("LANGUAGE_OF_THE_USER"), ProgramStart::Ahead { .. }));
        for early in ["PYTHONPATH", "LANG", "AWS_LAMBDA_EXEC_WRAPPER"] {
            assert_eq!(with(early), ProgramStart::WithFunction, "{early}");
        }
    }

    #[test]
    fn a_function_brings_its_own_program() {
        let (code, layers) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let variables = EnvironmentVariables::default();
        let trees = [code.path().join("nothing"), layers.path().to_owned()];
        let facts = facts(&variables, code.path(), &trees);
        let plan = plan(LaunchKind::Provided);
        assert_eq!(plan.command_for(&facts), Err(InvalidEntrypoint));
        std::fs::write(layers.path().join("bootstrap"), "").unwrap();
        assert_eq!(plan.command_for(&facts).unwrap(), ["/opt/bootstrap"]);
        std::fs::write(code.path().join("bootstrap"), "").unwrap();
        assert_eq!(plan.command_for(&facts).unwrap(), ["/var/task/bootstrap"]);
    }
}
