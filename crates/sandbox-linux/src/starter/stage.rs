//! The minimal root that every environment gets a copy of: the host's programs and libraries, read-only, and nothing that tells one
//! host from another.

use crate::{
    init::{INSIDE_GID, INSIDE_UID, SINGLE_MOUNT_POINTS},
    step::{Step, StepError},
    sys::{self, MountAttributes},
};
use lambent_sandbox::{AUTHORITIES_FILE, AUTHORITY_FILE, HOST_ADDRESS, HOST_NAME, RESOLVER_ADDRESS};
use rustix::{
    fs::CWD,
    mount::{MountFlags, MoveMountFlags, OpenTreeFlags, mount, move_mount, open_tree},
};
use std::{
    fs,
    os::{fd::AsFd, unix::fs::symlink},
    path::Path,
};

/// Programs and libraries. On most hosts all but the first are links into it.
const SYSTEM_DIRS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// What programs of the host expect to find in `/etc`: certificates, and the targets of links in `/usr`.
const ETC_DIRS: [&str; 5] = ["ssl", "pki", "ca-certificates", "crypto-policies", "alternatives"];
/// Configuration of Java packages, which are named by their version, and part of which lies in `/etc`.
const ETC_DIR_PREFIX: &str = "java-";
/// Copied rather than mounted: small, and package managers replace them by renaming, which a mount would not follow.
const ETC_COPIES: [&str; 2] = ["ld.so.cache", "localtime"];
/// Where distributions keep the certificates of whom they believe, in one file.
const HOST_AUTHORITIES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    // Shared memory is charged to the one sized place there is.
    ("shm", "/tmp"),
];
const EMPTY_DIRS: [&str; 5] = ["opt", "tmp", "proc", "var", "dev"];

/// Builds the root at `root` in this mount namespace and seals it.
pub(super) fn build(root: &Path, gate: bool, authority: Option<&Path>) -> Result<(), StepError> {
    fs::create_dir_all(root).step(format!("create {}", root.display()))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", root, "tmpfs", flags, c"mode=755,size=8m,nr_inodes=4096").step("mount the minimal root")?;
    let single = SINGLE_MOUNT_POINTS.map(|dir| dir.trim_start_matches('/'));
    for dir in EMPTY_DIRS.into_iter().chain(single) {
        fs::create_dir_all(root.join(dir)).step(format!("create /{dir}"))?;
    }
    for dir in SYSTEM_DIRS {
        show(&Path::new("/").join(dir), &root.join(dir))?;
    }
    build_etc(&root.join("etc"), gate)?;
    if let Some(authority) = authority {
        build_authorities(root, authority)?;
    }
    build_dev(&root.join("dev"))?;
    // Sealed alone: the devices below must stay devices.
    let top = open_tree(CWD, root, OpenTreeFlags::OPEN_TREE_CLOEXEC).step("open the minimal root")?;
    sys::mount_setattr_alone(top.as_fd(), MountAttributes::SEALED).step("seal the minimal root")
}

fn build_etc(etc: &Path, gate: bool) -> Result<(), StepError> {
    fs::create_dir_all(etc).step("create /etc")?;
    let (uid, gid) = (INSIDE_UID, INSIDE_GID);
    let passwd =
        format!("root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{uid}:{gid}::/home/sbx_user1051:/sbin/nologin\n");
    let local = "127.0.0.1 localhost lambent sandbox.localdomain sandbox\n::1 localhost\n";
    let (hosts, resolver) = if gate {
        (
            format!("{local}{HOST_ADDRESS} {HOST_NAME}\n"),
            format!("nameserver {RESOLVER_ADDRESS}\noptions timeout:5 attempts:2\n"),
        )
    } else {
        // There is no network to ask: a look-up fails at once instead of after a timeout.
        let nobody = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
        (local.to_owned(), nobody.to_owned())
    };
    let files = [
        ("passwd", passwd.as_str()),
        ("group", &format!("root:x:0:\nsbx_group1051:x:{gid}:\n")),
        ("hosts", hosts.as_str()),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ("resolv.conf", resolver.as_str()),
    ];
    for (name, content) in files {
        fs::write(etc.join(name), content).step(format!("write /etc/{name}"))?;
    }
    for name in ETC_COPIES {
        let host = Path::new("/etc").join(name);
        if host.is_file() {
            fs::copy(&host, etc.join(name)).step(format!("copy /etc/{name}"))?;
        }
    }
    for entry in fs::read_dir("/etc").step("read /etc")?.flatten() {
        let name = entry.file_name();
        let wanted = name
            .to_str()
            .is_some_and(|name| ETC_DIRS.contains(&name) || name.starts_with(ETC_DIR_PREFIX));
        if wanted {
            show(&entry.path(), &etc.join(&name))?;
        }
    }
    Ok(())
}

/// Who is believed beside those whom the host believes, alone and together with them.
fn build_authorities(root: &Path, authority: &Path) -> Result<(), StepError> {
    let inside = |path: &str| root.join(path.trim_start_matches('/'));
    let (alone, together) = (inside(AUTHORITY_FILE), inside(AUTHORITIES_FILE));
    let certificate = fs::read(authority).step(format!("read {}", authority.display()))?;
    let hosts = HOST_AUTHORITIES.iter().find_map(|file| fs::read(file).ok());
    let mut all = hosts.unwrap_or_default();
    all.extend(&certificate);
    fs::create_dir_all(alone.parent().unwrap_or(root)).step("create /etc/lambent")?;
    fs::write(&alone, certificate).step(format!("write {AUTHORITY_FILE}"))?;
    fs::write(&together, all).step(format!("write {AUTHORITIES_FILE}"))
}

fn build_dev(dev: &Path) -> Result<(), StepError> {
    for name in DEVICES {
        let (host, inside) = (Path::new("/dev").join(name), dev.join(name));
        fs::write(&inside, "").step(format!("create /dev/{name}"))?;
        attach(&host, &inside, MountAttributes::DEVICE)?;
    }
    for (name, target) in DEVICE_LINKS {
        symlink(target, dev.join(name)).step(format!("create /dev/{name}"))?;
    }
    Ok(())
}

/// Shows `host` at `inside`: a link as the same link, a directory as a sealed mount, what does not exist not at all.
fn show(host: &Path, inside: &Path) -> Result<(), StepError> {
    let step = || format!("show {}", host.display());
    let Ok(kind) = fs::symlink_metadata(host).map(|metadata| metadata.file_type()) else {
        return Ok(());
    };
    if kind.is_symlink() {
        let target = fs::read_link(host).step(step())?;
        return symlink(target, inside).step(step());
    }
    if !kind.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(inside).step(step())?;
    attach(host, inside, MountAttributes::SEALED)
}

fn attach(host: &Path, inside: &Path, attributes: MountAttributes) -> Result<(), StepError> {
    let step = || format!("mount {}", host.display());
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let copy = open_tree(CWD, host, flags).step(step())?;
    sys::mount_setattr(copy.as_fd(), attributes).step(step())?;
    move_mount(&copy, "", CWD, inside, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).step(step())
}
