//! What runs in an environment: the runtime process and its companions. They are started again when the environment is to be used after
//! a failure.

use super::{
    InitError,
    runtime::{Confinement, Waiting},
};
use lambent_sandbox::EnvSpec;
use rustix::process::Pid;
use std::os::fd::OwnedFd;

/// The processes that somebody waits for, and where all of them write to.
pub(super) struct Processes {
    /// `None` once it is reaped: its id may be another's then.
    pub(super) runtime: Option<Pid>,
    /// In the order of the spec.
    pub(super) companions: Vec<Pid>,
    /// The write end of the runtime's output.
    pub(super) output: OwnedFd,
    /// The same of the companions together, if there are any.
    pub(super) companion_output: Option<OwnedFd>,
}

impl Processes {
    /// Starts them again, in an environment in which none is left.
    pub(super) fn restart(&mut self, spec: &EnvSpec) -> Result<(), InitError> {
        if let Some(output) = &self.companion_output {
            self.companions = start_companions(spec, output, Confinement::Inherited)?;
        }
        self.runtime = Some(Waiting::fork(&self.output, Confinement::Inherited)?.execute(spec)?);
        Ok(())
    }
}

/// Starts the companions of `spec`.
pub(super) fn start_companions(
    spec: &EnvSpec,
    output: &OwnedFd,
    confinement: Confinement<'_>,
) -> Result<Vec<Pid>, InitError> {
    let start = |program: &String| Waiting::fork(output, confinement)?.execute_companion(program, spec);
    spec.companions.programs.iter().map(start).collect()
}
