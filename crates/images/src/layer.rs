//! Unpacks one layer: what it has as a tree, and what it says of the layers below as notes.

use crate::{
    tar::{Archive, Header, Kind},
    tree::{Missing, PathError, Tree, parts, remove},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    io::{self, Read, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    },
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

/// AWS's limit of an image, all layers unpacked ("Lambda quotas").
pub(crate) const MOST_BYTES: u64 = 10 << 30;
/// More files than any image has that can be run: keeps a hostile one from using up the inodes.
pub(crate) const MOST_ENTRIES: u64 = 1_000_000;
/// The bits of a mode that mean anything here. The owner can read what it unpacked, and go where it did.
const MODE: u32 = 0o777;
const OWNERS_FILE: u32 = 0o400;
const OWNERS_FOLDER: u32 = 0o700;
/// Before the name of what is gone (OCI image specification, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// Says that nothing of the layers below is in this directory.
const OPAQUE: &str = ".wh..wh..opq";

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerError {
    /// It is damaged, or says what no layer may say.
    #[error("{0}")]
    Invalid(String),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<PathError> for LayerError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::Io(error) => clash(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// What a layer says beside its files. Paths are from the root, without a slash before them.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// Bytes of its files.
    pub(crate) bytes: u64,
    /// Its entries.
    pub(crate) entries: u64,
    /// What of the layers below is gone.
    pub(crate) removed: Vec<String>,
    /// Directories in which nothing of the layers below is.
    pub(crate) opaque: Vec<String>,
    /// Directories that it does not have itself, but something in them: below they may be links.
    pub(crate) implied: BTreeSet<String>,
    /// Further names of files that the layers below have: name and file.
    pub(crate) links: Vec<(String, String)>,
}

/// What may still be unpacked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

impl Budget {
    pub(crate) const WHOLE: Self = Self {
        bytes: MOST_BYTES,
        entries: MOST_ENTRIES,
    };

    /// Less what a layer has.
    pub(crate) fn less(self, bytes: u64, entries: u64) -> Result<Self, LayerError> {
        let too_large = || LayerError::Invalid(format!("it has more than {MOST_BYTES} bytes unpacked"));
        let too_many = || LayerError::Invalid(format!("it has more than {MOST_ENTRIES} files"));
        Ok(Self {
            bytes: self.bytes.checked_sub(bytes).ok_or_else(too_large)?,
            entries: self.entries.checked_sub(entries).ok_or_else(too_many)?,
        })
    }
}

/// Unpacks the archive `source` into `root`, which is empty.
pub(crate) fn unpack(source: impl Read, root: &Path, budget: Budget) -> Result<Notes, LayerError> {
    let mut archive = Archive::new(source);
    let mut layer = Layer {
        root,
        notes: Notes::default(),
    };
    while let Some(header) = archive.next().map_err(damaged)? {
        layer.notes.entries += 1;
        layer.notes.bytes = layer.notes.bytes.saturating_add(header.size);
        budget.less(layer.notes.bytes, layer.notes.entries)?;
        layer.take(&header, &mut archive)?;
    }
    Ok(layer.notes)
}

struct Layer<'a> {
    root: &'a Path,
    notes: Notes,
}

impl Layer<'_> {
    fn take(&mut self, header: &Header, content: &mut impl Read) -> Result<(), LayerError> {
        let mut path = parts(&header.path)?;
        let whole = joined(&path);
        let Some(name) = path.pop() else { return Ok(()) };
        if name.as_bytes().starts_with(WHITEOUT.as_bytes()) {
            return self.whiteout(&path, &name);
        }
        if header.kind == Kind::Special {
            return Ok(());
        }
        let place = self.parent(&path)?.join(&name);
        match header.kind {
            Kind::Directory => {
                self.notes.implied.remove(&whole);
                make_folder(&place, header.mode)
            }
            Kind::File => write_file(&place, header, content),
            Kind::Link => {
                parts_of_target(&header.target)?;
                remove(&place).map_err(clash)?;
                symlink(std::ffi::OsStr::from_bytes(&header.target), &place).map_err(clash)
            }
            Kind::HardLink => self.hard_link(&place, whole, &header.target),
            Kind::Special => Ok(()),
        }
    }

    /// The directory of an entry.
    fn parent(&mut self, path: &[OsString]) -> Result<PathBuf, LayerError> {
        let Self { root, notes } = self;
        let mut implied = |made: &Path| {
            notes.implied.extend(made.to_str().map(str::to_owned));
        };
        let place = Tree::at(root).directory(path, Missing::Make, |made| implied(made))?;
        place.ok_or_else(|| LayerError::Invalid("a directory cannot be made".to_owned()))
    }

    fn whiteout(&mut self, folder: &[OsString], name: &OsString) -> Result<(), LayerError> {
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let unfit = || LayerError::Invalid(format!("{name:?} removes what cannot be"));
        if name == OPAQUE {
            self.notes
                .opaque
                .push(text(&folder.iter().collect::<PathBuf>()).ok_or_else(unfit)?);
            return Ok(());
        }
        let gone = name
            .to_str()
            .and_then(|name| name.strip_prefix(WHITEOUT))
            .ok_or_else(unfit)?;
        // Names that begin so once more are a file system's own notes.
        if gone.starts_with(WHITEOUT) {
            return Ok(());
        }
        if matches!(gone, "" | "." | "..") {
            return Err(unfit());
        }
        let path = folder.iter().collect::<PathBuf>().join(gone);
        self.notes.removed.push(text(&path).ok_or_else(unfit)?);
        Ok(())
    }

    fn hard_link(&mut self, place: &Path, whole: String, target: &[u8]) -> Result<(), LayerError> {
        let mut path = parts(target)?;
        let named = joined(&path);
        let nameless = || LayerError::Invalid("a file has the root's name".to_owned());
        let name = path.pop().ok_or_else(nameless)?;
        let folder = Tree::at(self.root).directory(&path, Missing::End, |_| {})?;
        let file = folder.map(|folder| folder.join(name));
        match file.filter(|file| fs::symlink_metadata(file).is_ok_and(|found| !found.is_dir())) {
            Some(file) if file == place => Ok(()),
            Some(file) => {
                remove(place).map_err(clash)?;
                fs::hard_link(file, place).map_err(clash)
            }
            None => {
                self.notes.links.push((whole, named));
                Ok(())
            }
        }
    }
}

