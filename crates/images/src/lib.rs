//! Container images: found in the operator's directory or at a registry, unpacked once and addressed by content, ready to be the roots
//! of environments. No Docker, no daemon: an image is a few archives and two documents.
//!
//! Bytes come from strangers. Every blob is compared with its digest before anything looks into it, every layer once more when it is
//! unpacked; sizes and counts are bounded; and no path of a layer leads out of its root, also not through links that an earlier entry or
//! an earlier layer made.

mod inflate;
mod layer;
mod layout;
mod manifest;
mod merge;
mod pins;
mod registry;
mod shelf;
mod source;
mod tar;
mod transport;
mod tree;

pub use registry::{Account, InvalidRegistry};
pub use source::{HostOptions, Options, OptionsError};

use lambent_store::{BoxFuture, CodePin, ImageError, ImageStore, InstalledImage};
use lambent_types::{Architecture, Image, ImageUri, Sha256Digest};
use layer::Budget;
use layout::Piece;
use pins::{Pin, Pins};
use shelf::Shelf;
use source::{Origin, Sources};
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::RwLock;

/// All images of a server.
#[derive(Clone)]
pub struct Images(Arc<Inner>);

struct Inner {
    sources: Sources,
    shelf: Shelf,
    pins: Arc<Pins>,
    /// Images whose root has been seen to be whole.
    known: Mutex<HashMap<Sha256Digest, InstalledImage>>,
    /// One is installed once, however many wait for it.
    under_way: Mutex<HashMap<Sha256Digest, Arc<tokio::sync::Mutex<()>>>>,
    /// Held for reading while images are installed, and for writing while layers are removed that none has.
    layers: RwLock<()>,
    /// Whether there may be such layers: one that could not remove them then leaves them to whoever installs.
    unswept: AtomicBool,
    /// Held while they are removed.
    sweeping: Mutex<()>,
}

impl Images {
    /// Opens the images in `folder`, which come from where `options` say.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn open(folder: PathBuf, options: Options) -> Result<Self, OptionsError> {
        Ok(Self(Arc::new(Inner {
            sources: Sources::new(options)?,
            shelf: Shelf::open(folder)?,
            pins: Arc::default(),
            known: Mutex::default(),
            under_way: Mutex::default(),
            layers: RwLock::new(()),
            unswept: AtomicBool::new(false),
            sweeping: Mutex::default(),
        })))
    }
}

impl Inner {
    fn hold(self: &Arc<Self>, digest: Sha256Digest) -> Pin {
        let inner = Arc::clone(self);
        self.pins.hold(digest, move || {
            // Files may be many, and whoever lets go of an environment must not wait for them. What is left is cleared at start.
            std::thread::spawn(move || inner.remove(digest));
        })
    }

    fn remove(&self, digest: Sha256Digest) -> io::Result<()> {
        self.known().remove(&digest);
        if let Some(grave) = self.shelf.bury(digest)? {
            fs::remove_dir_all(grave)?;
        }
        self.unswept.store(true, Ordering::SeqCst);
        self.sweep()
    }

    /// Removes layers that no image has, unless something is being installed, whose layers are nobody's yet.
    fn sweep(&self) -> io::Result<()> {
        let _alone = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(_nobody_installs) = self.layers.try_write() else {
            return Ok(());
        };
        self.unswept.store(false, Ordering::SeqCst);
        self.shelf.sweep()
    }

    async fn install(
        self: &Arc<Self>,
        image: &Image,
        architecture: Architecture,
    ) -> Result<InstalledImage, ImageError> {
        if let Some(found) = self.known().get(&image.digest) {
            return Ok(found.clone());
        }
        let turn = Arc::clone(self.under_way().entry(image.digest).or_default());
        let installed = {
            let _alone = turn.lock().await;
            self.install_alone(image, architecture).await
        };
        drop(turn);
        // Who waits still has the turn.
        self.under_way().retain(|_, turn| Arc::strong_count(turn) > 1);
        if self.unswept.load(Ordering::SeqCst) {
            let swept = self.blocking(|inner| Ok(inner.sweep()?)).await;
            swept.unwrap_or_else(|error| tracing::warn!(%error, "layers stay that no image has"));
        }
        let installed = installed?;
        self.known().insert(image.digest, installed.clone());
        Ok(installed)
    }

