//! The process that makes environments: small, with one thread, so that forking it is cheap and safe.
//!
//! It is the server's own program, started again. It is the parent of every init, so it knows when an environment is really gone and
//! removes its control groups; and since it outlives the server for a moment, nothing is left behind however the server ends.

mod demand;
mod ground;
mod ids;
mod measure;
mod record;
mod spares;
mod spawn;
mod stage;

use crate::{
    cgroup::Group,
    channel,
    init::{drain, is_allowed_inside},
    protocol::{FromStarter, Ticket, ToInit, ToStarter},
    step::{Step, StepError},
    sys::{self, MountAttributes},
};
use ground::Ground;
use lambent_sandbox::{BindMount, EnvSpec, Program, Root};
use lambent_types::{Clock as _, SystemClock};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::CWD,
    io::Errno,
    mount::{OpenTreeFlags, open_tree},
    process::{Pid, Resource, Signal, WaitOptions, kill_process, wait},
};
use spares::{Need, Spare, Spares, Stock};
use spawn::Blank;
use std::{
    collections::HashMap,
    ffi::OsStr,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// The first argument that makes this program a starter.
pub(crate) const STARTER_ARGUMENT: &str = "__starter";
/// Where control groups are version 1, spares are made when nobody has asked for an environment for this long: joining such a group
/// keeps every process of the host from forking for some milliseconds, and an environment that is just starting would wait for it.
const QUIET: Duration = Duration::from_millis(5);
/// How often a busy control group is tried again.
const RETRY: Duration = Duration::from_millis(10);
/// How often it is looked whether programs that wait are still wanted.
const REVIEW: Duration = Duration::from_secs(60);
/// How often at the most, at the end: two seconds.
const LAST_RETRIES: usize = 200;

/// What environments have to do with the world outside.
struct Outside {
    /// Whether they are to have a gate.
    gate: bool,
    /// The file with the certificate of whom they believe there.
    authority: Option<PathBuf>,
}

/// Becomes the starter when the server asked for one; returns at once otherwise.
///
/// To be called first thing in `main`, before any thread or runtime exists.
pub fn run_starter_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(STARTER_ARGUMENT)) {
        return;
    }
    let state_dir = arguments.next().map(PathBuf::from);
    let mut number = || {
        arguments
            .next()
            .and_then(|number| number.to_str()?.parse::<usize>().ok())
    };
    let numbers = (number(), number(), number());
    let authority = arguments.next().map(PathBuf::from);
    let status = match (state_dir, numbers) {
        (Some(state_dir), (Some(plain), Some(ahead), Some(gate))) => {
            let outside = Outside {
                gate: gate > 0,
                authority,
            };
            match start(state_dir, Stock { plain, ahead }, outside) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("environment starter: {error}");
                    1
                }
            }
        }
        _ => {
            eprintln!("environment starter: started by the server only");
            2
        }
    };
    sys::exit_now(status)
}

fn start(state_dir: PathBuf, stock: Stock, outside: Outside) -> Result<(), StepError> {
    sys::ignore_terminal_signals();
    // One descriptor per environment: the soft limit is for programs that use `select`.
    sys::raise_to_hard_limit(Resource::Nofile).step("raise the limit on open files")?;
    // SAFETY: nothing has used standard input yet: this is the first thing the program does.
    let server = unsafe { sys::take_standard_input() }.step("take the server's socket")?;
    let children = sys::child_signals().step("watch children")?;
    let (ground, enforcement) = Ground::prepare(&state_dir, outside);
    let mut starter = Starter {
        server,
        children,
        ground,
        spares: Spares::new(stock),
        clock: SystemClock::default(),
        discarded: Vec::new(),
        environments: HashMap::new(),
        leaving: Vec::new(),
    };
    // From here on there is something to clean up, whatever happens.
    let ready = channel::send(&starter.server, &FromStarter::Ready(enforcement), &[]).step("report to the server");
    let result = ready.and_then(|()| starter.serve());
    starter.end();
    result
}

/// An init that has become an environment.
struct Environment {
    ticket: Ticket,
    group: Group,
    /// Open for as long as the starter lives: that is how the init knows.
    _link: OwnedFd,
}

