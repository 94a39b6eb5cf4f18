//! What is particular about .NET: how `dotnet` is told about a function's assemblies, and about the host's libraries.

use crate::{Interpreter, Version, plan::FunctionFacts};
use lambent_sandbox::BindMount;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where functions are, seen from inside.
const TASK: &str = "/var/task";
/// The variable that names another assembly than the handler's whose lists of dependencies count.
const MAIN_ASSEMBLY: &str = "LAMBDA_DOTNET_MAIN_ASSEMBLY";
/// Since this version `dotnet` knows `--roll-forward`, and finds the host's ICU whatever its version if that is 5.
const ROLL_FORWARD_SINCE: u32 = 3;
const FINDS_ICU_SINCE: u32 = 5;
/// Where hosts have their libraries.
const LIBRARIES: [&str; 7] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
];

/// `exec` with what lets `interpreter` run assemblies of the `wanted` version, unless it is that.
pub(crate) fn exec(interpreter: &Interpreter, wanted: &Version, exact: bool) -> Vec<String> {
    let found = &interpreter.version;
    let newer = (found.major(), found.minor()) >= (wanted.major(), wanted.minor());
    let version = found.to_string();
    let options: &[&str] = match (exact, newer) {
        (true, _) => &[],
        (false, true) if found.major() >= ROLL_FORWARD_SINCE => &["--roll-forward", "Major"],
        (false, true) => &["--roll-forward-on-no-candidate-fx", "2"],
        (false, false) => &["--fx-version", &version],
    };
    std::iter::once("exec")
        .chain(options.iter().copied())
        .map(str::to_owned)
        .collect()
}

/// What an environment sees at `/var/lang`: an installation with `bin` and `lib`, or what is beside the program as its `bin`.
pub(crate) fn lang(interpreter: &Interpreter) -> BindMount {
    let beside = interpreter.program.parent().unwrap_or(Path::new("/"));
    let (host, inside) = match beside.parent() {
        Some(installation) if beside.ends_with("bin") => (installation, "/var/lang"),
        Some(_) | None => (beside, "/var/lang/bin"),
    };
    BindMount {
        host: host.to_owned(),
        inside: inside.to_owned(),
    }
}

/// Variables by which .NET finds the host's ICU, or does without where there is none; it ends with an error otherwise.
pub(crate) fn globalization(interpreter: &Interpreter) -> Option<(String, String)> {
    let variable = |name: &str, value: String| Some((name.to_owned(), value));
    match LIBRARIES.iter().find_map(|dir| icu(Path::new(dir))) {
        None => variable("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1".to_owned()),
        Some(version) if interpreter.version.major() < FINDS_ICU_SINCE => {
            variable("CLR_ICU_VERSION_OVERRIDE", version.to_string())
        }
        Some(_) => None,
    }
}

/// The version of ICU in a directory, as `libicuuc.so.72.1` tells it.
fn icu(dir: &Path) -> Option<Version> {
    let versions = fs::read_dir(dir).ok()?.flatten().filter_map(|entry| {
        let name = entry.file_name();
        let version: Version = name.to_str()?.strip_prefix("libicuuc.so.")?.parse().ok()?;
        version.to_string().contains('.').then_some(version)
    });
    versions.max()
}

/// Fits `command`, whose last part is the bootstrap, to a function.
pub(crate) fn command_for(command: &[String], function: &FunctionFacts<'_>) -> Vec<String> {
    let built = match function.handler.split_once(':') {
        Some((assembly, _)) => library(command, assembly, function),
        None => executable(command, function),
    };
    built.unwrap_or_else(|fault| fault.command())
}

/// What AWS says of a package without the files that `dotnet` needs, and the status it ends with.
struct Fault {
    words: String,
    status: u8,
}

impl Fault {
    /// The program that does what AWS's does: it says so and ends.
    fn command(&self) -> Vec<String> {
        let end = format!("echo \"$0\" >&2; exit {}", self.status);
        vec!["/bin/sh".to_owned(), "-c".to_owned(), end, self.words.clone()]
    }
}

/// A class library: the bootstrap with the library's lists.
fn library(command: &[String], assembly: &str, function: &FunctionFacts<'_>) -> Result<Vec<String>, Fault> {
    let main = function.variables.get(MAIN_ASSEMBLY).filter(|name| !name.is_empty());
    let main = main.map_or(assembly, |name| name.strip_suffix(".dll").unwrap_or(name));
    let dependencies = list(function.code, main, ".deps.json", 105)?;
    let configuration = list(function.code, main, ".runtimeconfig.json", 106)?;
    let (bootstrap, exec) = command
        .split_last()
        .map_or((None, command), |(last, rest)| (Some(last), rest));
    let lists = [
        "--depsfile".to_owned(),
        dependencies,
        "--runtimeconfig".to_owned(),
        configuration,
    ];
    let all = exec.iter().cloned().chain(lists).chain(bootstrap.cloned());
    Ok(all.chain([function.handler.to_owned()]).collect())
}

