//! Makes a root out of layers. Files are hard links to those of the layers, so that images which have a layer in common share its bytes
//! on disk and in memory. An overlay mount would share them as well, but needs extended attributes for what is gone, which not every file
//! system has for an ordinary user; a tree of links is the same everywhere, and mounting it takes as long as mounting any directory.

use crate::{
    layer::{LayerError, Notes, clash, make_folder},
    tree::{Missing, Tree, parts, remove},
};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

/// What an environment mounts into every root.
const MOUNT_FOLDERS: [&str; 4] = ["dev", "proc", "tmp", "etc/lambent"];
const MOUNT_FILES: [&str; 2] = ["etc/hosts", "etc/resolv.conf"];

/// An unpacked layer.
pub(crate) struct Unpacked {
    pub(crate) tree: PathBuf,
    pub(crate) notes: Notes,
}

/// Lays `layers` over each other, the first lowest, in the new directory `root`.
pub(crate) fn merge(layers: &[Unpacked], root: &Path) -> Result<(), LayerError> {
    fs::create_dir(root)?;
    fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
    for layer in layers {
        take_away(&layer.notes, root)?;
        Over { layer, root }.folder(&mut Vec::new(), root)?;
        link_late(&layer.notes, root)?;
    }
    reserve(root)
}

/// Removes what the layer says is gone.
fn take_away(notes: &Notes, root: &Path) -> Result<(), LayerError> {
    for path in &notes.removed {
        if let Some(place) = real(root, path) {
            remove(&place)?;
        }
    }
    for path in &notes.opaque {
        let place = if path.is_empty() {
            Some(root.to_owned())
        } else {
            real(root, path)
        };
        let Some(place) = place.filter(|place| fs::symlink_metadata(place).is_ok_and(|found| found.is_dir())) else {
            continue;
        };
        for entry in fs::read_dir(&place)? {
            remove(&entry?.path())?;
        }
    }
    Ok(())
}

/// Where something is, whatever it is; the links before it are followed.
fn real(root: &Path, path: &str) -> Option<PathBuf> {
    let mut path = parts(path.as_bytes()).ok()?;
    let name = path.pop()?;
    Some(Tree::at(root).directory(&path, Missing::End, |_| {}).ok()??.join(name))
}

struct Over<'a> {
    layer: &'a Unpacked,
    root: &'a Path,
}

impl Over<'_> {
    /// Lays the layer's directory at `path` over `place`.
    fn folder(&self, path: &mut Vec<OsString>, place: &Path) -> Result<(), LayerError> {
        let source = self.layer.tree.join(path.iter().collect::<PathBuf>());
        for entry in fs::read_dir(&source)? {
            let entry = entry?;
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            let target = place.join(&name);
            if kind.is_dir() {
                path.push(name);
                let target = self.folder_at(path, target, &entry.path())?;
                self.folder(path, &target)?;
                path.pop();
            } else {
                remove(&target)?;
                if kind.is_symlink() {
                    symlink(fs::read_link(entry.path())?, &target)?;
                } else {
                    link(&entry.path(), &target)?;
                }
            }
        }
        Ok(())
    }

    /// The directory in the root that a directory of the layer is.
    fn folder_at(&self, path: &[OsString], target: PathBuf, source: &Path) -> Result<PathBuf, LayerError> {
        let name = path.iter().collect::<PathBuf>();
        let implied = name
            .to_str()
            .is_some_and(|name| self.layer.notes.implied.contains(name));
        if implied {
            // The layer does not say that it is a directory: below, it may be a link to one.
            if let Ok(Some(place)) = Tree::at(self.root).directory(path, Missing::Make, |_| {}) {
                return Ok(place);
            }
        }
        let mode = fs::symlink_metadata(source)?.permissions().mode();
        make_folder(&target, if implied { 0o755 } else { mode })?;
        Ok(target)
    }
}

/// One more name of a file; a copy where the file system cannot give it.
fn link(file: &Path, name: &Path) -> Result<(), LayerError> {
    match fs::hard_link(file, name) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::TooManyLinks | io::ErrorKind::CrossesDevices
            ) =>
        {
            fs::copy(file, name)?;
            let found = fs::metadata(file)?;
            fs::File::options()
                .append(true)
                .open(name)?
                .set_modified(found.modified()?)?;
            Ok(())
        }
        linked => linked.map_err(clash),
    }
}

/// Names of files in the layers below.
fn link_late(notes: &Notes, root: &Path) -> Result<(), LayerError> {
    for (name, file) in &notes.links {
        let missing = || LayerError::Invalid(format!("{name:?} is to be {file:?}, which is not there"));
        let found = real(root, file).filter(|file| fs::symlink_metadata(file).is_ok_and(|found| !found.is_dir()));
        let (found, name) = (found.ok_or_else(missing)?, real(root, name).ok_or_else(missing)?);
        if found != name {
            remove(&name)?;
            link(&found, &name)?;
        }
    }
    Ok(())
}

