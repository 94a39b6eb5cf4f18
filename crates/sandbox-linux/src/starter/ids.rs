//! Which host ids the environments' users are.

use std::ops::Range;

/// Ids from here on are taken where they are free to take: above those of users, services and systemd's dynamic ranges.
const FIRST: u32 = 1_100_000;
/// How many ids are enough for environments that live at the same time to differ.
const COUNT: u32 = 65_536;

/// The host ids that stand behind the environments' one inside id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostIds {
    /// Different environments have different ids, which own nothing on the host.
    Distinct(Range<u32>),
    /// The server's own; an ordinary user may map no other.
    Own,
}

impl HostIds {
    /// What a privileged starter may use, by its own `/proc/self/uid_map`. In a container only part of the ids exist; then the
    /// last of them are taken.
    pub(crate) fn available(uid_map: &str) -> Self {
        let extents = uid_map.lines().filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u32>);
            let (first, _, count) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
            Some(first..first.saturating_add(count))
        });
        let Some(last) = extents.max_by_key(|extent| extent.end) else {
            return Self::Own;
        };
        if last.contains(&FIRST) && last.contains(&(FIRST + COUNT)) {
            return Self::Distinct(FIRST..FIRST + COUNT);
        }
        // The upper quarter: users and services count from below. The very last ids are "nobody" by custom.
        let end = last.end.saturating_sub(3);
        let start = end - (end - last.start.min(end)) / 4;
        if start < end && start > 1_000 {
            Self::Distinct(start..end)
        } else {
            Self::Own
        }
    }

    /// The host id of the environment with this number, as its parent namespace calls it.
    pub(crate) fn of(&self, number: u64) -> u32 {
        match self {
            // The remainder is smaller than the range, which is counted in u32.
            Self::Distinct(range) => range.start + (number % (range.len() as u64)) as u32,
            // The starter made itself root of its own user namespace.
            Self::Own => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gives_each_environment_its_own_id() {
        let ids = HostIds::available("         0          0 4294967295\n");
        assert_eq!(
            (ids.of(0), ids.of(1), ids.of(65_536)),
            (1_100_000, 1_100_001, 1_100_000)
        );
    }

    #[test]
    fn a_container_gives_some_of_its_last_ids() {
        let ids = HostIds::available("0 100000 65536\n");
        assert_eq!(ids, HostIds::Distinct(49_150..65_533));
        assert_eq!(HostIds::available("0 1000 1\n"), HostIds::Own);
        assert_eq!(HostIds::Own.of(7), 0);
    }
}
