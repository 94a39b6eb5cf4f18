//! Unpacks a zip that nobody vouches for.

use lambent_store::IntakeError;
use lambent_types::limits;
use std::{
    fs,
    io::{self, Cursor, Read},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};
use zip::{ZipArchive, read::ZipFile};

const DEFAULT_MODE: u32 = 0o644;
/// Folders are always open to the function and to the server that removes them.
const FOLDER_MODE: u32 = 0o755;
const LONGEST_LINK: u64 = 4_096;

/// Unpacks `zip` into the new folder `tree`. What inflates is counted as it comes, whatever the headers claim; links are made last,
/// so that no file is ever written through one.
pub(crate) fn unpack(zip: &[u8], tree: &Path) -> Result<(), IntakeError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(invalid)?;
    if archive.has_overlapping_files().map_err(invalid)? {
        return Err(IntakeError::Invalid("entries overlap".to_owned()));
    }
    make_folder(tree)?;
    let mut budget = limits::UNZIPPED_CODE_BYTES;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(invalid)?;
        let path = inside(tree, &entry)?;
        if entry.is_dir() {
            make_folders(tree, &path)?;
        } else if entry.is_symlink() {
            let mut target = String::new();
            (&mut entry)
                .take(LONGEST_LINK)
                .read_to_string(&mut target)
                .map_err(damaged)?;
            links.push((path, target));
        } else {
            budget -= write_file(tree, &path, &mut entry, budget)?;
        }
    }
    links
        .into_iter()
        .try_for_each(|(path, target)| make_link(tree, &path, &target))
}

/// The entry's path below `tree`; refuses `..` that leads out and names with NUL. An absolute path is taken as one from `tree`.
fn inside(tree: &Path, entry: &ZipFile<'_, Cursor<&[u8]>>) -> Result<PathBuf, IntakeError> {
    let relative = entry.enclosed_name().filter(|name| !name.as_os_str().is_empty());
    relative
        .map(|name| tree.join(name))
        .ok_or_else(|| IntakeError::Invalid("an entry's path escapes".to_owned()))
}

fn write_file(
    tree: &Path,
    path: &Path,
    entry: &mut ZipFile<'_, Cursor<&[u8]>>,
    budget: u64,
) -> Result<u64, IntakeError> {
    if let Some(parent) = path.parent() {
        make_folders(tree, parent)?;
    }
    let mode = entry.unix_mode().map_or(DEFAULT_MODE, |mode| mode & 0o777);
    let mut file = fs::File::create(path).map_err(clash)?;
    let written = io::copy(&mut entry.take(budget + 1), &mut file).map_err(damaged)?;
    if written > budget {
        return Err(IntakeError::UnzippedTooLarge);
    }
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(written)
}

fn make_link(tree: &Path, path: &Path, target: &str) -> Result<(), IntakeError> {
    if let Some(parent) = path.parent() {
        make_folders(tree, parent)?;
    }
    symlink(target, path).map_err(clash)
}

