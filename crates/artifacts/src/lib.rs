//! Deployment packages: taken in with caps, unpacked once, addressed by content, removed when nothing refers to them.
//!
//! ```text
//! <root>/<sha-256>/code.zip   what the client sent; synced to disk before it is acknowledged
//! <root>/<sha-256>/tree/      unpacked from it; mounted read-only at /var/task
//! <root>/<sha-256>/boot       the boot during which tree/ was written
//! ```
//!
//! The zip is the truth. The tree is not synced: after a power cut it may be damaged, so a tree that was written during another boot
//! of the machine is made again from the zip when it is next needed.

mod intake;
mod s3;
mod unpack;

pub use s3::{InvalidEndpoint, Keys, S3};

use bytes::Bytes;
use lambent_store::{BoxFuture, CodePin, CodeStore, IntakeError};
use lambent_types::{CodeReference, Sha256Digest};
use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const INCOMING: &str = ".incoming-";

/// All deployment packages of a server, in one folder. Its own methods block on the disk; as a [`CodeStore`] it does that elsewhere.
#[derive(Debug)]
pub struct Artifacts {
    root: PathBuf,
    boot: String,
    pins: Mutex<HashMap<Sha256Digest, Pins>>,
    /// Packages whose tree has been seen to be whole, so that an environment need not wait for the disk to say so again.
    whole: Mutex<HashSet<Sha256Digest>>,
}

/// Keeps a package from being removed: held while it is being taken in and while an environment has it mounted.
#[derive(Debug)]
pub struct Pin {
    artifacts: Arc<Artifacts>,
    digest: Sha256Digest,
}

impl Pin {
    /// The package.
    #[must_use]
    pub const fn digest(&self) -> Sha256Digest {
        self.digest
    }
}

/// The pins of one package.
#[derive(Debug, Default)]
struct Pins {
    count: usize,
    /// It was to be removed while it was pinned: it goes with the last pin.
    unwanted: bool,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut all = self.artifacts.pins();
        let Some(pins) = all.get_mut(&self.digest) else { return };
        pins.count -= 1;
        if pins.count > 0 {
            return;
        }
        let unwanted = pins.unwanted;
        all.remove(&self.digest);
        if unwanted && let Ok(Some(buried)) = self.artifacts.bury(self.digest) {
            // Files may be many, and whoever lets go of an environment must not wait for them. What is left is cleared at start.
            std::thread::spawn(move || fs::remove_dir_all(buried));
        }
    }
}

impl Artifacts {
    /// Opens the folder, makes it if absent, and clears away what an interrupted intake left.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(root: PathBuf) -> io::Result<Arc<Self>> {
        fs::create_dir_all(&root)?;
        for entry in fs::read_dir(&root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Ok(Arc::new(Self {
            root,
            boot,
            pins: Mutex::default(),
            whole: Mutex::default(),
        }))
    }

    /// Takes in a zip: checks it, unpacks it and makes it durable. The same content is stored once.
    ///
    /// # Errors
    /// [`IntakeError`] when the zip breaks a rule; nothing is left behind then.
    pub fn put(self: &Arc<Self>, zip: &[u8]) -> Result<(CodeReference, Pin), IntakeError> {
        let digest = intake::check(zip)?;
        let pin = self.pin(digest);
        self.pins().entry(digest).or_default().unwanted = false;
        let home = self.home(digest);
        if !home.join("code.zip").exists() {
            let incoming = self.incoming()?;
            let stored = intake::store(zip, &incoming, &self.boot).and_then(|()| publish(&incoming, &home));
            if let Err(error) = stored {
                let _ = fs::remove_dir_all(&incoming);
                return Err(error);
            }
        }
        self.tree(digest)?;
        Ok((
            CodeReference {
                digest,
                size: zip.len() as u64,
            },
            pin,
        ))
    }

    /// Keeps `digest` from being removed while the pin lives.
    #[must_use]
    pub fn pin(self: &Arc<Self>, digest: Sha256Digest) -> Pin {
        self.pins().entry(digest).or_default().count += 1;
        Pin {
            artifacts: Arc::clone(self),
            digest,
        }
    }

    /// The unpacked tree of a package.
    ///
    /// # Errors
    /// When the package is not here or cannot be unpacked again.
    pub fn tree(&self, digest: Sha256Digest) -> Result<PathBuf, IntakeError> {
        let tree = self.tree_on_disk(digest)?;
        self.whole().insert(digest);
        Ok(tree)
    }

