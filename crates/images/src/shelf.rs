//! What is on disk: layers as they were unpacked, and the roots that were made of them.
//!
//! ```text
//! <root>/layers/<digest>/tree/        one layer, by the digest of its archive without compression
//! <root>/layers/<digest>/notes.json   what it says of the layers below
//! <root>/images/<digest>/root/        an image's layers laid over each other: hard links to theirs
//! <root>/images/<digest>/image.json   how it runs, and its layers; present only when the root is whole
//! <root>/downloads/<digest>           what came of a layer so far
//! ```
//!
//! Whatever is made is made under a name of its own, written out to the disk and then renamed: what has its name is whole, also after a
//! power cut.

use crate::{
    inflate::{Hashing, plain},
    layer::{Budget, LayerError, MOST_BYTES, MOST_ENTRIES, unpack},
    layout::Piece,
    merge::{Unpacked, merge},
    tree::{Missing, Tree, parts},
};
use lambent_store::{ImageError, ImageSettings, InstalledImage};
use lambent_types::Sha256Digest;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

const INCOMING: &str = ".incoming-";

/// What is known of a root.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    settings: ImageSettings,
    layers: Vec<Sha256Digest>,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Shelf {
    root: PathBuf,
}

impl Shelf {
    /// Opens it, and clears away what was not finished. Downloads go on where they broke off.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        for folder in ["layers", "images", "downloads"] {
            fs::create_dir_all(root.join(folder))?;
        }
        for entry in fs::read_dir(&root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Self { root })
    }

    /// An image whose root is whole.
    pub(crate) fn image(&self, digest: Sha256Digest) -> Option<InstalledImage> {
        let home = self.home("images", digest);
        let Label { settings, .. } = read(&home.join("image.json"))?;
        Some(InstalledImage {
            root: home.join("root"),
            settings,
        })
    }

    /// A layer that is here.
    pub(crate) fn layer(&self, digest: Sha256Digest) -> Option<Unpacked> {
        let home = self.home("layers", digest);
        let notes = read(&home.join("notes.json"))?;
        Some(Unpacked {
            tree: home.join("tree"),
            notes,
        })
    }

    /// Where a layer is fetched to.
    pub(crate) fn download(&self, digest: Sha256Digest) -> PathBuf {
        self.home("downloads", digest)
    }

    /// Unpacks the layer with the digest `content` out of a piece whose bytes have the digest `stored`, if that is known.
    pub(crate) fn put_layer(
        &self,
        piece: &Piece,
        stored: Option<Sha256Digest>,
        content: Sha256Digest,
        budget: Budget,
    ) -> Result<(), ImageError> {
        if let Some(stored) = stored {
            // Before anything looks into it.
            expect(Hashing::new(piece.open()?).finish()?, stored)?;
        }
        let incoming = self.incoming()?;
        let done = self.unpack(piece, content, budget, &incoming);
        let done = done.and_then(|()| publish(&incoming, &self.home("layers", content)));
        if done.is_err() {
            let _ = fs::remove_dir_all(&incoming);
        }
        done
    }

    fn unpack(&self, piece: &Piece, content: Sha256Digest, budget: Budget, incoming: &Path) -> Result<(), ImageError> {
        let damaged = |error: io::Error| ImageError::Invalid(format!("a layer cannot be read: {error}"));
        let tree = incoming.join("tree");
        fs::create_dir(&tree)?;
        // Heads and fills of the archive come on top of what its files have.
        let most = MOST_BYTES + 2 * 1_024 * MOST_ENTRIES;
        let mut source = Hashing::new(plain(piece.open()?, most).map_err(damaged)?);
        let notes = unpack(&mut source, &tree, budget)?;
        expect(source.finish().map_err(damaged)?, content)?;
        write(&incoming.join("notes.json"), &notes)
    }

    /// Makes the root of an image out of layers that are here.
    pub(crate) fn put_image(
        &self,
        digest: Sha256Digest,
        mut settings: ImageSettings,
        layers: Vec<Sha256Digest>,
    ) -> Result<InstalledImage, ImageError> {
        let gone = || ImageError::Io(io::Error::other("a layer was removed meanwhile"));
        let unpacked = layers.iter().map(|layer| self.layer(*layer).ok_or_else(gone));
        let unpacked = unpacked.collect::<Result<Vec<_>, _>>()?;
        let incoming = self.incoming()?;
        let made = merge(&unpacked, &incoming.join("root"))
            .map_err(ImageError::from)
            .and_then(|()| {
                settings.extensions = extensions(&incoming.join("root"));
                write(&incoming.join("image.json"), &Label { settings, layers })?;
                publish(&incoming, &self.home("images", digest))
            });
        if let Err(error) = made {
            let _ = fs::remove_dir_all(&incoming);
            return Err(error);
        }
        self.image(digest).ok_or_else(gone)
    }

    /// Takes an image out of sight. Where it is now is to be removed; `None` if it is not here.
    pub(crate) fn bury(&self, digest: Sha256Digest) -> io::Result<Option<PathBuf>> {
        let grave = self.incoming()?;
        match fs::rename(self.home("images", digest), &grave) {
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

    /// Removes layers that no image has, and what came of downloads. Nothing may be installed meanwhile.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        let images = self.images()?;
        let labels = images
            .into_iter()
            .filter_map(|digest| read(&self.home("images", digest).join("image.json")));
        let used: HashSet<_> = labels.flat_map(|label: Label| label.layers).collect();
        for digest in digests(&self.root.join("layers"))? {
            if !used.contains(&digest) {
                let grave = self.incoming()?;
                fs::rename(self.home("layers", digest), &grave)?;
                fs::remove_dir_all(grave)?;
            }
        }
        for digest in digests(&self.root.join("downloads"))? {
            fs::remove_file(self.download(digest))?;
        }
        Ok(())
    }

    /// Every image here.
    pub(crate) fn images(&self) -> io::Result<Vec<Sha256Digest>> {
        digests(&self.root.join("images"))
    }

    fn home(&self, kind: &str, digest: Sha256Digest) -> PathBuf {
        self.root.join(kind).join(digest.to_hex())
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
}

/// The file names in `/opt/extensions` of a root, sorted. Those that are not text cannot be named by a header either.
fn extensions(root: &Path) -> Vec<String> {
    let tree = Tree::at(root);
    let path = parts(b"/opt/extensions").unwrap_or_default();
    let Ok(Some(folder)) = tree.directory(&path, Missing::End, |_| {}) else {
        return Vec::new();
    };
    let names = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    let is_program = |name: &OsString| {
        let found = tree.find([&b"/opt/extensions/"[..], name.as_encoded_bytes()].concat().as_slice());
        !found.is_some_and(|found| found.is_dir())
    };
    let mut names: Vec<String> = names
        .filter(is_program)
        .filter_map(|name| name.into_string().ok())
        .collect();
    names.sort();
    names
}

/// Makes a finished folder visible under its final name, durably. Somebody else may have been faster.
fn publish(incoming: &Path, home: &Path) -> Result<(), ImageError> {
    rustix::fs::syncfs(fs::File::open(incoming)?).map_err(io::Error::from)?;
    match fs::rename(incoming, home) {
        Err(_) if home.exists() => fs::remove_dir_all(incoming)?,
        renamed => renamed?,
    }
    if let Some(folder) = home.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn expect(found: Sha256Digest, wanted: Sha256Digest) -> Result<(), ImageError> {
    if found == wanted {
        return Ok(());
    }
    Err(ImageError::Invalid(format!(
        "a layer is not what its digest sha256:{} says",
        wanted.to_hex()
    )))
}

fn digests(folder: &Path) -> io::Result<Vec<Sha256Digest>> {
    let names = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(names
        .iter()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), ImageError> {
    Ok(fs::write(path, serde_json::to_vec(value).map_err(io::Error::other)?)?)
}

impl From<LayerError> for ImageError {
    fn from(error: LayerError) -> Self {
        match error {
            LayerError::Invalid(text) => Self::Invalid(text),
            LayerError::Io(error) => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inflate::tests::gzip,
        tar::tests::{archive, entry, file, link},
    };

    fn shelf() -> (Shelf, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Shelf::open(folder.path().join("images")).unwrap(), folder)
    }

    fn piece(folder: &Path, bytes: &[u8]) -> Piece {
        let path = folder.join(Sha256Digest::of(bytes).to_hex());
        fs::write(&path, bytes).unwrap();
        Piece {
            file: path,
            offset: 0,
            length: bytes.len() as u64,
        }
    }

    #[test]
    fn layers_are_kept_while_an_image_has_them() {
        let (shelf, folder) = shelf();
        let mut digests = Vec::new();
        for text in ["base", "one", "two"] {
            let bytes = archive(&[
                file(text, text),
                entry(b'0', &format!("opt/extensions/{text}"), "", 0o755, b""),
            ]);
            let (packed, content) = (gzip(&bytes), Sha256Digest::of(&bytes));
            let piece = piece(folder.path(), &packed);
            shelf
                .put_layer(&piece, Some(Sha256Digest::of(&packed)), content, Budget::WHOLE)
                .unwrap();
            digests.push(content);
        }
        let [base, one, two] = digests[..] else { panic!() };
        let (first, second) = (Sha256Digest::of(b"1"), Sha256Digest::of(b"2"));
        let image = shelf
            .put_image(first, ImageSettings::default(), vec![base, one])
            .unwrap();
        assert_eq!(image.settings.extensions, ["base", "one"]);
        assert_eq!(fs::read_to_string(image.root.join("base")).unwrap(), "base");
        shelf
            .put_image(second, ImageSettings::default(), vec![base, two])
            .unwrap();
        let grave = shelf.bury(first).unwrap().unwrap();
        fs::remove_dir_all(grave).unwrap();
        shelf.sweep().unwrap();
        assert!(shelf.layer(one).is_none() && shelf.layer(base).is_some() && shelf.layer(two).is_some());
        assert_eq!(
            (shelf.images().unwrap(), shelf.bury(first).unwrap()),
            (vec![second], None)
        );
        assert!(
            shelf
                .image(second)
                .is_some_and(|image| image.root.join("base").exists())
        );
    }

    #[test]
    fn what_is_not_its_digest_leaves_nothing() {
        let (shelf, folder) = shelf();
        let bytes = archive(&[file("a", "1")]);
        let (good, bad) = (Sha256Digest::of(&bytes), Sha256Digest::of(b"another"));
        let piece = piece(folder.path(), &bytes);
        for (stored, content) in [(Some(bad), good), (None, bad)] {
            let put = shelf.put_layer(&piece, stored, content, Budget::WHOLE);
            assert!(matches!(put, Err(ImageError::Invalid(_))));
            assert!(shelf.layer(content).is_none());
        }
        let cut = Piece { length: 700, ..piece };
        assert!(shelf.put_layer(&cut, None, good, Budget::WHOLE).is_err());
        let left: Vec<_> = fs::read_dir(folder.path().join("images")).unwrap().collect();
        assert_eq!(left.len(), 3, "the three folders alone");
    }

    #[test]
    fn extensions_are_looked_for_inside_the_root() {
        let (shelf, folder) = shelf();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("planted"), "").unwrap();
        let bytes = archive(&[link("opt/extensions", outside.path().to_str().unwrap())]);
        let content = Sha256Digest::of(&bytes);
        shelf
            .put_layer(&piece(folder.path(), &bytes), None, content, Budget::WHOLE)
            .unwrap();
        let image = shelf
            .put_image(Sha256Digest::of(b"1"), ImageSettings::default(), vec![content])
            .unwrap();
        assert!(image.settings.extensions.is_empty());
    }
}
