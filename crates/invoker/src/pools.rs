//! The pools of all function versions, and the inboxes of their environments.

use crate::{request::Job, shards::Shards};
use lambent_engine::{Census, EnvironmentId, Freed, Lost, Pool, Submitted};
use lambent_types::VersionKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// All pools.
#[derive(Default)]
pub(crate) struct Pools(Shards<VersionKey, Arc<FunctionPool>>);

/// One function version's pool. Its lock is held for a decision, never while anything is waited for.
#[derive(Default)]
pub(crate) struct FunctionPool(Mutex<State>);

#[derive(Default)]
struct State {
    pool: Pool<Job>,
    inboxes: HashMap<EnvironmentId, mpsc::UnboundedSender<Job>>,
}

/// What became of a submitted job.
pub(crate) enum Placed {
    /// An environment has it, or will.
    Waiting,
    /// It waits for the environment of the offered id, which must be started with this inbox.
    Start(mpsc::UnboundedReceiver<Job>),
    /// The version was updated after it was looked up.
    Stale(Job),
}

impl Pools {
    /// The pool of a version, made if absent.
    pub(crate) fn of(&self, key: &VersionKey) -> Arc<FunctionPool> {
        self.0.of(key)
    }

    /// Ends environments that have been idle for longer than `limit`, and forgets pools that nobody uses.
    pub(crate) fn expire(&self, now_micros: u64, limit: Duration) {
        self.0.retain(|pool| {
            pool.expire(now_micros, limit);
            // A pool that only the map holds cannot get a job while the map is locked.
            Arc::strong_count(pool) > 1 || !pool.state().pool.is_empty()
        });
    }

    /// What all environments are doing.
    pub(crate) fn census(&self) -> Census {
        let mut census = Census::default();
        self.0.each(|_, pool| census += pool.state().pool.census());
        census
    }
}

impl FunctionPool {
    /// Hands a job to an idle environment, or lets it wait for a new one.
    pub(crate) fn submit(&self, job: Job, offered: EnvironmentId) -> Placed {
        let generation = job.request.function.generation;
        let mut state = self.state();
        let mut job = job;
        loop {
            match state.pool.submit(generation, job, offered) {
                Submitted::Stale(job) => return Placed::Stale(job),
                Submitted::Wait => return Placed::Waiting,
                Submitted::Start => {
                    let (sender, inbox) = mpsc::unbounded_channel();
                    state.inboxes.insert(offered, sender);
                    return Placed::Start(inbox);
                }
                Submitted::Run(id, ready) => match state.deliver(id, ready) {
                    None => return Placed::Waiting,
                    // It ended just now and could not say so yet.
                    Some(undelivered) => {
                        state.forget(id);
                        job = undelivered;
                    }
                },
            }
        }
    }

    /// Keeps `target` environments ready. Returns those to be started, with their inboxes.
    pub(crate) fn provision(
        &self,
        generation: u64,
        target: usize,
        fresh: impl FnMut() -> EnvironmentId,
    ) -> Vec<(EnvironmentId, mpsc::UnboundedReceiver<Job>)> {
        let mut state = self.state();
        let started = state.pool.provision(generation, target, fresh).into_iter();
        let with_inbox = |id| {
            let (sender, inbox) = mpsc::unbounded_channel();
            state.inboxes.insert(id, sender);
            (id, inbox)
        };
        started.map(with_inbox).collect()
    }

    /// How many environments that are kept ready have been initialised.
    pub(crate) fn provisioned(&self) -> usize {
        self.state().pool.provisioned()
    }

    /// An environment is free.
    pub(crate) fn freed(&self, id: EnvironmentId, now_micros: u64) -> Freed<Job> {
        let mut state = self.state();
        let freed = state.pool.freed(id, now_micros);
        state.followed(id, freed)
    }

    /// The same of an environment that must be initialised again.
    pub(crate) fn reset(&self, id: EnvironmentId, now_micros: u64) -> Freed<Job> {
        let mut state = self.state();
        let freed = state.pool.reset(id, now_micros);
        state.followed(id, freed)
    }

    /// An environment has ended. The job that is returned has nothing left to wait for.
    pub(crate) fn lost(&self, id: EnvironmentId) -> Option<Job> {
        self.state().forget(id)
    }

    /// Ends what has been idle for longer than `limit`: an environment whose inbox closes ends.
    pub(crate) fn expire(&self, now_micros: u64, limit: Duration) {
        let mut state = self.state();
        for id in state.pool.expire(now_micros, limit) {
            state.inboxes.remove(&id);
        }
    }

    /// Ends the environments of earlier generations.
    pub(crate) fn retire(&self, generation: u64, now_micros: u64) {
        let mut state = self.state();
        for id in state.pool.retire(generation, now_micros) {
            state.inboxes.remove(&id);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&self, id: EnvironmentId, job: Job) -> Option<Job> {
        match self.inboxes.get(&id) {
            Some(inbox) => inbox.send(job).err().map(|undelivered| undelivered.0),
            None => Some(job),
        }
    }

    /// What an environment is told to do, once the inbox of one that is to end is closed.
    fn followed(&mut self, id: EnvironmentId, freed: Freed<Job>) -> Freed<Job> {
        if matches!(freed, Freed::Stop) {
            self.inboxes.remove(&id);
        }
        freed
    }

    fn forget(&mut self, id: EnvironmentId) -> Option<Job> {
        self.inboxes.remove(&id);
        match self.pool.lost(id) {
            Lost::Nobody => None,
            Lost::Orphan(job) => Some(job),
        }
    }
}
