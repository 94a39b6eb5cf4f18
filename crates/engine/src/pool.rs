//! The execution environments of one function version, and the invocations that wait for one.
//!
//! The rules are AWS's: an idle environment is reused, the hottest first; where none is idle a new one is started for the invocation,
//! and whichever environment is free first takes whichever invocation has waited longest. An environment serves one generation of the
//! version only: after an update, running invocations finish where they are and the next one gets a new environment.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Names an environment within the server's life. Never used twice, so that a late message about one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentId(pub u64);

/// Environments and waiting invocations of one function version. `T` is an invocation.
#[derive(Debug)]
pub struct Pool<T> {
    generation: u64,
    environments: HashMap<EnvironmentId, Environment>,
    /// The one that was used last is at the end, those that must be initialised again are at the beginning.
    idle: Vec<EnvironmentId>,
    waiting: VecDeque<(u64, T)>,
}

#[derive(Debug)]
struct Environment {
    generation: u64,
    phase: Phase,
    /// Kept ready, used or not.
    provisioned: bool,
}

/// What an environment is doing. Each transition below names the phase it is allowed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Busy,
    /// Since when, in microseconds of the monotonic clock.
    Idle(u64),
}

/// How many environments are doing what, and how many invocations wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Environments that are not initialised yet.
    pub starting: usize,
    /// Those that run an invocation.
    pub busy: usize,
    /// Those that wait for one.
    pub idle: usize,
    /// Invocations that wait for an environment.
    pub waiting: usize,
}

impl std::ops::AddAssign for Census {
    fn add_assign(&mut self, other: Self) {
        self.starting += other.starting;
        self.busy += other.busy;
        self.idle += other.idle;
        self.waiting += other.waiting;
    }
}

/// What to do with an invocation that has just come.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted<T> {
    /// Run it in this idle environment.
    Run(EnvironmentId, T),
    /// It waits. Start an environment under the id that was offered.
    Start,
    /// It waits for one of the environments that are starting already: there are more of them than invocations that wait.
    Wait,
    /// It was resolved before an update that others have already seen: look the version up again.
    Stale(T),
}

/// What to do with an environment that has become free.
#[derive(Debug, PartialEq, Eq)]
pub enum Freed<T> {
    /// Run this invocation in it.
    Run(T),
    /// Let it wait.
    Park,
    /// End it: its generation is over, or it is unknown.
    Stop,
}

/// What an environment's end means to others.
#[derive(Debug, PartialEq, Eq)]
pub enum Lost<T> {
    /// Nobody was waiting for it.
    Nobody,
    /// This invocation has nothing left to wait for: it takes the blame for a failed start.
    Orphan(T),
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            generation: 0,
            environments: HashMap::new(),
            idle: Vec::new(),
            waiting: VecDeque::new(),
        }
    }
}

impl<T> Pool<T> {
    /// Takes an invocation of `generation`; `offered` is a fresh id, used if an environment must be started.
    pub fn submit(&mut self, generation: u64, invocation: T, offered: EnvironmentId) -> Submitted<T> {
        if generation < self.generation {
            return Submitted::Stale(invocation);
        }
        self.generation = generation;
        let current = |id: &EnvironmentId| {
            self.environments
                .get(id)
                .is_some_and(|env| env.generation == generation)
        };
        // Those that are kept ready come first: that is what they are for.
        let provisioned = |id: &EnvironmentId| current(id) && self.environments[id].provisioned;
        let ready = self.idle.iter().rposition(provisioned);
        if let Some(position) = ready.or_else(|| self.idle.iter().rposition(current)) {
            let id = self.idle.remove(position);
            self.set(id, Phase::Busy);
            return Submitted::Run(id, invocation);
        }
        let spare = self.starting(generation) > self.waiting(generation);
        self.waiting.push_back((generation, invocation));
        if spare {
            // Its starter's invocation was taken over by an environment that became free sooner.
            return Submitted::Wait;
        }
        self.start(offered, false);
        Submitted::Start
    }

