//! Which programs are worth starting ahead: those that were asked for lately. Decisions only; time is an argument.

use lambent_sandbox::Program;
use std::time::Duration;

/// A program that nobody asked for in this time is forgotten.
const MEMORY: Duration = Duration::from_secs(600);
/// Starts within this time are a burst, which may go on.
const BURST: Duration = Duration::from_secs(10);

/// What was asked for, the latest first.
pub(super) struct Demand {
    /// How many processes may wait, of all programs together.
    budget: usize,
    asked: Vec<Asked>,
}

struct Asked {
    program: Program,
    /// When, and how often, it was asked for in the latest burst.
    last: Duration,
    burst: usize,
}

impl Demand {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            asked: Vec::new(),
        }
    }

    /// `program` is wanted at `now`.
    pub(super) fn ask(&mut self, program: &Program, now: Duration) {
        let known = self.asked.iter().position(|asked| asked.program == *program);
        let mut asked = known.map_or_else(
            || Asked {
                program: program.clone(),
                last: now,
                burst: 0,
            },
            |index| self.asked.remove(index),
        );
        if now.saturating_sub(asked.last) > BURST {
            asked.burst = 0;
        }
        asked.last = now;
        asked.burst += 1;
        self.asked.insert(0, asked);
        self.asked.truncate(self.budget);
    }

    /// How many of which program are to wait: one of each, as far as the budget goes, and the rest of it for those that are asked for
    /// often.
    pub(super) fn wanted(&mut self, now: Duration) -> Vec<(&Program, usize)> {
        self.asked.retain(|asked| now.saturating_sub(asked.last) < MEMORY);
        let mut counts = vec![0; self.asked.len()];
        let mut left = self.budget;
        while left > 0 {
            let mut gave = false;
            for (asked, count) in self.asked.iter().zip(&mut counts) {
                let bursts = now.saturating_sub(asked.last) <= BURST;
                let most = if bursts { asked.burst.max(1) } else { 1 };
                if left > 0 && *count < most {
                    *count += 1;
                    left -= 1;
                    gave = true;
                }
            }
            if !gave {
                break;
            }
        }
        self.asked.iter().map(|asked| &asked.program).zip(counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_sandbox::ProgramStart;

    const SECOND: Duration = Duration::from_secs(1);

    fn program(name: &str) -> Program {
        Program {
            command: vec![name.to_owned()],
            mounts: vec![],
            start: ProgramStart::WithFunction,
        }
    }

    fn wanted(demand: &mut Demand, now: Duration) -> Vec<(String, usize)> {
        let wanted = demand.wanted(now).into_iter();
        wanted
            .map(|(program, count)| (program.command[0].clone(), count))
            .collect()
    }

    #[test]
    fn one_of_each_waits_and_the_rest_follows_the_burst() {
        let mut demand = Demand::new(4);
        demand.ask(&program("a"), SECOND);
        for _ in 0..9 {
            demand.ask(&program("b"), SECOND);
        }
        assert_eq!(wanted(&mut demand, SECOND), [("b".into(), 3), ("a".into(), 1)]);
        assert_eq!(
            wanted(&mut demand, 20 * SECOND),
            [("b".into(), 1), ("a".into(), 1)],
            "the burst is over"
        );
        assert_eq!(wanted(&mut demand, 700 * SECOND), [], "nobody asked for long");
    }

    #[test]
    fn the_budget_goes_to_the_latest() {
        let mut demand = Demand::new(2);
        for name in ["a", "b", "c"] {
            demand.ask(&program(name), SECOND);
        }
        assert_eq!(wanted(&mut demand, SECOND), [("c".into(), 1), ("b".into(), 1)]);
        let mut none = Demand::new(0);
        none.ask(&program("a"), SECOND);
        assert_eq!(wanted(&mut none, SECOND), []);
    }
}
