//! The programs that run inside environments, carried in the server's binary.

use crate::{Interpreter, Language, Preparation};
use lambent_types::Sha256Digest;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::UNIX_EPOCH,
};

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../runtimes/", $path)))),*]
    };
}

/// Path and content of every file; the first part of the path is what is mounted at `/var/runtime`.
const FILES: &[(&str, &[u8])] = embedded![
    "dotnet/built/Lambent.Runtime.dll",
    "dotnet/built/empty-certificates.crt",
    "java/com/amazonaws/services/lambda/runtime/Client.java",
    "java/com/amazonaws/services/lambda/runtime/ClientContext.java",
    "java/com/amazonaws/services/lambda/runtime/CognitoIdentity.java",
    "java/com/amazonaws/services/lambda/runtime/Context.java",
    "java/com/amazonaws/services/lambda/runtime/CustomPojoSerializer.java",
    "java/com/amazonaws/services/lambda/runtime/LambdaLogger.java",
    "java/com/amazonaws/services/lambda/runtime/LambdaRuntime.java",
    "java/com/amazonaws/services/lambda/runtime/LambdaRuntimeInternal.java",
    "java/com/amazonaws/services/lambda/runtime/RequestHandler.java",
    "java/com/amazonaws/services/lambda/runtime/RequestStreamHandler.java",
    "java/com/amazonaws/services/lambda/runtime/logging/LogFormat.java",
    "java/com/amazonaws/services/lambda/runtime/logging/LogLevel.java",
    "java/lambent/runtime/Bootstrap.java",
    "java/lambent/runtime/CallerContext.java",
    "java/lambent/runtime/CallerIdentity.java",
    "java/lambent/runtime/Conversion.java",
    "java/lambent/runtime/Descriptors.java",
    "java/lambent/runtime/Era.java",
    "java/lambent/runtime/ErrorDocument.java",
    "java/lambent/runtime/Fault.java",
    "java/lambent/runtime/FunctionLoader.java",
    "java/lambent/runtime/Handler.java",
    "java/lambent/runtime/Handlers.java",
    "java/lambent/runtime/Handover.java",
    "java/lambent/runtime/Invocation.java",
    "java/lambent/runtime/LambdaContext.java",
    "java/lambent/runtime/Log.java",
    "java/lambent/runtime/Methods.java",
    "java/lambent/runtime/Natives.java",
    "java/lambent/runtime/Rehearsal.java",
    "java/lambent/runtime/RuntimeApi.java",
    "java/lambent/runtime/Sink.java",
    "java/lambent/runtime/Variables.java",
    "java/lambent/runtime/json/Allocation.java",
    "java/lambent/runtime/json/Bean.java",
    "java/lambent/runtime/json/EventNames.java",
    "java/lambent/runtime/json/FromJson.java",
    "java/lambent/runtime/json/Generics.java",
    "java/lambent/runtime/json/JsonException.java",
    "java/lambent/runtime/json/JsonNumber.java",
    "java/lambent/runtime/json/JsonParser.java",
    "java/lambent/runtime/json/JsonWriter.java",
    "java/lambent/runtime/json/Property.java",
    "java/lambent/runtime/json/Records.java",
    "java/lambent/runtime/json/Scalars.java",
    "java/lambent/runtime/json/Times.java",
    "java/lambent/runtime/json/ToJson.java",
    "nodejs/bootstrap.js",
    "nodejs/ca-cert.pem",
    "nodejs/lambent/bytes.js",
    "nodejs/lambent/client.js",
    "nodejs/lambent/errors.js",
    "nodejs/lambent/handler.js",
    "nodejs/lambent/handover.js",
    "nodejs/lambent/import.js",
    "nodejs/lambent/invocation.js",
    "nodejs/lambent/log.js",
    "nodejs/lambent/packages.js",
    "nodejs/lambent/packages.mjs",
    "nodejs/lambent/rehearsal.js",
    "nodejs/lambent/rehearsed.js",
    "nodejs/lambent/streaming.js",
    "python/bootstrap.py",
    "python/lambent_runtime/__init__.py",
    "python/lambent_runtime/client.py",
    "python/lambent_runtime/context.py",
    "python/lambent_runtime/faults.py",
    "python/lambent_runtime/generation.py",
    "python/lambent_runtime/handler.py",
    "python/lambent_runtime/handover.py",
    "python/lambent_runtime/log.py",
    "python/lambent_runtime/loop.py",
    "python/lambent_runtime/marshal.py",
    "python/lambent_runtime/rehearsed.py",
    "python/lambent_runtime/start.py",
    "ruby/bootstrap.rb",
    "ruby/lambent/client.rb",
    "ruby/lambent/context.rb",
    "ruby/lambent/faults.rb",
    "ruby/lambent/handler.rb",
    "ruby/lambent/handover.rb",
    "ruby/lambent/log.rb",
    "ruby/lambent/loop.rb",
    "ruby/lambent/marshaller.rb",
    "ruby/lambent/rehearsed.rb",
];