    /// Keeps `target` environments of `generation` ready, whether or not they are used. Returns those that must be started, under ids
    /// from `fresh`. Called again when one has ended, it replaces it; those that are too many are environments like others from then on.
    pub fn provision(
        &mut self,
        generation: u64,
        target: usize,
        mut fresh: impl FnMut() -> EnvironmentId,
    ) -> Vec<EnvironmentId> {
        if generation < self.generation {
            return Vec::new();
        }
        self.generation = generation;
        let kept = |environment: &&mut Environment| environment.generation == generation && environment.provisioned;
        let surplus = self.environments.values_mut().filter(kept).skip(target);
        surplus.for_each(|environment| environment.provisioned = false);
        let missing = target.saturating_sub(self.environments.values_mut().filter(kept).count());
        let started: Vec<_> = (0..missing).map(|_| fresh()).collect();
        started.iter().for_each(|id| self.start(*id, true));
        started
    }

    /// How many environments that are kept ready have been initialised.
    #[must_use]
    pub fn provisioned(&self) -> usize {
        let ready = |environment: &&Environment| {
            environment.provisioned && environment.generation == self.generation && environment.phase != Phase::Starting
        };
        self.environments.values().filter(ready).count()
    }

    fn start(&mut self, id: EnvironmentId, provisioned: bool) {
        let environment = Environment {
            generation: self.generation,
            phase: Phase::Starting,
            provisioned,
        };
        self.environments.insert(id, environment);
    }

    /// A starting environment is initialised, or a busy one has answered: what now?
    pub fn freed(&mut self, id: EnvironmentId, now_micros: u64) -> Freed<T> {
        let freed = self.free(id, now_micros);
        if matches!(freed, Freed::Park) {
            self.idle.push(id);
        }
        freed
    }

    /// The same of an environment whose processes had to be ended: it must be initialised again, so those that are initialised are
    /// used before it.
    pub fn reset(&mut self, id: EnvironmentId, now_micros: u64) -> Freed<T> {
        let freed = self.free(id, now_micros);
        if matches!(freed, Freed::Park) {
            self.idle.insert(0, id);
        }
        freed
    }

    fn free(&mut self, id: EnvironmentId, now_micros: u64) -> Freed<T> {
        let Some(environment) = self.environments.get(&id) else {
            return Freed::Stop;
        };
        let generation = environment.generation;
        if let Some(position) = self.waiting.iter().position(|(wanted, _)| *wanted == generation)
            && let Some((_, invocation)) = self.waiting.remove(position)
        {
            self.set(id, Phase::Busy);
            return Freed::Run(invocation);
        }
        if generation < self.generation {
            self.environments.remove(&id);
            return Freed::Stop;
        }
        self.set(id, Phase::Idle(now_micros));
        Freed::Park
    }

    /// An environment has ended, for whatever reason. If it was starting and fewer are starting now than invocations wait, the one
    /// that has waited longest is orphaned.
    pub fn lost(&mut self, id: EnvironmentId) -> Lost<T> {
        let Some(environment) = self.environments.remove(&id) else {
            return Lost::Nobody;
        };
        self.idle.retain(|idle| *idle != id);
        let generation = environment.generation;
        if self.waiting(generation) <= self.starting(generation) {
            return Lost::Nobody;
        }
        let first = self.waiting.iter().position(|(wanted, _)| *wanted == generation);
        first
            .and_then(|position| self.waiting.remove(position))
            .map_or(Lost::Nobody, |(_, orphan)| Lost::Orphan(orphan))
    }

    /// Takes out the idle environments that must end: those of an earlier generation, and those idle for longer than `limit` that are
    /// not kept ready.
    pub fn expire(&mut self, now_micros: u64, limit: Duration) -> Vec<EnvironmentId> {
        let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        let over = |environment: &Environment| match environment.phase {
            Phase::Idle(since) => {
                let idle_too_long = !environment.provisioned && now_micros.saturating_sub(since) >= limit;
                environment.generation < self.generation || idle_too_long
            }
            Phase::Starting | Phase::Busy => false,
        };
        let expired: Vec<_> = self
            .environments
            .iter()
            .filter(|(_, environment)| over(environment))
            .map(|(id, _)| *id)
            .collect();
        for id in &expired {
            self.environments.remove(id);
        }
        self.idle.retain(|id| !expired.contains(id));
        expired
    }

