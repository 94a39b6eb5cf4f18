//! Looks for interpreters on the host.

use crate::{
    selection::{Interpreter, Language},
    version::Version,
};
use std::{
    ffi::OsString,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The newest minor version of Python that is looked for in the directories of `PATH`.
const NEWEST_PYTHON_MINOR: u32 = 20;

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Directories of programs, as in `PATH`.
    pub program_dirs: Vec<PathBuf>,
    /// Directories whose children are installations with a `bin` of their own, named by their version: what pyenv, uv, nvm, fnm,
    /// rbenv and ruby-install keep, `/opt`, and the `runtimes` directory of the server.
    pub version_dirs: Vec<PathBuf>,
    /// Installations by themselves.
    pub installations: Vec<PathBuf>,
}

impl Places {
    /// The usual places, by the variables that `lookup` knows (`PATH`, `HOME`, `PYENV_ROOT`, `NVM_DIR`, `UV_PYTHON_INSTALL_DIR`,
    /// `FNM_DIR`, `RBENV_ROOT`, `JAVA_HOME`, `DOTNET_ROOT`, `SDKMAN_DIR`), and `runtimes` below the server's data directory, which comes first.
    #[must_use]
    pub fn usual(lookup: impl Fn(&str) -> Option<OsString>, data_dir: &Path) -> Self {
        let home = lookup("HOME").map(PathBuf::from);
        let beside = |variable: &str, default: &str| {
            lookup(variable)
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(default)))
        };
        let version_dirs = [
            Some(data_dir.join("runtimes")),
            beside("PYENV_ROOT", ".pyenv").map(|root| root.join("versions")),
            beside("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python"),
            beside("NVM_DIR", ".nvm").map(|root| root.join("versions/node")),
            beside("FNM_DIR", ".local/share/fnm").map(|root| root.join("node-versions")),
            beside("RBENV_ROOT", ".rbenv").map(|root| root.join("versions")),
            home.as_ref().map(|home| home.join(".rubies")),
            beside("SDKMAN_DIR", ".sdkman").map(|root| root.join("candidates/java")),
            Some(PathBuf::from("/usr/lib/jvm")),
            Some(PathBuf::from("/opt")),
        ];
        let path = lookup("PATH").unwrap_or_default();
        let usual = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from);
        let homes = ["JAVA_HOME", "DOTNET_ROOT"].into_iter().filter_map(&lookup);
        let dotnet = home.map(|home| home.join(".dotnet").into_os_string());
        let places = ["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet"].map(OsString::from);
        let installations = homes.chain(dotnet).chain(places);
        Self {
            program_dirs: std::env::split_paths(&path).chain(usual).collect(),
            version_dirs: version_dirs.into_iter().flatten().collect(),
            installations: installations.map(PathBuf::from).collect(),
        }
    }
}

/// Finds the interpreters of `places`, in the order of the places, each program once. Only a Node or a Ruby that nothing tells the version
/// of is asked for it.
#[must_use]
pub fn discover(places: &Places) -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    let mut add = |interpreter: Option<Interpreter>| {
        // One program of .NET serves all the frameworks beside it.
        let known = |new: &Interpreter, old: &Interpreter| {
            old.program == new.program && (new.language != Language::Dotnet || old.version == new.version)
        };
        let of_use = |new: &Interpreter| new.language.serves(&new.version) && !found.iter().any(|old| known(new, old));
        if let Some(interpreter) = interpreter.filter(of_use) {
            found.push(interpreter);
        }
    };
    let versions = places.version_dirs.iter().flat_map(|dir| children(dir));
    for installation in versions.chain(places.installations.iter().cloned()) {
        let named = name_version(&installation);
        for bin in [installation.join("bin"), installation.join("installation/bin")] {
            programs(&bin, named.as_ref()).into_iter().for_each(&mut add);
        }
        dotnets(&installation.join("dotnet")).into_iter().for_each(&mut add);
    }
    for dir in &places.program_dirs {
        programs(dir, None)
            .into_iter()
            .flatten()
            .filter(stands_alone)
            .map(Some)
            .for_each(&mut add);
    }
    found
}