struct Starter {
    server: OwnedFd,
    children: OwnedFd,
    /// What environments are made on; the step that failed where none can be made.
    ground: Result<Ground, StepError>,
    spares: Spares,
    clock: SystemClock,
    /// Spares that were of no use and are not reaped yet.
    discarded: Vec<Blank>,
    environments: HashMap<Pid, Environment>,
    /// Groups whose processes are gone, and which the kernel still calls busy.
    leaving: Vec<Group>,
}

impl Starter {
    /// Serves until the server hangs up.
    fn serve(&mut self) -> Result<(), StepError> {
        // A spare that could not be made is not tried again until somebody asks for an environment.
        let mut may_make_spares = true;
        loop {
            let now = self.now();
            let need = if may_make_spares && self.ground.is_ok() {
                self.spares.need(now)
            } else {
                None
            };
            let [server, children] = self.wait(need.is_some())?;
            if children {
                drain(&self.children);
                self.reap();
            }
            if server {
                let Some((request, fds)) = channel::receive(&self.server).step("listen to the server")? else {
                    return Ok(());
                };
                match request {
                    ToStarter::Start { ticket, spec } => self.answer(ticket, *spec, &fds)?,
                    ToStarter::Expect(program) => self.spares.expect(&program, now),
                }
                may_make_spares = true;
            }
            if let Some(need) = need.filter(|_| !server && !children) {
                may_make_spares = self.stock_up(need).is_ok();
            }
            while let Some(blank) = self.spares.surplus(now) {
                self.discard(blank);
            }
            self.leaving.retain(|group| !group.remove());
        }
    }