/// A link's target may be any path, and is not followed; it only must be one.
fn parts_of_target(target: &[u8]) -> Result<(), LayerError> {
    if target.is_empty() || target.len() >= 4_096 || target.contains(&0) {
        return Err(LayerError::Invalid("a link leads to no path".to_owned()));
    }
    Ok(())
}

fn joined(path: &[OsString]) -> String {
    path.iter().collect::<PathBuf>().to_string_lossy().into_owned()
}

/// Makes a directory, or gives the one that is there its mode.
pub(crate) fn make_folder(place: &Path, mode: u32) -> Result<(), LayerError> {
    if !fs::symlink_metadata(place).is_ok_and(|found| found.is_dir()) {
        remove(place).map_err(clash)?;
        fs::create_dir(place).map_err(clash)?;
    }
    Ok(fs::set_permissions(
        place,
        fs::Permissions::from_mode(mode & MODE | OWNERS_FOLDER),
    )?)
}

fn write_file(place: &Path, header: &Header, content: &mut impl Read) -> Result<(), LayerError> {
    remove(place).map_err(clash)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(place)
        .map_err(clash)?;
    let mut buffer = vec![0; 128 << 10];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => file.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(error)),
        }
    }
    file.set_permissions(fs::Permissions::from_mode(header.mode & MODE | OWNERS_FILE))?;
    // Python believes its compiled files only while the sources have the time that is noted in them.
    if let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(header.modified.min(1 << 40))) {
        file.set_modified(time)?;
    }
    Ok(())
}

/// Reading fails where the archive is damaged: that it is whole on disk has been seen by its size.
fn damaged(error: io::Error) -> LayerError {
    LayerError::Invalid(error.to_string())
}