/// Whether the program is of the system or of an installation of its own, which can be shown inside an environment. A Node in somebody's
/// `~/bin` is not: its prefix is all of the home directory.
fn stands_alone(interpreter: &Interpreter) -> bool {
    let prefix = interpreter.program.parent().and_then(Path::parent);
    match interpreter.language {
        Language::Python => true,
        Language::Java | Language::Dotnet => true,
        Language::Node => prefix.is_some_and(|it| it.starts_with("/usr") || it.join("include/node").is_dir()),
        Language::Ruby => prefix.is_some_and(|it| it.starts_with("/usr") || it.join("lib/ruby").is_dir()),
    }
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let mut children: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    children.sort();
    children
}

/// The version in a directory's name: `3.11.7`, `v20.1.0`, `cpython-3.12.1-linux-x86_64-gnu`, `python3.12`.
fn name_version(dir: &Path) -> Option<Version> {
    let name = dir.file_name()?.to_str()?;
    let start = name.find(|letter: char| letter.is_ascii_digit())?;
    let end = name[start..]
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .map_or(name.len(), |at| start + at);
    name[start..end].trim_end_matches('.').parse().ok()
}

/// The interpreters of one directory of programs; `named` is the version that the installation's name tells.
fn programs(bin: &Path, named: Option<&Version>) -> Vec<Option<Interpreter>> {
    let pythons = std::iter::once("python2.7".to_owned())
        .chain((6..=NEWEST_PYTHON_MINOR).map(|minor| format!("python3.{minor}")))
        .chain(std::iter::once("python3".to_owned()));
    let mut found: Vec<_> = pythons.map(|name| python(&bin.join(name), named)).collect();
    found.push(node(&bin.join("node"), named));
    found.push(ruby(&bin.join("ruby"), named));
    found.push(java(&bin.join("java")));
    found.extend(dotnets(&bin.join("dotnet")));
    found
}

/// A `dotnet` with each of the frameworks beside it.
fn dotnets(link: &Path) -> Vec<Option<Interpreter>> {
    let Some(program) = real_program(link) else {
        return Vec::new();
    };
    let frameworks = children(&program.with_file_name("shared").join("Microsoft.NETCore.App"));
    let interpreter = |framework: &PathBuf| {
        // Previews, such as 9.0.0-rc.1, are nobody's choice.
        let version = framework.file_name()?.to_str()?.parse().ok()?;
        Some(Interpreter {
            language: Language::Dotnet,
            version,
            program: program.clone(),
        })
    };
    frameworks.iter().map(interpreter).collect()
}

fn python(link: &Path, named: Option<&Version>) -> Option<Interpreter> {
    let program = real_program(link)?;
    let name = program.file_name()?.to_str()?;
    let release: Version = name.strip_prefix("python")?.parse().ok()?;
    // Without its library beside it the program is no installation.
    if !program.parent()?.parent()?.join("lib").join(name).is_dir() {
        return None;
    }
    let version = named
        .filter(|named| named.satisfies(&release))
        .cloned()
        .unwrap_or(release);
    Some(Interpreter {
        language: Language::Python,
        version,
        program,
    })
}

fn node(link: &Path, named: Option<&Version>) -> Option<Interpreter> {
    let program = real_program(link)?;
    let version = whole(named)
        .or_else(|| node_header_version(&program))
        .or_else(|| ask(&program)?.strip_prefix('v')?.parse().ok())?;
    Some(Interpreter {
        language: Language::Node,
        version,
        program,
    })
}

fn ruby(link: &Path, named: Option<&Version>) -> Option<Interpreter> {
    let program = real_program(link)?;
    // A distribution's program says in its name as much as is needed.
    let told = program.file_name()?.to_str()?.strip_prefix("ruby")?.parse().ok();
    let version = whole(named).or(told).or_else(|| ruby_version(&ask(&program)?))?;
    Some(Interpreter {
        language: Language::Ruby,
        version,
        program,
    })
}

