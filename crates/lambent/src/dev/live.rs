//! Code that is where the developer edits it, and not in a package.

use bytes::Bytes;
use lambent_sandbox::BoxFuture;
use lambent_store::{CodePin, CodeStore, IntakeError};
use lambent_types::{CodeReference, Sha256Digest};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A store of packages, some of which stand for one directory: each for a state in which it was.
pub(crate) struct LiveCode {
    packages: Arc<dyn CodeStore>,
    dir: PathBuf,
    states: Mutex<HashSet<Sha256Digest>>,
}

impl LiveCode {
    /// All that is not of the directory `dir` comes from `packages`.
    pub(crate) fn new(packages: Arc<dyn CodeStore>, dir: PathBuf) -> Self {
        Self {
            packages,
            dir,
            states: Mutex::default(),
        }
    }

    /// A package that stands for the directory `dir`, and that no other state has.
    pub(crate) fn package(dir: &Path, state: i64) -> Bytes {
        Bytes::from(format!("{}{state}\n", prefix(dir)))
    }

    fn states(&self) -> MutexGuard<'_, HashSet<Sha256Digest>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No zip begins so.
fn prefix(dir: &Path) -> String {
    format!("the files of {}\nas they are in state ", dir.display())
}

impl CodeStore for LiveCode {
    fn put(&self, zip: Bytes) -> BoxFuture<'_, Result<(CodeReference, CodePin), IntakeError>> {
        if !zip.starts_with(prefix(&self.dir).as_bytes()) {
            return self.packages.put(zip);
        }
        let digest = Sha256Digest::of(&zip);
        self.states().insert(digest);
        let size = zip.len() as u64;
        Box::pin(async move { Ok((CodeReference { digest, size }, Box::new(()) as CodePin)) })
    }

    fn tree(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(PathBuf, CodePin), IntakeError>> {
        if !self.states().contains(&digest) {
            return self.packages.tree(digest);
        }
        let dir = self.dir.clone();
        Box::pin(async move { Ok((dir, Box::new(()) as CodePin)) })
    }

    /// AWS's limit is for what is uploaded, and this is not.
    fn unpacked_bytes(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<u64, IntakeError>> {
        if !self.states().contains(&digest) {
            return self.packages.unpacked_bytes(digest);
        }
        Box::pin(async { Ok(0) })
    }

    /// There is none of the directory.
    fn zip(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<PathBuf, IntakeError>> {
        self.packages.zip(digest)
    }

    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), IntakeError>> {
        if !self.states().remove(&digest) {
            return self.packages.discard(digest);
        }
        Box::pin(async { Ok(()) })
    }

    fn packages(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, IntakeError>> {
        self.packages.packages()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_artifacts::{Artifacts, LocalCodeStore};

    #[tokio::test]
    async fn a_package_that_stands_for_the_directory_is_the_directory() {
        let kept = tempfile::tempdir().unwrap();
        let packages = LocalCodeStore(Artifacts::open(kept.path().to_owned()).unwrap());
        let dir = Path::new("/some/where");
        let live = LiveCode::new(Arc::new(packages), dir.to_owned());
        let (one, _) = live.put(LiveCode::package(dir, 1)).await.unwrap();
        let (two, _) = live.put(LiveCode::package(dir, 2)).await.unwrap();
        assert_ne!(one.digest, two.digest);
        assert_eq!(live.tree(one.digest).await.unwrap().0, dir);
        live.discard(one.digest).await.unwrap();
        assert!(live.tree(one.digest).await.is_err());
        assert_eq!(live.tree(two.digest).await.unwrap().0, dir);
        assert!(
            live.put(LiveCode::package(Path::new("/elsewhere"), 1)).await.is_err(),
            "no zip"
        );
    }
}
