//! A directory that is a root to somebody else: paths in it are followed as its inhabitants would follow them, and never lead out.
//!
//! The kernel is never asked to follow a link in it. Every part of a path is looked at by itself, and a link's target is resolved here:
//! an absolute one from the root, `..` no higher than the root.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// As many links as Linux follows in one path.
const MOST_LINKS: usize = 40;
/// The longest path of Linux.
const LONGEST_PATH: usize = 4_096;

/// A path cannot be had in a tree.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PathError {
    /// It cannot be a path at all.
    #[error("{0:?} is no path of an image")]
    Unfit(String),
    /// Too many links.
    #[error("{0:?} leads in a circle")]
    Circle(String),
    /// Something on the way is neither a directory nor a link.
    #[error("{0:?} leads through a file")]
    ThroughFile(String),
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The parts of a path as archives and configurations have it: absolute or not, from the root in any case.
pub(crate) fn parts(path: &[u8]) -> Result<Vec<OsString>, PathError> {
    let unfit = || PathError::Unfit(String::from_utf8_lossy(path).into_owned());
    if path.len() > LONGEST_PATH || path.contains(&0) {
        return Err(unfit());
    }
    let named = path
        .split(|byte| *byte == b'/')
        .filter(|part| !matches!(*part, b"" | b"."));
    let parts: Vec<_> = named.map(|part| OsStr::from_bytes(part).to_owned()).collect();
    if parts.iter().any(|part| part == "..") {
        return Err(unfit());
    }
    Ok(parts)
}

/// What is done where a directory on the way is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Make,
    /// The way ends.
    End,
}

/// A tree, and the directories that had to be made on ways through it.
pub(crate) struct Tree<'a> {
    root: &'a Path,
}

impl<'a> Tree<'a> {
    pub(crate) const fn at(root: &'a Path) -> Self {
        Self { root }
    }

    /// The real place of a directory, links followed. `Ok(None)` where it is missing and is to be. `made` is told of each directory that
    /// had to be made.
    pub(crate) fn directory(
        &self,
        path: &[OsString],
        missing: Missing,
        mut made: impl FnMut(&Path),
    ) -> Result<Option<PathBuf>, PathError> {
        let name = || path.iter().collect::<PathBuf>().display().to_string();
        let mut rest: VecDeque<OsString> = path.iter().cloned().collect();
        let (mut here, mut links) = (Vec::<OsString>::new(), 0);
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                here.pop();
                continue;
            }
            let place = self.place(&here).join(&part);
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_dir() => here.push(part),
                Ok(found) if found.is_symlink() => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(PathError::Circle(name()));
                    }
                    let target = fs::read_link(&place)?;
                    if target.is_absolute() {
                        here.clear();
                    }
                    for word in words(target.as_os_str()).rev() {
                        rest.push_front(word);
                    }
                }
                Ok(_) => return Err(PathError::ThroughFile(name())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if missing == Missing::End {
                        return Ok(None);
                    }
                    fs::create_dir(&place)?;
                    here.push(part);
                    made(&here.iter().collect::<PathBuf>());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(self.place(&here)))
    }

    /// The real place of what a path means, the last part's links followed, too; `None` if there is nothing.
    pub(crate) fn find(&self, path: &[u8]) -> Option<PathBuf> {
        let mut path = parts(path).ok()?;
        for _ in 0..MOST_LINKS {
            let Some(last) = path.pop() else {
                return Some(self.root.to_owned());
            };
            if last == ".." {
                path.push(last);
                return self.directory(&path, Missing::End, |_| {}).ok()?;
            }
            let place = self.directory(&path, Missing::End, |_| {}).ok()??.join(&last);
            if !fs::symlink_metadata(&place).ok()?.is_symlink() {
                return Some(place);
            }
            let target = fs::read_link(&place).ok()?;
            if target.is_absolute() {
                path.clear();
            } else {
                let parent = place.parent()?.strip_prefix(self.root).ok()?;
                path = parent.iter().map(OsStr::to_owned).collect();
            }
            path.extend(words(target.as_os_str()));
        }
        None
    }

    fn place(&self, parts: &[OsString]) -> PathBuf {
        self.root.join(parts.iter().collect::<PathBuf>())
    }
}

/// The parts of a link's target, `..` among them.
fn words(target: &OsStr) -> impl DoubleEndedIterator<Item = OsString> {
    let words = target.as_bytes().split(|byte| *byte == b'/');
    words
        .filter(|word| !matches!(*word, b"" | b"."))
        .map(|word| OsStr::from_bytes(word).to_owned())
}

/// Removes whatever is at a place that nobody else changes.
pub(crate) fn remove(place: &Path) -> io::Result<()> {
    match fs::symlink_metadata(place) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn plain(path: &str) -> Vec<OsString> {
        parts(path.as_bytes()).unwrap()
    }

    #[test]
    fn no_path_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        fs::create_dir_all(folder.path().join("outside")).unwrap();
        symlink("usr/lib", root.join("lib")).unwrap();
        symlink("/usr/lib", root.join("usr/again")).unwrap();
        symlink("../../../../outside", root.join("up")).unwrap();
        symlink("/nowhere", root.join("etc")).unwrap();
        symlink("round", root.join("round")).unwrap();
        fs::write(root.join("usr/lib/file"), "").unwrap();
        let tree = Tree::at(&root);
        let at = |path: &str| tree.directory(&plain(path), Missing::End, |_| {});
        assert_eq!(at("lib").unwrap(), Some(root.join("usr/lib")));
        assert_eq!(at("usr/again").unwrap(), Some(root.join("usr/lib")));
        assert_eq!(at("up").unwrap(), None, "the root has no such directory");
        assert_eq!(at("etc").unwrap(), None, "nor this one");
        assert!(matches!(at("round"), Err(PathError::Circle(_))));
        assert!(matches!(at("lib/file/x"), Err(PathError::ThroughFile(_))));
        let mut made = Vec::new();
        let place = tree.directory(&plain("up/x"), Missing::Make, |path| made.push(path.to_owned()));
        assert_eq!(place.unwrap(), Some(root.join("outside/x")));
        assert_eq!(made, [Path::new("outside"), Path::new("outside/x")]);
        assert_eq!(fs::read_dir(folder.path().join("outside")).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_found_through_links() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/bin")).unwrap();
        fs::write(folder.path().join("usr/bin/python3.13"), "").unwrap();
        symlink("python3.13", folder.path().join("usr/bin/python3")).unwrap();
        symlink("usr/bin", folder.path().join("bin")).unwrap();
        symlink("../../../etc/passwd", folder.path().join("usr/bin/out")).unwrap();
        let tree = Tree::at(folder.path());
        assert_eq!(
            tree.find(b"/bin/python3"),
            Some(folder.path().join("usr/bin/python3.13"))
        );
        assert_eq!(tree.find(b"/bin/out"), None);
        assert_eq!(tree.find(b"/bin/none"), None);
        assert_eq!(tree.find(b"/"), Some(folder.path().to_owned()));
    }

    #[test]
    fn paths_are_what_can_be_one() {
        assert_eq!(plain("./a//b/"), ["a", "b"]);
        assert!(plain("/").is_empty());
        for bad in [&b"../x"[..], b"a/../../x", b"a\0b", &[b'a'; 5_000]] {
            assert!(matches!(parts(bad), Err(PathError::Unfit(_))));
        }
    }
}