/// Makes `path` and what is missing above it, one folder at a time and never through a link.
fn make_folders(tree: &Path, path: &Path) -> Result<(), IntakeError> {
    let missing: Vec<_> = path.ancestors().take_while(|ancestor| *ancestor != tree).collect();
    for folder in missing.into_iter().rev() {
        match fs::symlink_metadata(folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(IntakeError::Invalid("a file stands where a folder should".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_folder(folder)?,
            Err(error) => return Err(clash(error)),
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), IntakeError> {
    fs::create_dir(path).map_err(clash)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(FOLDER_MODE))?)
}

fn invalid(error: zip::result::ZipError) -> IntakeError {
    IntakeError::Invalid(error.to_string())
}

/// Reading an entry fails when its data is damaged: the source is memory.
fn damaged(error: io::Error) -> IntakeError {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    if matches!(error.kind(), StorageFull | QuotaExceeded) {
        IntakeError::Io(error)
    } else {
        IntakeError::Invalid(error.to_string())
    }
}

/// Making a path fails either because entries contradict each other, or because the disk does.
fn clash(error: io::Error) -> IntakeError {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, PermissionDenied};
    let kinds = [
        AlreadyExists,
        InvalidFilename,
        InvalidInput,
        IsADirectory,
        NotADirectory,
        PermissionDenied,
    ];
    if kinds.contains(&error.kind()) {
        IntakeError::Invalid(error.to_string())
    } else {
        IntakeError::Io(error)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    /// An entry of a zip made for a test.
    pub(crate) enum Entry<'a> {
        File {
            name: &'a str,
            content: &'a [u8],
            mode: u32,
        },
        Link {
            name: &'a str,
            target: &'a str,
        },
    }

    impl<'a> Entry<'a> {
        pub(crate) const fn file(name: &'a str, content: &'a [u8]) -> Self {
            Self::File {
                name,
                content,
                mode: 0o644,
            }
        }
    }

    pub(crate) fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for entry in entries {
            match entry {
                Entry::File { name, content, mode } => {
                    writer.start_file(*name, options.unix_permissions(*mode)).unwrap();
                    writer.write_all(content).unwrap();
                }
                Entry::Link { name, target } => writer.add_symlink(*name, *target, options).unwrap(),
            }
        }
        writer.finish().unwrap().into_inner()
    }

    fn unpacked(zip: &[u8]) -> Result<tempfile::TempDir, IntakeError> {
        let folder = tempfile::tempdir().unwrap();
        unpack(zip, &folder.path().join("tree")).map(|()| folder)
    }

    #[test]
    fn keeps_content_and_modes() {
        let script = Entry::File {
            name: "bin/run",
            content: b"#!/bin/sh\n",
            mode: 0o4755,
        };
        let folder = unpacked(&zip(&[script, Entry::file("lib/a.py", b"a")])).unwrap();
        let mode = |name: &str| {
            fs::metadata(folder.path().join("tree").join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o7777
        };
        assert_eq!(
            (mode("bin/run"), mode("lib/a.py"), mode("lib")),
            (0o755, 0o644, 0o755),
            "set-uid is dropped"
        );
        assert_eq!(fs::read(folder.path().join("tree/lib/a.py")).unwrap(), b"a");
    }

    #[test]
    fn refuses_what_escapes() {
        for name in ["../x", "a/../../x"] {
            assert!(
                matches!(unpacked(&zip(&[Entry::file(name, b"x")])), Err(IntakeError::Invalid(_))),
                "{name}"
            );
        }
        let through_link = [
            Entry::Link {
                name: "a",
                target: "/tmp",
            },
            Entry::file("a/planted", b"x"),
        ];
        assert!(matches!(unpacked(&zip(&through_link)), Err(IntakeError::Invalid(_))));
        assert!(!Path::new("/tmp/planted").exists());
    }

    #[test]
    fn keeps_links_as_links() {
        let folder = unpacked(&zip(&[Entry::file("a", b"1"), Entry::Link { name: "b", target: "a" }])).unwrap();
        assert_eq!(fs::read_link(folder.path().join("tree/b")).unwrap(), Path::new("a"));
    }

    #[test]
    fn refuses_a_bomb_whatever_its_headers_claim() {
        let zeros = vec![0; 1 << 20];
        let names: Vec<_> = (0..251).map(|index| format!("z{index}")).collect();
        let entries: Vec<_> = names.iter().map(|name| Entry::file(name, &zeros)).collect();
        let mut bomb = zip(&entries);
        assert!(bomb.len() < 1 << 20);
        assert!(matches!(unpacked(&bomb), Err(IntakeError::UnzippedTooLarge)));
        // The sizes in the central directory are lies now.
        let central: Vec<_> = bomb
            .windows(4)
            .enumerate()
            .filter(|(_, w)| *w == b"PK\x01\x02")
            .map(|(at, _)| at)
            .collect();
        for at in central {
            bomb[at + 24..at + 28].copy_from_slice(&1_u32.to_le_bytes());
        }
        assert!(unpacked(&bomb).is_err());
    }

    #[test]
    fn refuses_damage() {
        let good = zip(&[Entry::file("a", &[7; 1_000])]);
        for end in 0..good.len() {
            assert!(unpacked(&good[..end]).is_err(), "cut at {end}");
        }
        let mut flipped = good;
        flipped[40] ^= 0xff;
        assert!(unpacked(&flipped).is_err());
    }
}