/// The file name of the driver, which is the server's own program.
pub(crate) const DRIVER: &str = "bootstrap";

/// This program, also after its file was replaced by a newer one.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The bootstraps on the disk.
#[derive(Clone, Debug)]
pub struct Bootstraps {
    dir: PathBuf,
    driver_dir: PathBuf,
}

impl Bootstraps {
    /// Writes the bootstraps to `<runtimes_dir>/bootstrap-<hash of their content>` unless they are there. The directory appears as a
    /// whole or not at all; environments that still use an older one keep it.
    ///
    /// # Errors
    /// The file system's.
    pub fn install(runtimes_dir: &Path) -> io::Result<Self> {
        let dir = runtimes_dir.join(format!("bootstrap-{}", &content_hash()[..16]));
        let installed = Self {
            dir: dir.clone(),
            driver_dir: runtimes_dir.join(format!("driver-{}", own_program_version()?)),
        };
        if dir.is_dir() {
            return Ok(installed);
        }
        let draft = runtimes_dir.join(format!(".bootstrap-{}", std::process::id()));
        let written = write_all(&draft).and_then(|()| fs::rename(&draft, &dir));
        if written.is_err() {
            // What is left of a failed attempt only takes space.
            let _ = fs::remove_dir_all(&draft);
        }
        match written {
            Err(_) if dir.is_dir() => Ok(installed),
            Err(error) => Err(error),
            Ok(()) => Ok(installed),
        }
    }

    /// What makes the directory of Java's bootstrap; `None` where no JDK is among the `found`.
    pub(crate) fn preparation(&self, found: &[Interpreter]) -> Option<Preparation> {
        Preparation::by(found, self.dir.join("java"), self.of(Language::Java))
    }

    /// The directory that an environment of this language sees as `/var/runtime`.
    #[must_use]
    pub fn of(&self, language: Language) -> PathBuf {
        self.dir.join(match language {
            Language::Python => "python",
            Language::Node => "nodejs",
            Language::Ruby => "ruby",
            Language::Java => "java-classes",
            Language::Dotnet => "dotnet/built",
        })
    }
}

/// Programs of `go1.x` need a driver inside their environments: this very program, which stands there in a directory of its own.
impl Bootstraps {
    /// The directory that an environment of a driven function sees as `/var/runtime`.
    pub(crate) fn driver_dir(&self) -> &Path {
        &self.driver_dir
    }

    /// Puts the driver there, unless it is. It is linked where that is possible, and else copied, which takes a moment: so this is done
    /// for the first function that needs it, and may be called at any time.
    ///
    /// # Errors
    /// The file system's.
    pub fn install_driver(&self) -> io::Result<()> {
        if self.driver_dir.is_dir() {
            return Ok(());
        }
        let parent = self.driver_dir.parent().unwrap_or(&self.driver_dir);
        let draft = tempdir_in(parent)?;
        let written = write_driver(&draft).and_then(|()| fs::rename(&draft, &self.driver_dir));
        if written.is_err() {
            // What is left of a failed attempt only takes space.
            let _ = fs::remove_dir_all(&draft);
        }
        // Another thread may have been faster.
        if self.driver_dir.is_dir() { Ok(()) } else { written }
    }
}