    async fn install_alone(
        self: &Arc<Self>,
        image: &Image,
        architecture: Architecture,
    ) -> Result<InstalledImage, ImageError> {
        if let Some(found) = self.shelf.image(image.digest) {
            return Ok(found);
        }
        let _layers_stay = self.layers.read().await;
        let found = self
            .sources
            .look_up(&image.uri, Some(image.digest), architecture)
            .await?;
        if found.digest != image.digest {
            return Err(ImageError::NotFound);
        }
        let contents = found.configuration.layers()?;
        if contents.len() != found.layers.len() {
            return Err(ImageError::Invalid(
                "its configuration has other layers than its manifest".to_owned(),
            ));
        }
        let mut budget = Budget::WHOLE;
        for (layer, content) in found.layers.iter().zip(&contents) {
            if self.shelf.layer(*content).is_none() {
                let piece = self.fetch(layer, &found.origin, budget).await?;
                let (stored, content) = (layer.digest, *content);
                let put = self.blocking(move |inner| inner.shelf.put_layer(&piece, stored, content, budget));
                let put = put.await;
                // Whatever came of it: what is damaged is fetched anew.
                self.forget_download(layer).await;
                put?;
            }
            let notes = self.shelf.layer(*content).map(|layer| layer.notes).unwrap_or_default();
            budget = budget.less(notes.bytes, notes.entries)?;
        }
        let (digest, settings) = (image.digest, found.configuration.settings());
        self.blocking(move |inner| inner.shelf.put_image(digest, settings, contents))
            .await
    }

    /// A layer's bytes on this host's disk.
    async fn fetch(&self, layer: &source::Layer, origin: &Origin, budget: Budget) -> Result<Piece, ImageError> {
        match (origin, &layer.piece, layer.digest) {
            (_, Some(piece), _) => Ok(piece.clone()),
            (Origin::Registry { registry, path }, None, Some(digest)) => {
                if layer.size > budget.bytes {
                    return Err(ImageError::Invalid("it is larger than an image may be".to_owned()));
                }
                let file = self.shelf.download(digest);
                registry.repository(path).download(digest, layer.size, &file).await?;
                Ok(Piece {
                    file,
                    offset: 0,
                    length: layer.size,
                })
            }
            (Origin::Registry { .. } | Origin::Folder, None, _) => Err(ImageError::NotFound),
        }
    }

    async fn forget_download(&self, layer: &source::Layer) {
        if let (None, Some(digest)) = (&layer.piece, layer.digest) {
            // Whatever stays is swept.
            let _ = tokio::fs::remove_file(self.shelf.download(digest)).await;
        }
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, ImageError> + Send + 'static,
    ) -> Result<T, ImageError> {
        let inner = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|failed| Err(io::Error::other(failed).into()))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Sha256Digest, InstalledImage>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Sha256Digest, Arc<tokio::sync::Mutex<()>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImageStore for Images {
    fn resolve<'a>(
        &'a self,
        uri: &'a ImageUri,
        architecture: Architecture,
    ) -> BoxFuture<'a, Result<Sha256Digest, ImageError>> {
        Box::pin(async move { Ok(self.0.sources.look_up(uri, None, architecture).await?.digest) })
    }

    fn install<'a>(
        &'a self,
        image: &'a Image,
        architecture: Architecture,
    ) -> BoxFuture<'a, Result<(InstalledImage, CodePin), ImageError>> {
        let pin = self.0.hold(image.digest);
        Box::pin(async move { Ok((self.0.install(image, architecture).await?, Box::new(pin) as CodePin)) })
    }

    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), ImageError>> {
        Box::pin(async move {
            if !self.0.pins.is_free(digest) {
                return Ok(());
            }
            self.0.blocking(move |inner| Ok(inner.remove(digest)?)).await
        })
    }

    fn installed(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, ImageError>> {
        Box::pin(self.0.blocking(|inner| Ok(inner.shelf.images()?)))
    }
}

/// Whether a path inside an image leads to something: a directory, or anything else. Links are followed inside it.
#[must_use]
pub fn leads_to(root: &Path, path: &str, directory: bool) -> bool {
    let found = tree::Tree::at(root).find(path.as_bytes());
    found.is_some_and(|found| found.is_dir() == directory)
}

#[cfg(test)]
mod tests;
