//! The inits that wait to become an environment: plain ones, and ones whose program was started ahead.

use super::{demand::Demand, spawn::Blank};
use crate::step::StepError;
use lambent_sandbox::{EnvSpec, Program, ProgramStart};
use rustix::process::Pid;
use std::time::Duration;

/// What is kept in store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stock {
    /// Plain ones.
    pub(super) plain: usize,
    /// Ones whose program was started ahead, of all programs together.
    pub(super) ahead: usize,
}

/// The store.
pub(super) struct Spares {
    stock: Stock,
    demand: Demand,
    waiting: Vec<Spare>,
}

/// An init, and the program that it has started.
pub(super) struct Spare {
    pub(super) blank: Blank,
    pub(super) ahead: Option<Program>,
}

/// What the store lacks.
pub(super) enum Need {
    /// A plain one.
    Plain,
    /// One with this program.
    Ahead(Program),
}

impl Spares {
    pub(super) fn new(stock: Stock) -> Self {
        Self {
            stock,
            demand: Demand::new(stock.ahead),
            waiting: Vec::new(),
        }
    }

    /// The one that suits `spec` best: the longest with its program, a plain one otherwise.
    pub(super) fn take(&mut self, spec: &EnvSpec, now: Duration) -> Option<Spare> {
        self.expect(&spec.program, now);
        let position = |wanted: Option<&Program>| self.waiting.iter().position(|spare| spare.ahead.as_ref() == wanted);
        let index = position(Some(&spec.program)).or_else(|| position(None))?;
        Some(self.waiting.remove(index))
    }

    /// A program is wanted, or may be soon.
    pub(super) fn expect(&mut self, program: &Program, now: Duration) {
        if let ProgramStart::Ahead { .. } = program.start {
            self.demand.ask(program, now);
        }
    }

    /// Takes out the one whose process ended.
    pub(super) fn take_ended(&mut self, pid: Pid) -> Option<Blank> {
        let index = self.waiting.iter().position(|spare| spare.blank.pid == pid)?;
        Some(self.waiting.remove(index).blank)
    }

    pub(super) fn put(&mut self, spare: Spare) {
        self.waiting.push(spare);
    }

    /// What is to be added.
    pub(super) fn need(&mut self, now: Duration) -> Option<Need> {
        if count(&self.waiting, None) < self.stock.plain {
            return Some(Need::Plain);
        }
        let mut wanted = self.demand.wanted(now).into_iter();
        let lacking = wanted.find(|(program, most)| count(&self.waiting, Some(program)) < *most);
        lacking.map(|(program, _)| Need::Ahead(program.clone()))
    }

    /// Takes out one whose program is not wanted any more, or not as often.
    pub(super) fn surplus(&mut self, now: Duration) -> Option<Blank> {
        let wanted = self.demand.wanted(now);
        let most = |program: &Program| {
            wanted
                .iter()
                .find(|(wanted, _)| *wanted == program)
                .map_or(0, |(_, most)| *most)
        };
        let index = self.waiting.iter().position(|spare| {
            let program = spare.ahead.as_ref();
            program.is_some_and(|program| count(&self.waiting, Some(program)) > most(program))
        })?;
        Some(self.waiting.remove(index).blank)
    }

    /// Takes out all.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Blank> {
        self.waiting.drain(..).map(|spare| spare.blank)
    }

    /// Whether some wait with a program, which is forgotten after a time.
    pub(super) fn has_ahead(&self) -> bool {
        self.waiting.iter().any(|spare| spare.ahead.is_some())
    }
}

/// How many of them wait with this program, or without one.
fn count(waiting: &[Spare], ahead: Option<&Program>) -> usize {
    waiting.iter().filter(|spare| spare.ahead.as_ref() == ahead).count()
}

impl Spare {
    pub(super) fn plain(blank: Blank) -> Self {
        Self { blank, ahead: None }
    }

    /// Lets its init start `program`.
    pub(super) fn start_ahead(blank: Blank, program: Program) -> Result<Self, (Blank, StepError)> {
        match super::start_ahead(&blank, &program) {
            Ok(()) => Ok(Self {
                blank,
                ahead: Some(program),
            }),
            Err(error) => Err((blank, error)),
        }
    }
}