/// The version in `ruby 3.1.7p261 (2025-03-26 revision 0a3704f218) [x86_64-linux-gnu]`.
fn ruby_version(told: &str) -> Option<Version> {
    let version = told.strip_prefix("ruby ")?;
    let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    version[..end].parse().ok()
}

/// A version that says everything.
fn whole(named: Option<&Version>) -> Option<Version> {
    named
        .filter(|named| named.to_string().matches('.').count() == 2)
        .cloned()
}

/// Every JDK and JRE has a file beside its programs that says its version.
fn java(link: &Path) -> Option<Interpreter> {
    let program = real_program(link)?;
    let prefix = program.parent()?.parent()?;
    // The JRE inside of a JDK 8 leaves that to the JDK.
    let release = [prefix.join("release"), prefix.with_file_name("release")]
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())?;
    let version = release
        .lines()
        .find_map(|line| line.strip_prefix("JAVA_VERSION="))?
        .trim_matches('"');
    Some(Interpreter {
        language: Language::Java,
        version: java_version(version)?,
        program,
    })
}

/// `17.0.15`, or `1.8.0_402` as Java 8 calls itself.
fn java_version(text: &str) -> Option<Version> {
    let text = text.strip_prefix("1.").unwrap_or(text).replace('_', ".");
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    text[..end.unwrap_or(text.len())].trim_end_matches('.').parse().ok()
}

/// The file behind `link` if it is a program of the machine, not a script: pyenv's and others' shims are scripts.
fn real_program(link: &Path) -> Option<PathBuf> {
    let program = fs::canonicalize(link).ok()?;
    let mut magic = [0; 4];
    fs::File::open(&program).ok()?.read_exact(&mut magic).ok()?;
    (&magic == b"\x7fELF").then_some(program)
}

/// Node's distributions carry the header that says their version.
fn node_header_version(program: &Path) -> Option<Version> {
    let header = fs::read_to_string(program.parent()?.parent()?.join("include/node/node_version.h")).ok()?;
    let part = |name: &str| {
        let line = header
            .lines()
            .find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
        line.trim().parse::<u32>().ok()
    };
    let parts = [
        part("NODE_MAJOR_VERSION ")?,
        part("NODE_MINOR_VERSION ")?,
        part("NODE_PATCH_VERSION ")?,
    ];
    parts.map(|part| part.to_string()).join(".").parse().ok()
}

