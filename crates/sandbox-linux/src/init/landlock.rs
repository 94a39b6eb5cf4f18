//! File access rules beside the mount tree: should a read-only mount ever fail to be one, writing is still refused.

use crate::{
    step::{Step, StepError},
    sys,
};
use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr,
};

/// The newest version whose rights are asked for; older kernels get those that they know.
const RIGHTS: ABI = ABI::V5;
/// What may be written, beside `/tmp`: devices, and what a process says about itself.
const WRITABLE_FILES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The rules, the same for every environment; `None` on kernels without Landlock.
pub(super) struct Rules(Option<RulesetCreated>);

impl Rules {
    /// Makes them, and restricts nothing yet. `/tmp` is mounted by then: Landlock does not look below a mount.
    pub(super) fn prepare() -> Result<Self, StepError> {
        if sys::landlock_abi().is_none() {
            return Ok(Self(None));
        }
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(RIGHTS))
            .and_then(Ruleset::create);
        let mut ruleset = allow(ruleset.step("create Landlock rules")?, "/", AccessFs::from_read(RIGHTS))?;
        ruleset = allow(
            ruleset,
            "/proc",
            AccessFs::from_read(RIGHTS) | AccessFs::from_file(RIGHTS),
        )?;
        for file in WRITABLE_FILES {
            ruleset = allow(ruleset, file, AccessFs::from_file(RIGHTS))?;
        }
        allow(ruleset, "/tmp", AccessFs::from_all(RIGHTS)).map(|ruleset| Self(Some(ruleset)))
    }

    /// Restricts this process and all its children for good. They cannot mount anything from here on.
    pub(super) fn enforce(&self) -> Result<(), StepError> {
        let Some(ruleset) = &self.0 else { return Ok(()) };
        let ruleset = ruleset.try_clone().step("apply Landlock rules")?;
        ruleset.restrict_self().step("apply Landlock rules")?;
        Ok(())
    }
}

fn allow(ruleset: RulesetCreated, path: &str, rights: BitFlags<AccessFs>) -> Result<RulesetCreated, StepError> {
    let opened = PathFd::new(path).step(format!("open {path}"))?;
    ruleset
        .add_rule(PathBeneath::new(opened, rights))
        .step(format!("add a Landlock rule for {path}"))
}
