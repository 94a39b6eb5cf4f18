//! The file system tree of one environment: the starter's minimal root, and on it what is the environment's own.

use crate::{
    step::{Step, StepError},
    sys::{self, MountAttributes},
};
use lambent_sandbox::BindMount;
use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, openat2},
    io::Errno,
    mount::{
        MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_remount, move_mount, open_tree, unmount,
    },
};
use std::{
    ffi::CString,
    fs,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

/// The mount points of the minimal root that take one mount each.
pub(crate) const SINGLE_MOUNT_POINTS: [&str; 3] = ["/var/task", "/var/lang", "/var/runtime"];
/// Folders of this one take a mount each, where what is mounted at it has them.
const RUNTIME: &str = "/var/runtime/";
const LAYERS: &str = "/opt";
const TMP: &str = "/tmp";
/// A directory or file costs the kernel memory even when it is empty: one per this many bytes of `/tmp`.
const TMP_BYTES_PER_INODE: u64 = 4_096;

/// Whether a mount may be shown at `inside`.
pub(crate) fn is_allowed_inside(inside: &str) -> bool {
    let clean = !inside.split('/').skip(1).any(|part| matches!(part, "" | "." | ".."));
    let below = || inside.starts_with("/opt/") || inside.starts_with(RUNTIME);
    clean && (SINGLE_MOUNT_POINTS.contains(&inside) || inside == LAYERS || below())
}

/// Makes a copy of the mounts at the working directory the root of this mount namespace, with a `/proc` of this pid namespace.
pub(super) fn enter_root() -> Result<(), StepError> {
    // The kernel locks mounts that come from another user's namespace; a fresh copy can be moved.
    let copy = open_tree(
        CWD,
        ".",
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE,
    )
    .step("copy the root")?;
    place(&copy, Path::new("."))?;
    rustix::process::fchdir(&copy).step("enter the root")?;
    // While the host's is still in sight: the kernel allows a new one only to who can see a whole one already.
    let sealed = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    // The init's own command line names paths of the host.
    mount("proc", "proc", "proc", sealed, c"hidepid=1").step("mount /proc")?;
    rustix::process::pivot_root(".", ".").step("pivot the root")?;
    unmount(".", UnmountFlags::DETACH).step("let go of the host's root")?;
    rustix::process::chdir("/").step("enter the root")
}

/// What an image gets of the minimal root, which it must have room for.
const MOVED: [&str; 3] = ["dev", "proc", "tmp"];
/// What it gets where it has room for it.
const OFFERED: [&str; 3] = ["etc/hosts", "etc/resolv.conf", "etc/lambent"];

/// Makes the detached mount of an image the root of this mount namespace.
pub(super) fn change_root(image: &OwnedFd) -> Result<(), StepError> {
    // Any empty directory will do.
    place(image, Path::new(LAYERS))?;
    for name in MOVED {
        carry(name, image).step(format!("show /{name} in the image"))?;
    }
    for name in OFFERED {
        match carry(name, image) {
            // The image has no such place, or the minimal root no such file.
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(error) => return Err(StepError::new(format!("show /{name} in the image"), error)),
        }
    }
    rustix::process::fchdir(image).step("enter the image")?;
    rustix::process::pivot_root(".", ".").step("pivot the root to the image")?;
    unmount(".", UnmountFlags::DETACH).step("let go of the minimal root")?;
    rustix::process::chdir("/").step("enter the image")
}

/// Shows what the present root has at `name` at the same place of the image. Links of the image lead nowhere but into it.
fn carry(name: &str, image: &OwnedFd) -> Result<(), Errno> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let copy = open_tree(CWD, format!("/{name}"), flags)?;
    let target = openat2(image, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), inside)?;
    let both = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(&copy, "", &target, "", both)
}

/// Mounts an empty `/tmp`, of no size in particular.
pub(super) fn mount_tmp() -> Result<(), StepError> {
    tmpfs(TMP, "mode=1777")
}