/// What a program says with `--version`.
fn ask(program: &Path) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn program(path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        let library = path
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("lib")
            .join(path.file_name().unwrap());
        fs::create_dir_all(library).unwrap();
    }

    fn versions(found: &[Interpreter]) -> Vec<String> {
        found
            .iter()
            .map(|each| format!("{:?} {}", each.language, each.version))
            .collect()
    }

    #[test]
    fn finds_installations_by_their_names_and_leaves_scripts_alone() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        program(&at("pyenv/versions/3.11.7/bin/python3.11"), b"\x7fELF");
        symlink("python3.11", at("pyenv/versions/3.11.7/bin/python3")).unwrap();
        program(&at("pyenv/shims/python3.12"), b"#!/usr/bin/env bash");
        program(&at("uv/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12"), b"\x7fELF");
        program(&at("nvm/v20.1.0/bin/node"), b"\x7fELF");
        // The bootstrap does not run on it.
        program(&at("nvm/v0.10.48/bin/node"), b"\x7fELF");
        program(&at("usr/bin/python3.9"), b"\x7fELF");
        program(&at("usr/bin/node"), b"\x7fELF");
        program(&at("home/bin/node"), b"\x7fELF");
        program(&at("jvm/java-8-openjdk/jre/bin/java"), b"\x7fELF");
        program(&at("jvm/java-8-openjdk/release"), b"JAVA_VERSION=\"1.8.0_402\"\n");
        fs::create_dir_all(at("jvm/java-8-openjdk/bin")).unwrap();
        symlink("../jre/bin/java", at("jvm/java-8-openjdk/bin/java")).unwrap();
        program(&at("java-home/bin/java"), b"\x7fELF");
        program(
            &at("java-home/release"),
            b"IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\n",
        );
        program(
            &at("usr/include/node/node_version.h"),
            b"#define NODE_MAJOR_VERSION 22\n#define NODE_MINOR_VERSION 3\n#define NODE_PATCH_VERSION 1\n",
        );
        let places = Places {
            program_dirs: vec![at("pyenv/shims"), at("usr/bin"), at("home/bin"), at("none")],
            version_dirs: vec![at("pyenv/versions"), at("uv"), at("nvm"), at("none"), at("jvm")],
            installations: vec![at("java-home")],
        };
        assert_eq!(
            versions(&discover(&places)),
            [
                "Python 3.11.7",
                "Python 3.12.1",
                "Node 20.1.0",
                "Java 8.0.402",
                "Java 17.0.15",
                "Python 3.9",
                "Node 22.3.1"
            ]
        );
    }

    #[test]
    fn a_dotnet_counts_once_for_each_framework() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        program(&at("runtimes/dotnet-v8.0.4/bin/dotnet"), b"\x7fELF");
        program(&at(".dotnet/dotnet"), b"\x7fELF");
        for framework in [
            "runtimes/dotnet-v8.0.4/bin/shared/Microsoft.NETCore.App/8.0.4",
            ".dotnet/shared/Microsoft.NETCore.App/6.0.36",
            ".dotnet/shared/Microsoft.NETCore.App/9.0.0-rc.1",
            ".dotnet/shared/Microsoft.NETCore.App/10.0.1",
        ] {
            fs::create_dir_all(at(framework)).unwrap();
        }
        let places = Places {
            program_dirs: vec![at(".dotnet")],
            version_dirs: vec![at("runtimes")],
            installations: vec![at(".dotnet")],
        };
        assert_eq!(
            versions(&discover(&places)),
            ["Dotnet 8.0.4", "Dotnet 10.0.1", "Dotnet 6.0.36"]
        );
    }

    #[test]
    fn a_ruby_tells_its_version() {
        let version = |told: &str| ruby_version(told).map(|version| version.to_string());
        assert_eq!(
            version("ruby 3.1.7p261 (2025-03-26 revision 0a3704f218) [x86_64-linux-gnu]").as_deref(),
            Some("3.1.7")
        );
        assert_eq!(version("ruby 3.4.0preview1 (x)").as_deref(), Some("3.4.0"));
        assert_eq!(version("jruby 9.4.5.0 (3.1.4)"), None);
    }

    #[test]
    fn the_usual_places_follow_the_environment() {
        let lookup = |name: &str| match name {
            "HOME" => Some("/home/u".into()),
            "PATH" => Some("/a:/b".into()),
            "NVM_DIR" => Some("/nvm".into()),
            "JAVA_HOME" => Some("/jdk".into()),
            _ => None,
        };
        let places = Places::usual(lookup, Path::new("/data"));
        assert_eq!(
            places.program_dirs,
            ["/a", "/b", "/usr/local/bin", "/usr/bin"].map(PathBuf::from)
        );
        assert_eq!(
            places.installations,
            [
                "/jdk",
                "/home/u/.dotnet",
                "/usr/share/dotnet",
                "/usr/lib/dotnet",
                "/usr/lib64/dotnet"
            ]
            .map(PathBuf::from)
        );
        assert_eq!(
            places.version_dirs,
            [
                "/data/runtimes",
                "/home/u/.pyenv/versions",
                "/home/u/.local/share/uv/python",
                "/nvm/versions/node",
                "/home/u/.local/share/fnm/node-versions",
                "/home/u/.rbenv/versions",
                "/home/u/.rubies",
                "/home/u/.sdkman/candidates/java",
                "/usr/lib/jvm",
                "/opt"
            ]
            .map(PathBuf::from)
        );
    }
}
