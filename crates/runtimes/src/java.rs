//! What is particular about Java: its bootstrap is compiled on this host, and its heap is set by flags.

use crate::{Interpreter, Language};
use lambent_types::MemorySize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The level of Java that the bootstrap is written in; every compiler since Java 8 knows it.
const LEVEL: &str = "8";
/// The first version whose compiler takes the level as one option.
const RELEASE_OPTION_SINCE: u32 = 9;
/// The heap's part of the function's memory, in hundredths, as AWS has it.
const HEAP_PERCENT: u32 = 85;

/// What has to be done on this host, once, before a runtime can be launched: the Java bootstrap is carried as sources, and the classes
/// that a JDK makes of them serve every version of Java.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preparation {
    compiler: PathBuf,
    major: u32,
    sources: PathBuf,
    classes: PathBuf,
}

impl Preparation {
    /// By the compiler of one of the `found` JDKs. `None` where there is none: a JRE runs Java but cannot compile it.
    pub(crate) fn by(found: &[Interpreter], sources: PathBuf, classes: PathBuf) -> Option<Self> {
        let compilers = found.iter().filter(|each| each.language == Language::Java);
        let compilers = compilers.filter_map(|jdk| Some((jdk.version.major(), compiler(&jdk.program)?)));
        let (major, compiler) = compilers.min_by_key(|(major, _)| (*major < RELEASE_OPTION_SINCE, *major))?;
        Some(Self {
            compiler,
            major,
            sources,
            classes,
        })
    }

    /// Whether it has been done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.classes.is_dir()
    }

    /// Does it, which takes a second or two. The classes appear as a whole or not at all.
    ///
    /// # Errors
    /// When the compiler cannot be started or fails.
    pub fn run(&self) -> io::Result<()> {
        let draft = self.classes.with_extension(format!("draft-{}", std::process::id()));
        let compiled = self
            .compile(&draft)
            .and_then(|()| crate::bootstraps::world_readable(&draft))
            .and_then(|()| fs::rename(&draft, &self.classes));
        if compiled.is_err() {
            // What is left of a failed attempt only takes space.
            let _ = fs::remove_dir_all(&draft);
        }
        // Another server may have been faster.
        if self.is_done() { Ok(()) } else { compiled }
    }

    fn compile(&self, draft: &Path) -> io::Result<()> {
        fs::create_dir_all(draft)?;
        let level: &[&str] = if self.major < RELEASE_OPTION_SINCE {
            &["-source", LEVEL, "-target", LEVEL]
        } else {
            &["--release", LEVEL]
        };
        let output = Command::new(&self.compiler)
            .args([
                "-J-XX:TieredStopAtLevel=1",
                "-J-XX:+UseSerialGC",
                "-nowarn",
                "-Xlint:none",
                "-proc:none",
            ])
            .args(["-encoding", "UTF-8", "-g"])
            .args(level)
            .arg("-d")
            .arg(draft)
            .args(sources(&self.sources)?)
            .env_clear()
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{}: {words}", self.compiler.display())))
    }
}

/// The compiler beside a `java`.
fn compiler(java: &Path) -> Option<PathBuf> {
    let compiler = java.with_file_name("javac");
    compiler.is_file().then_some(compiler)
}

fn sources(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Flags for a small machine and a short start, with a heap by the memory: what AWS starts Java with. Those that the function's own
/// `options` decide on are left to it; flags on the command line would win over them.
pub(crate) fn tuning(memory: MemorySize, options: &str) -> Vec<String> {
    let heap = memory.mb() * 1_024 / 100 * HEAP_PERCENT;
    let flags: [(String, &[&str]); 4] = [
        // AWS's environments have the locale that LANG names, and so this encoding; here only its name is known.
        ("-Dfile.encoding=UTF-8".to_owned(), &["file.encoding"]),
        (format!("-XX:MaxHeapSize={heap}k"), &["-Xmx", "MaxHeapSize", "MaxRAM"]),
        ("-XX:+UseSerialGC".to_owned(), &["GC"]),
        ("-XX:TieredStopAtLevel=1".to_owned(), &["Tiered", "-Xint"]),
    ];
    let left = |theirs: &[&str]| theirs.iter().any(|each| options.contains(each));
    flags
        .into_iter()
        .filter(|(_, theirs)| !left(theirs))
        .map(|(flag, _)| flag)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_follows_the_memory() {
        assert_eq!(
            tuning(MemorySize::DEFAULT, ""),
            [
                "-Dfile.encoding=UTF-8",
                "-XX:MaxHeapSize=111350k",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"
            ]
        );
    }

    #[test]
    fn what_the_function_decides_is_left_to_it() {
        let left = |options| tuning(MemorySize::DEFAULT, options).len();
        assert_eq!(left("-Dsome.property=1"), 4);
        assert_eq!(left("-Xmx64m -XX:+UseParallelGC"), 2);
        assert_eq!(left("-XX:+TieredCompilation -XX:TieredStopAtLevel=4"), 3);
    }

    fn jdk(dir: &Path, version: &str, compiler: &str) -> Interpreter {
        let bin = dir.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        if !compiler.is_empty() {
            fs::write(bin.join("javac"), compiler).unwrap();
        }
        Interpreter {
            language: Language::Java,
            version: version.parse().unwrap(),
            program: bin.join("java"),
        }
    }

    #[test]
    fn the_oldest_compiler_that_knows_levels_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let by = |found: &[Interpreter]| Preparation::by(found, "s".into(), "c".into()).map(|made| made.major);
        let (eight, eleven) = (jdk(root.path(), "8.0.402", "x"), jdk(root.path(), "11.0.2", "x"));
        let (seventeen, jre) = (jdk(root.path(), "17.0.1", "x"), jdk(root.path(), "21.0.1", ""));
        assert_eq!(by(&[seventeen, eight.clone(), eleven, jre.clone()]), Some(11));
        assert_eq!(by(&[eight, jre.clone()]), Some(8));
        assert_eq!(by(&[jre]), None);
    }

    #[test]
    fn a_failed_compilation_leaves_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let jdk = jdk(root.path(), "17", "#!/bin/sh\necho no such thing >&2\nexit 1\n");
        let compiler = jdk.program.with_file_name("javac");
        fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).unwrap();
        let (sources, classes) = (root.path().join("sources"), root.path().join("classes"));
        fs::create_dir(&sources).unwrap();
        let preparation = Preparation::by(&[jdk], sources, classes).unwrap();
        let error = preparation.run().unwrap_err();
        assert!(error.to_string().contains("no such thing"), "{error}");
        assert!(!preparation.is_done());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "the sources and the JDK");
    }
}
