//! The programs that run inside environments, carried in the server's binary.

use lambent_types::Sha256Digest;
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../runtimes/", $path)))),*]
    };
}

/// Path and content of every file; the first part of the path is what is mounted at `/var/runtime`.
const FILES: &[(&str, &[u8])] = embedded![
    "nodejs/bootstrap.js",
    "nodejs/ca-cert.pem",
    "nodejs/lambent/client.js",
    "nodejs/lambent/errors.js",
    "nodejs/lambent/handler.js",
    "nodejs/lambent/import.js",
    "nodejs/lambent/invocation.js",
    "nodejs/lambent/log.js",
    "nodejs/lambent/streaming.js",
    "python/bootstrap.py",
    "python/lambent_runtime/__init__.py",
    "python/lambent_runtime/client.py",
    "python/lambent_runtime/context.py",
    "python/lambent_runtime/faults.py",
    "python/lambent_runtime/generation.py",
    "python/lambent_runtime/handler.py",
    "python/lambent_runtime/log.py",
    "python/lambent_runtime/loop.py",
    "python/lambent_runtime/marshal.py",
    "python/lambent_runtime/start.py",
];

/// The bootstraps on the disk.
#[derive(Clone, Debug)]
pub struct Bootstraps {
    dir: PathBuf,
}

impl Bootstraps {
    /// Writes the bootstraps to `<runtimes_dir>/bootstrap-<hash of their content>` unless they are there. The directory appears as a
    /// whole or not at all; environments that still use an older one keep it.
    ///
    /// # Errors
    /// The file system's.
    pub fn install(runtimes_dir: &Path) -> io::Result<Self> {
        let dir = runtimes_dir.join(format!("bootstrap-{}", &content_hash()[..16]));
        if dir.is_dir() {
            return Ok(Self { dir });
        }
        let draft = runtimes_dir.join(format!(".bootstrap-{}", std::process::id()));
        let written = write_all(&draft).and_then(|()| fs::rename(&draft, &dir));
        if written.is_err() {
            // What is left of a failed attempt only takes space.
            let _ = fs::remove_dir_all(&draft);
        }
        match written {
            Err(_) if dir.is_dir() => Ok(Self { dir }),
            Err(error) => Err(error),
            Ok(()) => Ok(Self { dir }),
        }
    }

    /// The directory that an environment of this language sees as `/var/runtime`.
    #[must_use]
    pub fn of(&self, language: crate::Language) -> PathBuf {
        self.dir.join(match language {
            crate::Language::Python => "python",
            crate::Language::Node => "nodejs",
        })
    }
}

fn content_hash() -> String {
    let mut all = Vec::new();
    for (path, content) in FILES {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(&content.len().to_be_bytes());
        all.extend_from_slice(content);
    }
    Sha256Digest::of(&all).to_hex()
}

fn write_all(draft: &Path) -> io::Result<()> {
    for (path, content) in FILES {
        let file = draft.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    }
    world_readable(draft)
}

/// Functions run under a user id of their own.
fn world_readable(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            world_readable(&entry.path())?;
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
        let mut dirs = vec![root.join("python"), root.join("nodejs")];
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
        assert!(first.of(crate::Language::Python).join("bootstrap.py").is_file());
        assert_eq!(fs::metadata(&first.dir).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
