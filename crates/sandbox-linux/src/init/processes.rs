//! What runs in an environment: the runtime process and its companions. They are started again when the environment is to be used after
//! a failure.

use super::{
    InitError,
    runtime::{Ahead, Confinement, Waiting},
};
use crate::step::StepError;
use lambent_sandbox::EnvSpec;
use rustix::process::Pid;
use std::os::fd::OwnedFd;

/// The processes that somebody waits for, and where all of them write to.
pub(super) struct Processes {
    /// `None` before it is started, and once it is reaped: its id may be another's then.
    pub(super) runtime: Option<Pid>,
    /// What becomes the runtime process when the companions are ready for it.
    pub(super) held_back: Option<HeldBack>,
    /// In the order of the spec.
    pub(super) companions: Vec<Pid>,
    /// The write end of the runtime's output.
    pub(super) output: OwnedFd,
    /// The same of the companions together, if there are any.
    pub(super) companion_output: Option<OwnedFd>,
}

/// A runtime process that is not to run before it is asked for.
pub(super) struct HeldBack {
    pub(super) runtime: Runtime,
    pub(super) spec: Box<EnvSpec>,
}

/// How far the runtime process is.
pub(super) enum Runtime {
    Waiting(Waiting),
    /// Its program runs, and the program's mounts are in place.
    Ahead(Ahead),
}

impl Runtime {
    /// Lets it be the function's.
    pub(super) fn start(
        self,
        spec: &EnvSpec,
        output: &OwnedFd,
        confinement: Confinement<'_>,
    ) -> Result<Pid, InitError> {
        match self {
            Self::Waiting(waiting) => waiting.execute(spec),
            Self::Ahead(ahead) if ahead.is_alive() => ahead.hand_over(spec),
            Self::Ahead(_) => Waiting::fork(output, confinement)?.execute(spec),
        }
    }
}

impl Processes {
    /// Starts them again, in an environment in which none is left.
    pub(super) fn restart(&mut self, spec: EnvSpec) -> Result<(), InitError> {
        let runtime = Waiting::fork(&self.output, Confinement::Inherited)?;
        let Some(output) = &self.companion_output else {
            self.runtime = Some(runtime.execute(&spec)?);
            return Ok(());
        };
        self.companions = start_companions(&spec, output, Confinement::Inherited)?;
        self.held_back = Some(HeldBack {
            runtime: Runtime::Waiting(runtime),
            spec: Box::new(spec),
        });
        Ok(())
    }

    /// Starts the runtime process that was held back.
    pub(super) fn begin(&mut self) -> Result<(), InitError> {
        let held_back = self.held_back.take();
        let HeldBack { runtime, spec } =
            held_back.ok_or_else(|| StepError::new("start the runtime process", "none is held back"))?;
        self.runtime = Some(runtime.start(&spec, &self.output, Confinement::Inherited)?);
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