    /// The unpacked tree of a pinned package if it has been asked for before: does not touch the disk.
    #[must_use]
    pub fn known_tree(&self, pin: &Pin) -> Option<PathBuf> {
        self.whole()
            .contains(&pin.digest)
            .then(|| self.home(pin.digest).join("tree"))
    }

    fn tree_on_disk(&self, digest: Sha256Digest) -> Result<PathBuf, IntakeError> {
        let home = self.home(digest);
        let tree = home.join("tree");
        if fs::read_to_string(home.join("boot")).is_ok_and(|boot| boot == self.boot) {
            return Ok(tree);
        }
        // Two callers may do this at once; each works in a folder of its own, and the second rename finds the first one's tree.
        let zip = fs::read(home.join("code.zip"))?;
        let incoming = self.incoming()?;
        unpack::unpack(&zip, &incoming.join("tree"))?;
        let _ = fs::remove_dir_all(&tree);
        if let Err(error) = fs::rename(incoming.join("tree"), &tree)
            && !tree.exists()
        {
            return Err(error.into());
        }
        fs::write(home.join("boot"), &self.boot)?;
        let _ = fs::remove_dir_all(&incoming);
        Ok(tree)
    }

    /// The bytes of all files of a package, unpacked.
    ///
    /// # Errors
    /// When the package is not here or cannot be unpacked again.
    pub fn unpacked_bytes(&self, digest: Sha256Digest) -> Result<u64, IntakeError> {
        let (mut folders, mut bytes) = (vec![self.tree(digest)?], 0);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else if metadata.is_file() {
                    bytes += metadata.len();
                }
            }
        }
        Ok(bytes)
    }

    /// The zip as the client sent it.
    #[must_use]
    pub fn zip_path(&self, digest: Sha256Digest) -> PathBuf {
        self.home(digest).join("code.zip")
    }

    /// Removes a package that nothing in the store refers to: at once, or with its last pin. Whether it is gone.
    ///
    /// # Errors
    /// When files cannot be removed.
    pub fn remove_unless_pinned(&self, digest: Sha256Digest) -> io::Result<bool> {
        let buried = {
            // Under the lock nobody can begin to use it; once buried nobody can find it.
            let mut all = self.pins();
            if let Some(pins) = all.get_mut(&digest) {
                pins.unwanted = true;
                return Ok(false);
            }
            self.bury(digest)?
        };
        if let Some(buried) = buried {
            fs::remove_dir_all(buried)?;
        }
        Ok(true)
    }

    /// Takes a package out of sight; `None` if it is not here. Called under the lock of the pins.
    fn bury(&self, digest: Sha256Digest) -> io::Result<Option<PathBuf>> {
        self.whole().remove(&digest);
        let grave = self.incoming()?;
        match fs::rename(self.home(digest), &grave) {
            Ok(()) => Ok(Some(grave)),
            Err(error) => {
                fs::remove_dir(&grave)?;
                if error.kind() == io::ErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Every package here.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Sha256Digest>> {
        let names = fs::read_dir(&self.root)?.collect::<Result<Vec<_>, _>>()?;
        Ok(names
            .iter()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect())
    }

    fn home(&self, digest: Sha256Digest) -> PathBuf {
        self.root.join(digest.to_hex())
    }

    fn incoming(&self) -> io::Result<PathBuf> {
        #[expect(
            clippy::disallowed_methods,
            reason = "names a folder for a moment; nothing is decided by it"
        )]
        let folder = self.root.join(format!("{INCOMING}{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    fn whole(&self) -> MutexGuard<'_, HashSet<Sha256Digest>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pins(&self) -> MutexGuard<'_, HashMap<Sha256Digest, Pins>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [`Artifacts`] shared, with its blocking work on threads made for that.
#[derive(Clone, Debug)]
pub struct LocalCodeStore(pub Arc<Artifacts>);

impl LocalCodeStore {
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Artifacts>) -> Result<T, IntakeError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, IntakeError>> {
        let artifacts = Arc::clone(&self.0);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&artifacts)).await;
            done.unwrap_or_else(|failed| Err(io::Error::other(failed).into()))
        })
    }
}

