//! The real server: a process of its own with a data directory of its own.

use crate::{
    function::{Function, MEMORY_MB, Process},
    http,
};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambent_types::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How often a state that is waited for is looked at.
const GLANCE: Duration = Duration::from_micros(200);
const GLANCES: u32 = 100_000;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Microseconds from the start of the process to its first answer.
    pub(crate) start_up: u64,
    process: Process,
    data: TempDir,
}

impl Server {
    /// Starts `program` with an empty data directory and waits until it answers.
    pub(crate) fn start(program: &Path, arguments: &[String]) -> Result<Self> {
        Self::start_in(program, arguments, TempDir::with_prefix("lambent-bench-")?)
    }

    fn start_in(program: &Path, arguments: &[String], data: TempDir) -> Result<Self> {
        let clock = SystemClock::default();
        let address = free_address()?;
        let log = data.path().join("server.log");
        let began = clock.monotonic_micros();
        let child = Command::new(program)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(data.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let process = Process(child);
        for _ in 0..GLANCES {
            if TcpStream::connect(address).is_ok() && http::call(address, "GET", "/_lambent/health", b"").is_ok() {
                let start_up = clock.monotonic_micros() - began;
                return Ok(Self {
                    address,
                    start_up,
                    process,
                    data,
                });
            }
            thread::sleep(GLANCE);
        }
        anyhow::bail!(
            "the server does not answer: {}",
            fs::read_to_string(log).unwrap_or_default()
        )
    }

    /// Stops it as an operator would and starts it again on its data.
    pub(crate) fn restart(self, program: &Path, arguments: &[String]) -> Result<Self> {
        Self::start_in(program, arguments, self.stop()?)
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    fn stop(mut self) -> Result<TempDir> {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.process.0.id())?) {
            kill_process(pid, Signal::TERM)?;
        }
        self.process.0.wait()?;
        Ok(self.data)
    }

    /// Resident memory in KiB: of the server, and of its process that starts environments.
    pub(crate) fn resident(&self) -> (u64, u64) {
        let pid = self.process.0.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let starters = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .map(resident);
        (resident(pid), starters.sum())
    }

    /// Creates a function and returns its name once it can be invoked.
    pub(crate) fn create(&self, function: &Function, name: &str) -> Result<()> {
        let body = json!({
            "FunctionName": name,
            "Runtime": function.runtime.as_str(),
            "Handler": function.handler,
            "Role": "arn:aws:iam::000000000000:role/bench",
            "MemorySize": MEMORY_MB,
            "Timeout": 60,
            "Code": { "ZipFile": BASE64_STANDARD.encode(&function.zip) },
        });
        self.control("POST", "/2015-03-31/functions", body.to_string().as_bytes())?;
        self.wait_until_settled(name)
    }

    /// Changes its configuration, so that the next invocation finds no environment.
    pub(crate) fn renew(&self, name: &str, round: usize) -> Result<()> {
        let body = json!({ "Environment": { "Variables": { "ROUND": round.to_string() } } });
        let path = format!("/2015-03-31/functions/{name}/configuration");
        self.control("PUT", &path, body.to_string().as_bytes())?;
        self.wait_until_settled(name)
    }

    fn wait_until_settled(&self, name: &str) -> Result<()> {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        for _ in 0..GLANCES {
            let body = self.control("GET", &path, b"")?;
            let settled = [r#""State":"Active""#, r#""LastUpdateStatus":"Successful""#];
            if settled.iter().all(|each| body.contains(each)) {
                return Ok(());
            }
            ensure!(!body.contains(r#""State":"Failed""#), "{name} cannot be used: {body}");
            thread::sleep(GLANCE);
        }
        anyhow::bail!("{name} does not settle")
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &[u8]) -> Result<String> {
        let (status, answer) = http::call(self.address, method, path, body)?;
        let answer = String::from_utf8(answer)?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        Ok(answer)
    }
}

/// Where `Invoke` of a function goes.
pub(crate) fn invoke_path(name: &str) -> String {
    format!("/2015-03-31/functions/{name}/invocations")
}

/// The port is free now; nobody else takes it in the moment until the server does.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status"))).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0)
}