fn write_driver(dir: &Path) -> io::Result<()> {
    let driver = dir.join(DRIVER);
    let runs_for_all = fs::metadata(OWN_PROGRAM)?.permissions().mode() & 0o005 == 0o005;
    if !(runs_for_all && fs::hard_link(std::env::current_exe()?, &driver).is_ok()) {
        fs::copy(OWN_PROGRAM, &driver)?;
        fs::set_permissions(&driver, fs::Permissions::from_mode(0o755))?;
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
}

/// A directory of this thread alone.
fn tempdir_in(parent: &Path) -> io::Result<PathBuf> {
    let dir = parent.join(format!(
        ".driver-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// What tells one build of this program from another.
fn own_program_version() -> io::Result<String> {
    let program = fs::metadata(OWN_PROGRAM)?;
    let changed = program.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{:x}-{:x}", changed.as_nanos(), program.len()))
}

/// Python compiles the bootstrap's modules at every start unless it finds them compiled, and environments cannot write there.
impl Bootstraps {
    /// Has `interpreter` compile the modules, once: a start is then about a quarter shorter. It takes about a tenth of a second, so do it
    /// in the background; environments that start meanwhile are only slower. Nothing is done for other languages.
    ///
    /// # Errors
    /// When the interpreter cannot be started or fails. Nothing depends on it.
    pub fn precompile(&self, interpreter: &Interpreter) -> io::Result<()> {
        let dir = self.of(interpreter.language);
        if interpreter.language != Language::Python || is_compiled(&dir, interpreter) {
            return Ok(());
        }
        let mut compiler = Command::new(&interpreter.program);
        compiler
            .args(["-S", "-m", "compileall", "-q"])
            .arg(dir.join("lambent_runtime"));
        let status = compiler
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        world_readable(&dir)?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("compileall: {status}")))
        }
    }
}

fn is_compiled(dir: &Path, interpreter: &Interpreter) -> bool {
    let (major, minor) = (interpreter.version.major(), interpreter.version.minor());
    let modules = dir.join("lambent_runtime");
    match major {
        2 => modules.join("start.pyc").is_file(),
        _ => modules
            .join(format!("__pycache__/start.cpython-{major}{minor}.pyc"))
            .is_file(),
    }
}

fn content_hash() -> String {
    let mut all = SDK_FOLDERS.concat().into_bytes();
    for (path, content) in FILES {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(&content.len().to_be_bytes());
        all.extend_from_slice(content);
    }
    Sha256Digest::of(&all).to_hex()
}

/// Folders in which the AWS SDKs are mounted where they are installed.
const SDK_FOLDERS: [&str; 2] = ["python/sdk", "nodejs/node_modules"];

fn write_all(draft: &Path) -> io::Result<()> {
    for folder in SDK_FOLDERS {
        fs::create_dir_all(draft.join(folder))?;
    }
    for (path, content) in FILES {
        let file = draft.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, content)?;
    }
    world_readable(draft)
}

/// Functions run under a user id of their own.
pub(crate) fn world_readable(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            world_readable(&entry.path())?;
        } else {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folders_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtimes");
        let mut on_disk = Vec::new();
        let mut dirs: Vec<_> = ["dotnet/built", "java", "python", "nodejs", "ruby"]
            .map(|each| root.join(each))
            .into();
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else if path.extension().is_none_or(|extension| extension != "pyc") {
                    on_disk.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        on_disk.sort();
        assert_eq!(
            on_disk,
            FILES.iter().map(|(path, _)| (*path).to_owned()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn installing_twice_is_installing_once() {
        let root = tempfile::tempdir().unwrap();
        let first = Bootstraps::install(root.path()).unwrap();
        let second = Bootstraps::install(root.path()).unwrap();
        assert_eq!(first.dir, second.dir);
        assert!(first.of(Language::Python).join("bootstrap.py").is_file());
        assert_eq!(fs::metadata(&first.dir).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn compiles_once_per_interpreter() {
        let root = tempfile::tempdir().unwrap();
        let bootstraps = Bootstraps::install(root.path()).unwrap();
        let places = crate::Places::usual(|name| std::env::var_os(name), root.path());
        for interpreter in crate::discover(&places) {
            bootstraps.precompile(&interpreter).unwrap();
            let python = interpreter.language == Language::Python;
            assert_eq!(
                is_compiled(&bootstraps.of(interpreter.language), &interpreter),
                python,
                "{interpreter:?}"
            );
        }
    }
}