    /// Ends the current generation: no idle environment serves again, and environments that are in use end when they are free.
    pub fn retire(&mut self, generation: u64, now_micros: u64) -> Vec<EnvironmentId> {
        self.generation = self.generation.max(generation);
        self.expire(now_micros, Duration::MAX)
    }

    /// Whether nothing runs, waits or is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.environments.is_empty() && self.waiting.is_empty()
    }

    /// What the environments are doing.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census {
            waiting: self.waiting.len(),
            ..Census::default()
        };
        for environment in self.environments.values() {
            match environment.phase {
                Phase::Starting => census.starting += 1,
                Phase::Busy => census.busy += 1,
                Phase::Idle(_) => census.idle += 1,
            }
        }
        census
    }

    /// Environments of a generation that are not initialised yet.
    fn starting(&self, generation: u64) -> usize {
        let starting = |env: &&Environment| env.generation == generation && env.phase == Phase::Starting;
        self.environments.values().filter(starting).count()
    }

    /// Invocations that wait for an environment of a generation.
    fn waiting(&self, generation: u64) -> usize {
        self.waiting.iter().filter(|(wanted, _)| *wanted == generation).count()
    }

    fn set(&mut self, id: EnvironmentId, phase: Phase) {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.phase = phase;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const A: EnvironmentId = EnvironmentId(1);
    const B: EnvironmentId = EnvironmentId(2);

    #[test]
    fn an_idle_environment_is_reused_hottest_first() {
        let mut pool = Pool::default();
        assert_eq!(pool.submit(1, "a", A), Submitted::Start);
        assert_eq!(pool.submit(1, "b", B), Submitted::Start);
        let census = |starting, busy, idle, waiting| Census {
            starting,
            busy,
            idle,
            waiting,
        };
        assert_eq!(pool.census(), census(2, 0, 0, 2));
        assert_eq!(pool.freed(B, 0), Freed::Run("a"), "first come, first served");
        assert_eq!(pool.freed(A, 0), Freed::Run("b"));
        assert_eq!(pool.freed(A, 5), Freed::Park);
        assert_eq!(pool.census(), census(0, 1, 1, 0));
        assert_eq!(pool.freed(B, 9), Freed::Park);
        assert_eq!(pool.submit(1, "c", EnvironmentId(3)), Submitted::Run(B, "c"));
        assert_eq!(pool.expire(15, Duration::from_micros(10)), [A]);
        assert_eq!(pool.freed(A, 20), Freed::Stop, "it has ended");
    }

    #[test]
    fn an_update_lets_old_invocations_finish_and_starts_afresh() {
        let mut pool = Pool::default();
        assert_eq!(pool.submit(1, "old", A), Submitted::Start);
        assert_eq!(pool.submit(2, "new", B), Submitted::Start);
        assert_eq!(pool.submit(1, "late", EnvironmentId(3)), Submitted::Stale("late"));
        assert_eq!(pool.freed(A, 0), Freed::Run("old"));
        assert_eq!(pool.freed(A, 0), Freed::Stop);
        assert_eq!(pool.freed(B, 0), Freed::Run("new"));
        assert_eq!(pool.freed(B, 0), Freed::Park);
        assert_eq!(pool.retire(3, 0), [B]);
        assert!(pool.is_empty());
    }

    #[test]
    fn no_more_environments_start_than_invocations_wait() {
        let mut pool = Pool::default();
        assert_eq!(pool.submit(1, "a", A), Submitted::Start);
        assert_eq!(pool.submit(1, "b", B), Submitted::Start);
        assert_eq!(pool.freed(A, 0), Freed::Run("a"));
        assert_eq!(pool.freed(A, 0), Freed::Run("b"), "B still starts");
        assert_eq!(pool.submit(1, "c", EnvironmentId(3)), Submitted::Wait);
        assert_eq!(pool.submit(1, "d", EnvironmentId(4)), Submitted::Start);
        assert_eq!(pool.lost(B), Lost::Orphan("c"), "one start was for two");
    }

    #[test]
    fn what_is_initialised_is_used_before_what_was_reset() {
        let mut pool = Pool::default();
        pool.submit(1, "a", A);
        pool.submit(1, "b", B);
        assert_eq!((pool.freed(A, 0), pool.freed(B, 0)), (Freed::Run("a"), Freed::Run("b")));
        assert_eq!((pool.freed(A, 1), pool.reset(B, 2)), (Freed::Park, Freed::Park));
        assert_eq!(pool.submit(1, "c", EnvironmentId(3)), Submitted::Run(A, "c"));
        assert_eq!(pool.submit(1, "d", EnvironmentId(4)), Submitted::Run(B, "d"));
        assert_eq!(pool.submit(1, "e", EnvironmentId(5)), Submitted::Start);
        assert_eq!(pool.reset(B, 3), Freed::Run("e"), "it is there already");
    }

    #[test]
    fn a_failed_start_orphans_one_invocation() {
        let mut pool = Pool::default();
        pool.submit(1, "a", A);
        pool.submit(1, "b", B);
        assert_eq!(pool.lost(A), Lost::Orphan("a"));
        assert_eq!(pool.freed(B, 0), Freed::Run("b"));
        assert_eq!(pool.lost(B), Lost::Nobody, "its invocation is with the environment");
        assert!(pool.is_empty());
    }

    #[test]
    fn what_is_provisioned_is_kept_used_first_and_replaced() {
        let (mut pool, mut next) = (Pool::default(), 0);
        let mut fresh = || {
            next += 1;
            EnvironmentId(next)
        };
        assert_eq!(pool.provision(1, 2, &mut fresh), [A, B]);
        assert_eq!(pool.provisioned(), 0, "they are starting");
        assert_eq!((pool.freed(A, 0), pool.freed(B, 0)), (Freed::Park, Freed::Park));
        let on_demand = EnvironmentId(99);
        assert!(matches!(pool.submit(1, "a", on_demand), Submitted::Run(..)));
        assert!(matches!(pool.submit(1, "b", on_demand), Submitted::Run(..)));
        assert_eq!(pool.submit(1, "c", on_demand), Submitted::Start);
        assert_eq!(pool.freed(on_demand, 5), Freed::Run("c"));
        assert_eq!(pool.freed(A, 6), Freed::Park);
        assert_eq!(pool.freed(on_demand, 7), Freed::Park);
        assert_eq!(
            pool.submit(1, "d", EnvironmentId(98)),
            Submitted::Run(A, "d"),
            "before the hotter one"
        );
        assert_eq!(pool.freed(A, 8), Freed::Park);
        assert_eq!(pool.expire(u64::MAX, Duration::ZERO), [on_demand]);
        assert_eq!((pool.provisioned(), pool.lost(B)), (2, Lost::Nobody));
        let replaced = pool.provision(1, 2, &mut fresh);
        assert_eq!((replaced.len(), pool.provisioned()), (1, 1));
        assert_eq!(pool.provision(1, 0, &mut fresh), []);
        assert_eq!(pool.expire(u64::MAX, Duration::ZERO), [A]);
        assert_eq!(pool.retire(2, 9), []);
        assert_eq!(pool.provision(1, 5, &mut fresh), [], "that generation is over");
    }

    #[derive(Clone, Debug)]
    enum Step {
        Provision(usize),
        Submit { newer: bool },
        Freed(usize),
        Reset(usize),
        Lost(usize),
        Expire,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            1 => (0..4_usize).prop_map(Step::Provision),
            4 => any::<bool>().prop_map(|newer| Step::Submit { newer }),
            4 => any::<usize>().prop_map(Step::Freed),
            1 => any::<usize>().prop_map(Step::Reset),
            1 => any::<usize>().prop_map(Step::Lost),
            1 => Just(Step::Expire),
        ]
    }

    /// What the shell would know: which environments it runs, and which invocation each one holds.
    #[derive(Default)]
    struct Shell {
        pool: Pool<u64>,
        running: HashMap<EnvironmentId, Option<u64>>,
        parked: HashSet<EnvironmentId>,
        answered: HashSet<u64>,
        submitted: u64,
        environments: u64,
        generation: u64,
    }

    impl Shell {
        fn take(&mut self, step: &Step) {
            match step {
                Step::Provision(target) => self.provision(*target),
                Step::Submit { newer } => self.submit(*newer),
                Step::Freed(pick) => {
                    if let Some(id) = self.pick(*pick, |shell, id| !shell.parked.contains(&id)) {
                        self.freed(id, Pool::freed);
                    }
                }
                Step::Reset(pick) => {
                    if let Some(id) = self.pick(*pick, |shell, id| !shell.parked.contains(&id)) {
                        self.freed(id, Pool::reset);
                    }
                }
                Step::Lost(pick) => {
                    if let Some(id) = self.pick(*pick, |_, _| true) {
                        self.lost(id);
                    }
                }
                Step::Expire => {
                    for id in self.pool.expire(100, Duration::from_micros(50)) {
                        assert!(self.parked.remove(&id), "only a parked environment expires");
                        self.running.remove(&id);
                    }
                }
            }
        }

        fn pick(&self, pick: usize, fits: impl Fn(&Self, EnvironmentId) -> bool) -> Option<EnvironmentId> {
            let mut ids: Vec<_> = self.running.keys().copied().filter(|id| fits(self, *id)).collect();
            ids.sort();
            (!ids.is_empty()).then(|| ids[pick % ids.len()])
        }

        fn provision(&mut self, target: usize) {
            let environments = &mut self.environments;
            let fresh = || {
                *environments += 1;
                EnvironmentId(*environments)
            };
            for id in self.pool.provision(self.generation, target, fresh) {
                assert_eq!(self.running.insert(id, None), None, "a new one");
            }
        }

        fn submit(&mut self, newer: bool) {
            self.generation += u64::from(newer);
            self.submitted += 1;
            self.environments += 1;
            let offered = EnvironmentId(self.environments);
            match self.pool.submit(self.generation, self.submitted, offered) {
                Submitted::Run(id, invocation) => {
                    assert!(self.parked.remove(&id), "only a parked environment is reused");
                    assert_eq!(
                        self.running.insert(id, Some(invocation)),
                        Some(None),
                        "no environment runs two"
                    );
                }
                Submitted::Start => drop(self.running.insert(offered, None)),
                Submitted::Wait => {}
                Submitted::Stale(_) => unreachable!("the shell always submits the newest"),
            }
        }

        fn freed(&mut self, id: EnvironmentId, free: fn(&mut Pool<u64>, EnvironmentId, u64) -> Freed<u64>) {
            if let Some(Some(done)) = self.running.insert(id, None) {
                assert!(self.answered.insert(done), "answered once");
            }
            match free(&mut self.pool, id, 0) {
                Freed::Run(invocation) => drop(self.running.insert(id, Some(invocation))),
                Freed::Park => drop(self.parked.insert(id)),
                Freed::Stop => drop(self.running.remove(&id)),
            }
        }

        fn lost(&mut self, id: EnvironmentId) {
            self.parked.remove(&id);
            if let Some(Some(failed)) = self.running.remove(&id) {
                assert!(self.answered.insert(failed), "answered once");
            }
            if let Lost::Orphan(failed) = self.pool.lost(id) {
                assert!(self.answered.insert(failed), "answered once");
            }
        }
    }

    proptest! {
        #[test]
        fn every_invocation_is_answered_once_and_nothing_is_left(steps in proptest::collection::vec(step(), 0..200)) {
            let mut shell = Shell::default();
            for step in &steps {
                shell.take(step);
            }
            // Let everything come to its end: every environment that is not parked becomes free until it is parked or gone.
            for _ in 0..=shell.submitted + shell.environments {
                let moving: Vec<_> = shell.running.keys().copied().filter(|id| !shell.parked.contains(id)).collect();
                moving.into_iter().for_each(|id| shell.freed(id, Pool::freed));
            }
            prop_assert_eq!(shell.answered.len() as u64, shell.submitted, "no lost wake-up");
            shell.provision(0);
            for id in shell.pool.expire(u64::MAX, Duration::ZERO) {
                shell.running.remove(&id);
            }
            prop_assert!(shell.running.is_empty() && shell.pool.is_empty());
        }
    }
}