/// Making a path fails either because entries contradict each other, or because the disk does.
pub(crate) fn clash(error: io::Error) -> LayerError {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory};
    if matches!(
        error.kind(),
        AlreadyExists | InvalidFilename | InvalidInput | IsADirectory | NotADirectory
    ) {
        LayerError::Invalid(error.to_string())
    } else {
        LayerError::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::tests::{archive, entry, file, link};

    fn unpacked(entries: &[Vec<u8>]) -> Result<(tempfile::TempDir, Notes), LayerError> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        let notes = unpack(&*archive(entries), &root, Budget::WHOLE)?;
        Ok((folder, notes))
    }

    #[test]
    fn content_modes_times_and_links_are_kept() {
        let (folder, notes) = unpacked(&[
            entry(b'5', "bin/", "", 0o555, b""),
            entry(b'0', "bin/run", "", 0o4755, b"#!/bin/sh\n"),
            entry(b'1', "bin/again", "bin/run", 0o755, b""),
            link("bin/link", "/bin/run"),
            entry(b'3', "dev/null", "", 0o666, b""),
            file("deep/er/file", "x"),
        ])
        .unwrap();
        let root = folder.path().join("root");
        let found = fs::metadata(root.join("bin/again")).unwrap();
        assert_eq!((found.permissions().mode() & 0o7777, found.len()), (0o755, 10));
        assert_eq!(found.modified().unwrap(), UNIX_EPOCH + Duration::from_secs(1_000));
        assert_eq!(fs::read_link(root.join("bin/link")).unwrap(), Path::new("/bin/run"));
        assert!(!root.join("dev").exists());
        assert_eq!(notes.implied.iter().collect::<Vec<_>>(), ["deep", "deep/er"]);
        assert_eq!((notes.bytes, notes.entries), (11, 6));
    }

    #[test]
    fn what_is_gone_is_noted() {
        let (folder, notes) = unpacked(&[
            file("a/.wh.b", ""),
            file("c/.wh..wh..opq", ""),
            file(".wh..wh.plnk", ""),
            file("a/late", "1"),
            entry(b'1', "d", "lower/file", 0o644, b""),
        ])
        .unwrap();
        assert_eq!(
            (notes.removed.as_slice(), notes.opaque.as_slice()),
            (&["a/b".to_owned()][..], &["c".to_owned()][..])
        );
        assert_eq!(notes.links, [("d".to_owned(), "lower/file".to_owned())]);
        assert_eq!(fs::read_dir(folder.path().join("root")).unwrap().count(), 1);
        for bad in [".wh.", ".wh...", "a/.wh.."] {
            assert!(
                matches!(unpacked(&[file(bad, "")]), Err(LayerError::Invalid(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn nothing_escapes() {
        let long = "a".repeat(300);
        for bad in ["../x", "a/../../x", "/../x", &long] {
            assert!(
                matches!(unpacked(&[file(bad, "x")]), Err(LayerError::Invalid(_))),
                "{bad}"
            );
        }
        // Links are followed inside the root alone: to the outside nothing is written, nothing of it is seen.
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let there = outside.path().to_str().unwrap();
        let (folder, notes) = unpacked(&[
            link("way", there),
            file("way/planted", "x"),
            link("up", "../../../../../.."),
            file("up/also", "x"),
            entry(b'1', "stolen", &format!("{there}/secret"), 0o644, b""),
            link("self", "way/planted"),
            file("self", "replaced"),
        ])
        .unwrap();
        let root = folder.path().join("root");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(root.join("also").exists() && root.join(&there[1..]).join("planted").exists());
        assert_eq!(notes.links.len(), 1, "the file is looked for in the layers below");
        assert_eq!(fs::read(root.join("self")).unwrap(), b"replaced");
    }

    #[test]
    fn the_last_of_several_entries_counts() {
        let (folder, _) = unpacked(&[
            file("a", "1"),
            file("a", "22"),
            file("b/c", "1"),
            file("b", "now a file"),
            link("d", "a"),
            entry(b'5', "d", "", 0o755, b""),
        ])
        .unwrap();
        let root = folder.path().join("root");
        assert_eq!(fs::read(root.join("a")).unwrap(), b"22");
        assert!(root.join("b").is_file() && fs::symlink_metadata(root.join("d")).unwrap().is_dir());
        assert!(matches!(
            unpacked(&[file("a", "1"), file("a/b", "2")]),
            Err(LayerError::Invalid(_))
        ));
    }

    #[test]
    fn no_more_is_unpacked_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<_> = (0..10).map(|number| file(&format!("f{number}"), "12345")).collect();
        let with = |bytes, entries_left| {
            let budget = Budget {
                bytes,
                entries: entries_left,
            };
            unpack(&*archive(&entries), folder.path(), budget).is_ok()
        };
        assert!(with(50, 10) && !with(49, 10) && !with(50, 9));
    }
}