/// Lets `/tmp` hold `bytes` bytes.
pub(super) fn size_tmp(bytes: u64) -> Result<(), StepError> {
    let inodes = (bytes / TMP_BYTES_PER_INODE).max(64);
    let options = CString::new(format!("size={bytes},nr_inodes={inodes}")).step("name the options")?;
    mount_remount(TMP, MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str()).step("size /tmp")
}

/// Attaches the detached mounts of `wanted`, in the same order.
///
/// Several mounts at `/opt` are layers: they are laid over each other, the later on top of the earlier.
pub(super) fn attach(wanted: &[BindMount], detached: &[OwnedFd]) -> Result<(), StepError> {
    let pairs = || wanted.iter().map(|each| each.inside.as_str()).zip(detached);
    let layers: Vec<&OwnedFd> = pairs()
        .filter(|(inside, _)| *inside == LAYERS)
        .map(|(_, fd)| fd)
        .collect();
    match layers.as_slice() {
        [] => {}
        [only] => place(only, Path::new(LAYERS))?,
        several => overlay(several)?,
    }
    let below: Vec<_> = pairs().filter(|(inside, _)| inside.starts_with("/opt/")).collect();
    if layers.is_empty() && !below.is_empty() {
        scaffold(below.iter().map(|(inside, _)| *inside))?;
    }
    below
        .into_iter()
        .chain(pairs().filter(|(inside, _)| SINGLE_MOUNT_POINTS.contains(inside)))
        .chain(pairs().filter(|(inside, _)| inside.starts_with(RUNTIME)))
        .try_for_each(|(inside, fd)| place(fd, Path::new(inside)))
}

/// Lays layers over each other at `/opt`. They need paths for that, which lie at `/opt` too and are hidden by the result.
fn overlay(layers: &[&OwnedFd]) -> Result<(), StepError> {
    let at = |index: usize| format!("{LAYERS}/{index}");
    let names: Vec<String> = (0..layers.len()).map(at).collect();
    scaffold(names.iter().map(String::as_str))?;
    for (name, layer) in names.iter().zip(layers) {
        place(layer, Path::new(name))?;
    }
    let upper_first: Vec<&str> = names.iter().rev().map(String::as_str).collect();
    let options = CString::new(format!("lowerdir={}", upper_first.join(":"))).step("name the layers")?;
    let sealed = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    mount("overlay", LAYERS, "overlay", sealed, options.as_c_str()).step("lay the layers over each other")
}

/// Mounts a small tmpfs at `/opt` that has the directories `dirs`, and seals it.
fn scaffold<'a>(dirs: impl Iterator<Item = &'a str>) -> Result<(), StepError> {
    tmpfs(LAYERS, "mode=755,size=64k,nr_inodes=256")?;
    for dir in dirs {
        fs::create_dir_all(dir).step(format!("create {dir}"))?;
    }
    let mounted = open_tree(CWD, LAYERS, OpenTreeFlags::OPEN_TREE_CLOEXEC).step("open /opt")?;
    sys::mount_setattr(mounted.as_fd(), MountAttributes::SEALED).step("seal /opt")
}

fn tmpfs(target: &str, options: &str) -> Result<(), StepError> {
    let options = CString::new(options).step("name the options")?;
    mount(
        "tmpfs",
        target,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        options.as_c_str(),
    )
    .step(format!("mount {target}"))
}

/// Moves a detached mount to `target`.
fn place(detached: &OwnedFd, target: &Path) -> Result<(), StepError> {
    move_mount(detached, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .step(format!("mount {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_goes_where_the_contract_says() {
        for allowed in [
            "/var/task",
            "/var/lang",
            "/var/runtime",
            "/opt",
            "/opt/extensions/x",
            "/var/runtime/sdk",
        ] {
            assert!(is_allowed_inside(allowed), "{allowed}");
        }
        for refused in [
            "/",
            "/etc",
            "/var/task/",
            "/var/task/../..",
            "/opt/../etc",
            "/optical",
            "/opt/",
            "/opt//x",
            "opt",
        ] {
            assert!(!is_allowed_inside(refused), "{refused}");
        }
    }
}