/// The list of this assembly, or the only one that there is.
fn list(code: &Path, assembly: &str, suffix: &str, status: u8) -> Result<String, Fault> {
    let name = format!("{assembly}{suffix}");
    if code.join(&name).is_file() {
        return Ok(format!("{TASK}/{name}"));
    }
    let names = fs::read_dir(code).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let lists: Vec<_> = names.filter(|name| name.ends_with(suffix)).collect();
    match lists.as_slice() {
        [only] => Ok(format!("{TASK}/{only}")),
        [] | [..] => Err(Fault {
            words: format!(
                "Error: .NET binaries for Lambda function are not correctly installed in the {TASK} directory of the image when the \
                 image was built. The {TASK} directory is missing the required {suffix} file."
            ),
            status,
        }),
    }
}

/// A program of the function's own, which speaks the Runtime API itself.
fn executable(command: &[String], function: &FunctionFacts<'_>) -> Result<Vec<String>, Fault> {
    let binary = function.handler;
    let assembly = format!("{}.dll", binary.strip_suffix(".dll").unwrap_or(binary));
    let inside = |name: &str| PathBuf::from(TASK).join(name).to_string_lossy().into_owned();
    if function.code.join(&assembly).is_file() {
        let exec = command.split_last().map_or(command, |(_, rest)| rest);
        return Ok(exec.iter().cloned().chain([inside(&assembly)]).collect());
    }
    if function.code.join(binary).is_file() {
        return Ok(vec![inside(binary)]);
    }
    let (assembly, binary) = (inside(&assembly), inside(binary));
    Err(Fault {
        words: format!("Error: executable assembly {assembly} or binary {binary} not found."),
        status: 104,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;
    use lambent_types::{EnvironmentVariables, MemorySize};

    fn dotnet(version: &str, program: &str) -> Interpreter {
        Interpreter {
            language: Language::Dotnet,
            version: version.parse().unwrap(),
            program: program.into(),
        }
    }

    #[test]
    fn another_version_is_told_to_run_what_is_not_for_it() {
        let options =
            |found: &str, wanted: &str, exact| exec(&dotnet(found, "/x"), &wanted.parse().unwrap(), exact).join(" ");
        assert_eq!(options("8.0.4", "8", true), "exec");
        assert_eq!(options("8.0.4", "6", false), "exec --roll-forward Major");
        assert_eq!(options("8.0.4", "10", false), "exec --fx-version 8.0.4");
        assert_eq!(
            options("2.1.30", "1.0", false),
            "exec --roll-forward-on-no-candidate-fx 2"
        );
    }

    #[test]
    fn an_installation_without_bin_becomes_one() {
        let at = |program: &str| {
            let mount = lang(&dotnet("8", program));
            (mount.host.to_str().unwrap().to_owned(), mount.inside)
        };
        assert_eq!(
            at("/data/dotnet-v8/bin/dotnet"),
            ("/data/dotnet-v8".to_owned(), "/var/lang".to_owned())
        );
        assert_eq!(
            at("/usr/lib/dotnet/dotnet"),
            ("/usr/lib/dotnet".to_owned(), "/var/lang/bin".to_owned())
        );
    }

    #[test]
    fn icu_is_found_by_the_names_of_its_files() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(icu(dir.path()), None);
        for name in [
            "libicuuc.so",
            "libicuuc.so.72",
            "libicuuc.so.72.1",
            "libicudata.so.99.1",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(icu(dir.path()).unwrap().to_string(), "72.1");
    }

    /// The command for a handler in a package of these files, as one text.
    fn fitted(handler: &str, files: &[&str], variables: &[(&str, &str)]) -> String {
        let code = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(code.path().join(file), "").unwrap();
        }
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables = EnvironmentVariables::from_iter(variables);
        let command = ["dotnet", "exec", "b.dll"].map(str::to_owned);
        let facts = FunctionFacts {
            memory: MemorySize::DEFAULT,
            handler,
            variables: &variables,
            code: code.path(),
            layers: &[],
        };
        command_for(&command, &facts).join(" ")
    }

    #[test]
    fn a_library_is_run_by_the_bootstrap_with_its_lists() {
        let library = |files: &[&str], variables: &[(&str, &str)]| fitted("A::B.C::d", files, variables);
        let lists = |name: &str| {
            format!(
                "dotnet exec --depsfile /var/task/{name}.deps.json --runtimeconfig /var/task/{name}.runtimeconfig.json b.dll A::B.C::d"
            )
        };
        let both = [
            "A.deps.json",
            "A.runtimeconfig.json",
            "B.deps.json",
            "B.runtimeconfig.json",
        ];
        assert_eq!(library(&both, &[]), lists("A"));
        assert_eq!(library(&both, &[(MAIN_ASSEMBLY, "B.dll")]), lists("B"));
        assert_eq!(library(&both[2..], &[]), lists("B"), "the only ones there are");
        let missing = library(&[], &[]);
        assert!(
            missing.contains("exit 105") && missing.ends_with("missing the required .deps.json file."),
            "{missing}"
        );
        assert!(library(&["A.deps.json"], &[]).contains("exit 106"));
    }

    #[test]
    fn a_program_is_run_as_it_is() {
        assert_eq!(fitted("App", &["App.dll", "App"], &[]), "dotnet exec /var/task/App.dll");
        assert_eq!(fitted("App.dll", &["App.dll"], &[]), "dotnet exec /var/task/App.dll");
        assert_eq!(fitted("App", &["App"], &[]), "/var/task/App");
        let missing = fitted("App", &[], &[]);
        assert!(
            missing
                .ends_with("exit 104 Error: executable assembly /var/task/App.dll or binary /var/task/App not found."),
            "{missing}"
        );
    }
}