impl CodeStore for LocalCodeStore {
    fn put(&self, zip: Bytes) -> BoxFuture<'_, Result<(CodeReference, CodePin), IntakeError>> {
        self.blocking(move |artifacts| {
            let (code, pin) = artifacts.put(&zip)?;
            Ok((code, Box::new(pin) as CodePin))
        })
    }

    fn tree(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(PathBuf, CodePin), IntakeError>> {
        let pin = self.0.pin(digest);
        if let Some(tree) = self.0.known_tree(&pin) {
            return Box::pin(async move { Ok((tree, Box::new(pin) as CodePin)) });
        }
        self.blocking(move |artifacts| Ok((artifacts.tree(digest)?, Box::new(pin) as CodePin)))
    }

    fn unpacked_bytes(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<u64, IntakeError>> {
        self.blocking(move |artifacts| {
            let _pin = artifacts.pin(digest);
            artifacts.unpacked_bytes(digest)
        })
    }

    fn zip(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<PathBuf, IntakeError>> {
        self.blocking(move |artifacts| {
            let path = artifacts.zip_path(digest);
            fs::metadata(&path)?;
            Ok(path)
        })
    }

    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), IntakeError>> {
        self.blocking(move |artifacts| {
            artifacts.remove_unless_pinned(digest)?;
            Ok(())
        })
    }

    fn packages(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, IntakeError>> {
        self.blocking(|artifacts| Ok(artifacts.list()?))
    }
}

/// Makes a finished folder visible under its final name, durably. Another intake of the same content may have been faster.
fn publish(incoming: &Path, home: &Path) -> Result<(), IntakeError> {
    match fs::rename(incoming, home) {
        Err(_) if home.join("code.zip").exists() => fs::remove_dir_all(incoming)?,
        renamed => renamed?,
    }
    if let Some(root) = home.parent() {
        fs::File::open(root)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::tests::{Entry, zip};

    fn artifacts() -> (Arc<Artifacts>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Artifacts::open(folder.path().join("code")).unwrap(), folder)
    }

    #[test]
    fn the_same_content_is_stored_once_and_kept_while_pinned() {
        let (artifacts, _folder) = artifacts();
        let package = zip(&[Entry::file("index.py", b"x = 1")]);
        let (code, pin) = artifacts.put(&package).unwrap();
        let (again, second) = artifacts.put(&package).unwrap();
        assert_eq!((code, artifacts.list().unwrap()), (again, vec![code.digest]));
        drop(second);
        assert!(!artifacts.remove_unless_pinned(pin.digest()).unwrap());
        assert_eq!(
            fs::read(artifacts.tree(code.digest).unwrap().join("index.py")).unwrap(),
            b"x = 1"
        );
        drop(pin);
        assert!(artifacts.remove_unless_pinned(code.digest).unwrap());
        assert!(artifacts.list().unwrap().is_empty());
        assert!(
            artifacts.remove_unless_pinned(code.digest).unwrap(),
            "removing twice is no error"
        );
    }

    #[test]
    fn unpacked_bytes_are_those_of_all_files() {
        let (artifacts, _folder) = artifacts();
        let package = zip(&[Entry::file("a", b"123"), Entry::file("deep/er/b", b"4567")]);
        let (code, _pin) = artifacts.put(&package).unwrap();
        assert_eq!(artifacts.unpacked_bytes(code.digest).unwrap(), 7);
    }

    #[test]
    fn a_tree_of_another_boot_is_made_again() {
        let (artifacts, folder) = artifacts();
        let (code, _pin) = artifacts.put(&zip(&[Entry::file("a", b"whole")])).unwrap();
        let home = folder.path().join("code").join(code.digest.to_hex());
        fs::write(home.join("boot"), "another").unwrap();
        fs::write(home.join("tree/a"), "").unwrap();
        assert_eq!(
            fs::read(artifacts.tree(code.digest).unwrap().join("a")).unwrap(),
            b"whole"
        );
    }

    #[test]
    fn a_refused_zip_and_an_interrupted_intake_leave_nothing() {
        let (artifacts, folder) = artifacts();
        assert!(artifacts.put(b"no zip").is_err());
        assert!(artifacts.put(&zip(&[Entry::file("../escape", b"x")])).is_err());
        let root = folder.path().join("code");
        fs::create_dir(root.join(".incoming-1")).unwrap();
        drop(Artifacts::open(root.clone()).unwrap());
        assert_eq!(fs::read_dir(root).unwrap().count(), 0);
    }
}
