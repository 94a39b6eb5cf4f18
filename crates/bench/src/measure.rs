//! What is measured, in which order.

use crate::{
    floor::Floor,
    function::{Function, Process},
    http,
    load::{self, Samples},
    machine::OneProcessor,
    report::{Row, Unit},
    server::{Server, invoke_path},
};
use anyhow::{Context as _, Result, ensure};
use lambent_types::{Clock as _, SystemClock};
use std::{net::SocketAddr, path::PathBuf, thread, time::Duration};

const EVENT: &[u8] = br#"{"key1":"value1","key2":"value"}"#;
const MANY: usize = 64;
const NAME: &str = "bench";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    rounds: usize,
    warm_up: Duration,
    /// Of one round.
    round: Duration,
    cold_starts: usize,
}

/// For figures that are kept.
pub(crate) const FULL: Pace = Pace {
    rounds: 4,
    warm_up: Duration::from_millis(500),
    round: Duration::from_millis(400),
    cold_starts: 20,
};
/// For a glance.
pub(crate) const QUICK: Pace = Pace {
    rounds: 2,
    warm_up: Duration::from_millis(100),
    round: Duration::from_millis(150),
    cold_starts: 5,
};

/// Between cold starts: time for a server to make what it keeps in store.
const REST: Duration = Duration::from_millis(150);

/// Somewhere to send invocations.
struct Target<'a> {
    address: SocketAddr,
    request: Vec<u8>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Floor {
        floor: &'a Floor,
        function: &'a Function,
        clients: Vec<Process>,
    },
    Server(&'a Server),
}

/// Start-up and memory of each server without functions: first start, and start on existing data.
pub(crate) fn idle(programs: &[PathBuf], arguments: &[String]) -> Result<Vec<String>> {
    programs
        .iter()
        .map(|program| {
            let first = Server::start(program, arguments)?;
            let first_start = first.start_up;
            let server = first.restart(program, arguments)?;
            let (resident, starter) = server.resident();
            Ok(format!(
                "{}: first start {first_start} us, start {} us until it answers; idle {resident} KiB, its starter {starter} KiB",
                program.display(),
                server.start_up
            ))
        })
        .collect()
}

/// Measures every function on the floor and on every server.
pub(crate) fn all(
    programs: &[PathBuf],
    arguments: &[String],
    functions: &[Function],
    pace: Pace,
    mut print: impl FnMut(Row<'_>),
) -> Result<()> {
    let start = || {
        programs
            .iter()
            .map(|program| Server::start(program, arguments))
            .collect::<Result<Vec<_>>>()
    };
    let pinned = {
        let _held = OneProcessor::hold()?;
        (Floor::start()?, start()?)
    };
    for function in functions {
        let _held = OneProcessor::hold()?;
        let mut targets = targets(&pinned.0, &pinned.1, function)?;
        print(warm(
            function,
            "warm, one, on one processor",
            Unit::Micros,
            &mut targets,
            1,
            pace,
        )?);
    }
    drop(pinned);
    let (floor, servers) = (Floor::start()?, start()?);
    for function in functions {
        let mut targets = targets(&floor, &servers, function)?;
        print(warm(function, "warm, one", Unit::Micros, &mut targets, 1, pace)?);
        // Before there are many environments, whose end would be measured too.
        print(cold(function, "cold, with rests", &mut targets, pace, REST)?);
        print(cold(
            function,
            "cold, one after another",
            &mut targets,
            pace,
            Duration::ZERO,
        )?);
        print(warm(
            function,
            "warm, 64 at once",
            Unit::Rate,
            &mut targets,
            MANY,
            pace,
        )?);
    }
    Ok(())
}

fn targets<'a>(floor: &'a Floor, servers: &'a [Server], function: &'a Function) -> Result<Vec<Target<'a>>> {
    let name = format!("{NAME}-{}", function.runtime.as_str().replace('.', "-"));
    let request = http::request("POST", &invoke_path(&name), EVENT);
    let kind = Kind::Floor {
        floor,
        function,
        clients: Vec::new(),
    };
    let mut targets = vec![Target {
        address: floor.front,
        request: request.clone(),
        kind,
    }];
    for server in servers {
        server.create(function, &name)?;
        targets.push(Target {
            address: server.address,
            request: request.clone(),
            kind: Kind::Server(server),
        });
    }
    Ok(targets)
}

/// Rounds in turns, after a warm-up that starts the environments.
fn warm<'a>(
    function: &'a Function,
    what: &'static str,
    unit: Unit,
    targets: &mut [Target<'_>],
    connections: usize,
    pace: Pace,
) -> Result<Row<'a>> {
    for target in &mut *targets {
        target.prepare(connections)?;
        target.run(connections, pace.warm_up)?;
        if connections > 1 {
            // The first run ends when the last environment has come up; this one meets all of them.
            target.run(connections, pace.warm_up)?;
        }
    }
    let mut samples: Vec<Samples> = targets.iter().map(|_| Samples::default()).collect();
    for _ in 0..pace.rounds {
        for (target, samples) in targets.iter().zip(&mut samples) {
            samples.join(target.run(connections, pace.round)?);
        }
    }
    Ok(Row {
        label: &function.label,
        what,
        unit,
        samples,
    })
}

/// Single requests, each of which finds no environment.
fn cold<'a>(
    function: &'a Function,
    what: &'static str,
    targets: &mut [Target<'_>],
    pace: Pace,
    rest: Duration,
) -> Result<Row<'a>> {
    let mut samples = Vec::new();
    for target in targets {
        // The first one, which finds caches cold, does not count.
        target.cold(0)?;
        let latencies: Vec<u64> = (1..=pace.cold_starts)
            .map(|round| {
                thread::sleep(rest);
                target.cold(round)
            })
            .collect::<Result<_>>()?;
        let elapsed = latencies.iter().sum();
        samples.push(Samples::new(latencies, elapsed));
    }
    Ok(Row {
        label: &function.label,
        what,
        unit: Unit::Millis,
        samples,
    })
}

impl Target<'_> {
    /// The floor needs as many runtime clients as there are requests at once; a server starts them itself.
    fn prepare(&mut self, connections: usize) -> Result<()> {
        let Kind::Floor {
            floor,
            function,
            clients,
        } = &mut self.kind
        else {
            return Ok(());
        };
        while clients.len() < connections {
            clients.push(function.spawn(floor.runtime_api)?);
        }
        Ok(())
    }

    fn run(&self, connections: usize, duration: Duration) -> Result<Samples> {
        load::run(self.address, &self.request, connections, duration)
    }

    /// The microseconds from a request to its answer when nothing is started yet. The floor's client is started with the request.
    fn cold(&mut self, round: usize) -> Result<u64> {
        let clock = SystemClock::default();
        let path = std::str::from_utf8(&self.request)?
            .split(' ')
            .nth(1)
            .context("a request has a path")?
            .to_owned();
        let client = match &mut self.kind {
            Kind::Floor { clients, .. } => {
                clients.clear();
                None
            }
            Kind::Server(server) => {
                let name = path.split('/').nth(3).context("the path names the function")?;
                server.renew(name, round)?;
                Some(())
            }
        };
        let began = clock.monotonic_micros();
        if client.is_none() {
            self.prepare(1)?;
        }
        let (status, body) = http::call(self.address, "POST", &path, EVENT)?;
        let taken = clock.monotonic_micros() - began;
        ensure!(status == 200, "{status} {}", String::from_utf8_lossy(&body));
        Ok(taken)
    }
}