/// Makes room for what is mounted: on empty directories and files of the root's own.
fn reserve(root: &Path) -> Result<(), LayerError> {
    if fs::symlink_metadata(root.join("etc")).is_err() {
        make_folder(&root.join("etc"), 0o755)?;
    }
    for folder in MOUNT_FOLDERS {
        if let Some(place) = real(root, folder)
            && !fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir())
        {
            make_folder(&place, 0o755)?;
        }
    }
    for file in MOUNT_FILES {
        if let Some(place) = real(root, file) {
            // Never the layer's own file, which others have, too.
            remove(&place)?;
            fs::write(&place, "")?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layer::{Budget, unpack},
        tar::tests::{archive, entry, file, link},
    };
    use std::os::unix::fs::MetadataExt as _;

    struct Made {
        folder: tempfile::TempDir,
    }

    impl Made {
        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.root().join(path)).unwrap_or_else(|error| error.kind().to_string())
        }

        fn root(&self) -> PathBuf {
            self.folder.path().join("root")
        }
    }

    fn made(layers: &[&[Vec<u8>]]) -> Result<Made, LayerError> {
        let folder = tempfile::tempdir().unwrap();
        let unpacked = layers.iter().enumerate().map(|(number, entries)| {
            let tree = folder.path().join(number.to_string());
            fs::create_dir(&tree).unwrap();
            let notes = unpack(&*archive(entries), &tree, Budget::WHOLE).unwrap();
            Unpacked { tree, notes }
        });
        let unpacked: Vec<_> = unpacked.collect();
        merge(&unpacked, &folder.path().join("root"))?;
        Ok(Made { folder })
    }

    #[test]
    fn upper_layers_hide_and_remove() {
        let root = made(&[
            &[
                file("a", "1"),
                file("b", "1"),
                file("c/d", "1"),
                file("c/e", "1"),
                file("f/g", "1"),
                file("h/i", "1"),
            ],
            &[
                file("a", "2"),
                file(".wh.b", ""),
                file("c/.wh.d", ""),
                file("f/.wh..wh..opq", ""),
                file("f/new", "2"),
                file("h", "2"),
            ],
            &[file("b", "3")],
        ])
        .unwrap();
        let gone = "entity not found";
        let expected = [
            ("a", "2"),
            ("b", "3"),
            ("c/d", gone),
            ("c/e", "1"),
            ("f/g", gone),
            ("f/new", "2"),
            ("h", "2"),
        ];
        for (path, text) in expected {
            assert_eq!(root.text(path), text, "{path}");
        }
        let layers_own = fs::metadata(root.folder.path().join("1/a")).unwrap().ino();
        assert_eq!(
            fs::metadata(root.root().join("a")).unwrap().ino(),
            layers_own,
            "shared, not copied"
        );
    }

    #[test]
    fn a_layer_goes_through_links_below_and_never_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "kept").unwrap();
        let there = outside.path().to_str().unwrap();
        let root = made(&[
            &[
                entry(b'5', "usr/lib", "", 0o755, b""),
                link("lib", "usr/lib"),
                link("out", there),
                link("up", "../.."),
            ],
            &[
                file("lib/x.so", "x"),
                file("out/planted", "x"),
                file("out/.wh.kept", ""),
                file("up/also", "x"),
                entry(b'1', "usr/y.so", "lib/x.so", 0o644, b""),
            ],
            &[
                entry(b'1', "z.so", "lib/x.so", 0o644, b""),
                file("out/.wh..wh..opq", ""),
            ],
            &[entry(b'5', "lib", "", 0o755, b""), file("lib/own", "")],
        ])
        .unwrap();
        assert_eq!(
            (root.text("usr/lib/x.so"), root.text("usr/y.so"), root.text("z.so")),
            ("x".into(), "x".into(), "x".into())
        );
        assert!(
            fs::symlink_metadata(root.root().join("lib")).unwrap().is_dir(),
            "said to be a directory, it is one"
        );
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert_eq!(root.text("also"), "x");
        assert!(made(&[&[entry(b'1', "a", "nowhere", 0o644, b"")]]).is_err());
    }

    #[test]
    fn there_is_room_for_what_is_mounted() {
        let root = made(&[&[
            link("tmp", "/var/tmp"),
            link("etc/resolv.conf", "../run/resolv.conf"),
            file("etc/hosts", "own"),
        ]])
        .unwrap();
        for folder in MOUNT_FOLDERS {
            assert!(
                fs::symlink_metadata(root.root().join(folder)).unwrap().is_dir(),
                "{folder}"
            );
        }
        assert_eq!(
            (root.text("etc/resolv.conf"), root.text("etc/hosts")),
            (String::new(), String::new())
        );
        let layers_own = root.folder.path().join("0/etc/hosts");
        assert_eq!(fs::read_to_string(layers_own).unwrap(), "own");
        assert!(
            made(&[&[]]).unwrap().root().join("etc/hosts").is_file(),
            "an empty image has it, too"
        );
    }
}
