//! Which hierarchies are mounted, and where in them this process is.

use super::{Controller, Version};
use std::path::{Path, PathBuf};

/// A mounted control group hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its interface.
    pub version: Version,
    /// Where it is mounted.
    pub mount: PathBuf,
    /// The directory of the group this process is in.
    pub own: PathBuf,
    /// The controllers that a version 1 hierarchy carries. Version 2 says so in its files.
    pub controllers: Vec<Controller>,
}

/// Reads `/proc/self/mountinfo` and `/proc/self/cgroup`. Hierarchies that cannot limit an environment are left out.
pub fn hierarchies(mountinfo: &str, membership: &str) -> Vec<Hierarchy> {
    mountinfo
        .lines()
        .filter_map(|line| hierarchy(line, membership))
        .collect()
}

fn hierarchy(line: &str, membership: &str) -> Option<Hierarchy> {
    let (placing, kind) = line.split_once(" - ")?;
    let mut placing = placing.split(' ').skip(3);
    let (root, mount) = (unescape(placing.next()?), unescape(placing.next()?));
    let mut kind = kind.split(' ');
    let (version, controllers) = match kind.next()? {
        "cgroup" => (Version::V1, Controller::among(kind.nth(1)?, ',')),
        "cgroup2" => (Version::V2, Vec::new()),
        _ => return None,
    };
    if version == Version::V1 && controllers.is_empty() {
        return None;
    }
    let mount = PathBuf::from(mount);
    let own = group_of(membership, version, &controllers)
        .and_then(|path| Path::new(path).strip_prefix(&root).ok())
        .map_or_else(|| mount.clone(), |below| mount.join(below));
    Some(Hierarchy {
        version,
        mount,
        own,
        controllers,
    })
}

/// The path after the second colon of the line that is about this hierarchy: `4:memory:/a/b`, or `0::/a/b` for version 2.
fn group_of<'a>(membership: &'a str, version: Version, controllers: &[Controller]) -> Option<&'a str> {
    membership.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (id, names, path) = (fields.next()?, fields.next()?, fields.next()?);
        let ours = match version {
            Version::V1 => Controller::among(names, ',')
                .iter()
                .any(|each| controllers.contains(each)),
            Version::V2 => id == "0" && names.is_empty(),
        };
        ours.then_some(path)
    })
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash.
fn unescape(field: &str) -> String {
    field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hybrid_host_carries_its_controllers_in_version_1() {
        let mountinfo = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
            34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let membership = "4:memory:/build/7\n2:cpu,cpuacct:/\n0::/\n";
        let found = hierarchies(mountinfo, membership);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].controllers, [Controller::Cpu]);
        assert_eq!(found[0].own, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(found[1].own, Path::new("/sys/fs/cgroup/memory/build/7"));
        assert_eq!((found[2].version, &found[2].own), (Version::V2, &found[2].mount));
    }

    #[test]
    fn a_pure_version_2_host_places_us_in_our_scope() {
        let mountinfo = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = hierarchies(mountinfo, "0::/user.slice/user-1000.slice/run-u7.scope\n");
        assert_eq!(
            found[0].own,
            Path::new("/sys/fs/cgroup/user.slice/user-1000.slice/run-u7.scope")
        );
    }

    #[test]
    fn a_container_shows_a_part_of_the_hierarchy() {
        let mountinfo = "30 24 0:26 /docker/c1 /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory\n";
        let inside = &hierarchies(mountinfo, "4:memory:/docker/c1/app\n")[0];
        assert_eq!(inside.own, Path::new("/sys/fs/cgroup/my memory/app"));
        let outside = &hierarchies(mountinfo, "4:memory:/elsewhere\n")[0];
        assert_eq!(outside.own, outside.mount);
    }
}