    /// Waits for work; not for long when spares are to be made.
    fn wait(&self, lacks_spares: bool) -> Result<[bool; 2], StepError> {
        let mut fds = [
            PollFd::new(&self.server, PollFlags::IN),
            PollFd::new(&self.children, PollFlags::IN),
        ];
        let forks_wait_for_joins = self.ground.as_ref().is_ok_and(Ground::has_version_1_groups);
        let timeout = if lacks_spares {
            Some(if forks_wait_for_joins { QUIET } else { Duration::ZERO })
        } else if !self.leaving.is_empty() {
            Some(RETRY)
        } else {
            self.spares.has_ahead().then_some(REVIEW)
        };
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(fds.map(|fd| !fd.revents().is_empty())),
            Err(error) => Err(StepError::new("wait", error)),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.clock.monotonic_micros())
    }

    fn blank(&mut self) -> Result<Blank, StepError> {
        self.ground.as_mut().map_err(|error| error.clone())?.blank()
    }

    fn stock_up(&mut self, need: Need) -> Result<(), StepError> {
        let spare = match need {
            Need::Plain => Spare::plain(self.blank()?),
            Need::Ahead(program) => {
                let blank = self.blank()?;
                match Spare::start_ahead(blank, program) {
                    Ok(spare) => spare,
                    Err((blank, error)) => {
                        self.discard(blank);
                        return Err(error);
                    }
                }
            }
        };
        self.spares.put(spare);
        Ok(())
    }

    /// Starts an environment and says so, or why not.
    fn answer(&mut self, ticket: Ticket, spec: EnvSpec, fds: &[OwnedFd]) -> Result<(), StepError> {
        let result = match self.assign(spec, fds) {
            Ok(blank) => {
                let message = FromStarter::Started {
                    ticket,
                    pid: blank.pid.as_raw_nonzero().get(),
                    usage: blank.group.usage(),
                };
                let sent = channel::send(&self.server, &message, &[blank.pidfd.as_fd(), blank.output.as_fd()]);
                self.environments.insert(
                    blank.pid,
                    Environment {
                        ticket,
                        group: blank.group,
                        _link: blank.link,
                    },
                );
                sent
            }
            Err(error) => channel::send(&self.server, &FromStarter::Refused { ticket, error }, &[]),
        };
        result.step("report to the server")
    }

    /// Tells a spare which environment it becomes.
    fn assign(&mut self, spec: EnvSpec, fds: &[OwnedFd]) -> Result<Blank, StepError> {
        let Some(socket) = fds.first() else {
            return Err(StepError::new("read the request", "a descriptor is missing"));
        };
        let (now, limits) = (self.now(), spec.limits);
        let mut own = detached(&spec.mounts)?;
        if let Root::Image(root) = &spec.root {
            own.push(detach(root, "/")?);
        }
        let mut programs = None;
        loop {
            let spare = self.spares.take(&spec, now);
            let was_spare = spare.is_some();
            let Spare { mut blank, ahead } = spare.map_or_else(|| self.blank().map(Spare::plain), Ok)?;
            if ahead.is_none() && programs.is_none() {
                programs = Some(detached(&spec.program.mounts)?);
            }
            let mounts = programs.iter().filter(|_| ahead.is_none()).flatten().chain(&own);
            let fds: Vec<_> = [socket].into_iter().chain(mounts).map(AsFd::as_fd).collect();
            let assigned = blank.group.limit(&limits).and_then(|()| {
                let message = ToInit::Become(Box::new(spec.clone()));
                channel::send(&blank.link, &message, &fds).map_err(|error| told(&error))
            });
            match assigned {
                Ok(()) => return Ok(blank),
                Err(error) => {
                    self.discard(blank);
                    // A spare may have died while it waited. A fresh one that fails is a failure.
                    if !was_spare {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Ends a spare that cannot be used; its groups go once it is reaped.
    fn discard(&mut self, blank: Blank) {
        // A process that is not reaped keeps its id, so this is the right one or nobody.
        let _ = kill_process(blank.pid, Signal::KILL);
        self.discarded.push(blank);
    }

    /// Reaps the inits that ended.
    fn reap(&mut self) {
        while let Ok(Some((pid, _))) = wait(WaitOptions::NOHANG) {
            if let Some(Environment { ticket, group, .. }) = self.environments.remove(&pid) {
                let ended = FromStarter::Ended {
                    ticket,
                    last: group.usage().last_words(),
                };
                // A server that hung up is noticed by the loop.
                let _ = channel::send(&self.server, &ended, &[]);
                self.leaving.push(group);
            } else if let Some(spare) = self.spares.take_ended(pid) {
                self.leaving.push(spare.group);
            } else if let Some(index) = self.discarded.iter().position(|spare| spare.pid == pid) {
                self.leaving.push(self.discarded.swap_remove(index).group);
            }
        }
    }

    /// Ends every environment and removes what this starter made.
    fn end(mut self) {
        self.discarded.extend(self.spares.clear());
        for environment in self.environments.values() {
            environment.group.usage().lift_processor_limit();
        }
        for pid in self
            .environments
            .keys()
            .copied()
            .chain(self.discarded.iter().map(|spare| spare.pid))
        {
            // One that ended already is only waiting to be reaped.
            let _ = kill_process(pid, Signal::KILL);
        }
        for _ in 0..LAST_RETRIES {
            self.reap();
            self.leaving.retain(|group| !group.remove());
            if self.environments.is_empty() && self.discarded.is_empty() && self.leaving.is_empty() {
                break;
            }
            thread::sleep(RETRY);
        }
        if let Ok(ground) = self.ground {
            ground.clear();
        }
    }
}

/// Lets the init of `blank` start `program`.
fn start_ahead(blank: &Blank, program: &Program) -> Result<(), StepError> {
    let mounts = detached(&program.mounts)?;
    let message = ToInit::StartAhead(Box::new(program.clone()));
    let fds: Vec<_> = mounts.iter().map(AsFd::as_fd).collect();
    blank.group.stay_in_the_background()?;
    channel::send(&blank.link, &message, &fds).map_err(|error| told(&error))
}

/// Detached, sealed copies of directories of the host, which only need to be put in their places.
fn detached(mounts: &[BindMount]) -> Result<Vec<OwnedFd>, StepError> {
    let detach = |mount: &BindMount| {
        if !is_allowed_inside(&mount.inside) {
            let step = format!("mount {}", mount.inside);
            return Err(StepError::new(step, "no mount may be shown there"));
        }
        detach(&mount.host, &mount.inside)
    };
    mounts.iter().map(detach).collect()
}

fn detach(host: &Path, inside: &str) -> Result<OwnedFd, StepError> {
    let step = || format!("open {} for {inside}", host.display());
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let copy = open_tree(CWD, host, flags).step(step())?;
    sys::mount_setattr(copy.as_fd(), MountAttributes::SEALED).step(step())?;
    Ok(copy)
}

/// What a failed message to an init means.
fn told(error: &io::Error) -> StepError {
    StepError::new("tell the init", error)
}
