//! Servers and starters that are killed.

use crate::{
    VICTIM,
    host::{Host, eventually, groups, processes_with, sh},
};
use lambent_sandbox::{Exit, SandboxProvider};
use lambent_sandbox_linux::{LinuxSandbox, Options};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
};

/// Starts environments in the state directory `dir` and waits to be killed.
pub(crate) fn be_the_victim(dir: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let provider = LinuxSandbox::new(Options::new(dir)).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(provider.start(sh("sleep 7333 & sleep 7333")).await.unwrap());
        }
        println!("ready");
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}

/// A server in a process of its own, with three environments, and its control groups.
fn victim(dir: &Path) -> (Child, Vec<PathBuf>) {
    let mut child = Command::new("/proc/self/exe")
        .args([VICTIM.as_ref(), dir])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    let groups = groups(dir);
    (child, groups)
}

/// The starter that belongs to the state directory `dir`: all its inits have the same command line.
fn starter(dir: &Path) -> i32 {
    let name = std::fs::read_dir(dir.join("starters"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    name.to_str().unwrap().split('-').next().unwrap().parse().unwrap()
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub(crate) async fn a_killed_server_leaves_nothing(host: &Host) {
    let dir = host.state_dir().join("victim");
    let (mut child, groups) = victim(&dir);
    eventually("environments", || processes_with("7333").len() >= 6).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let marked = dir.display().to_string();
    eventually("no process", || {
        processes_with("7333").is_empty() && processes_with(&marked).is_empty()
    })
    .await;
    assert!(groups.iter().all(|group| !group.exists()), "{groups:?}");
}

pub(crate) async fn a_killed_starter_is_replaced(host: &Host) {
    let sandbox = host.start(sh("sleep 7334")).await;
    eventually("environment", || !processes_with("7334").is_empty()).await;
    let (old, old_groups) = (starter(&host.state_dir()), groups(&host.state_dir()));
    kill(old);
    eventually("no environment", || processes_with("7334").is_empty()).await;
    assert!(sandbox.exited.await.is_err(), "lost as a whole");
    eventually("control groups are removed", || {
        old_groups.iter().all(|group| !group.exists())
    })
    .await;
    assert_eq!(host.sh("exit 6").await.exit, Some(Exit::Status(6)));
    assert_ne!(starter(&host.state_dir()), old);
}

pub(crate) async fn server_and_starter_killed_together_leave_nothing_to_the_next(host: &Host) {
    let dir = host.state_dir().join("victim");
    let (mut child, groups) = victim(&dir);
    let starter = starter(&dir);
    // Stopped, the starter cannot clean up when the server goes.
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(starter).unwrap(),
        rustix::process::Signal::STOP,
    )
    .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    kill(starter);
    eventually("no process", || processes_with("7333").is_empty()).await;
    let next = LinuxSandbox::new(Options::new(&dir)).await.unwrap();
    assert!(groups.iter().all(|group| !group.exists()), "{groups:?}");
    next.close().await;
}

pub(crate) async fn closing_leaves_nothing(host: &Host) {
    let dir = host.state_dir().join("closed");
    let provider = LinuxSandbox::new(Options::new(&dir)).await.unwrap();
    let sandbox = provider.start(sh("sleep 7335")).await.unwrap();
    let groups = groups(&dir);
    provider.close().await;
    assert!(processes_with("7335").is_empty() && groups.iter().all(|group| !group.exists()));
    assert!(sandbox.exited.await.is_err());
}

pub(crate) async fn a_server_that_is_killed_at_once_leaves_nothing(host: &Host) {
    let dir = host.state_dir().join("hasty");
    std::fs::create_dir_all(&dir).unwrap();
    for _ in 0..10 {
        // A starter whose server is gone before it is ready: its standard input hangs up.
        let (theirs, ours) = std::os::unix::net::UnixDatagram::pair().unwrap();
        drop(ours);
        let mut starter = Command::new("/proc/self/exe")
            .args(["__starter".as_ref(), dir.as_os_str(), "2".as_ref()])
            .stdin(std::os::fd::OwnedFd::from(theirs))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let marked = format!("lambent-{}-", starter.id());
        starter.wait().unwrap();
        for controller in ["cpu", "pids", ""] {
            let groups = std::fs::read_dir(Path::new("/sys/fs/cgroup").join(controller))
                .into_iter()
                .flatten()
                .flatten();
            let left = groups
                .filter(|group| group.file_name().to_string_lossy().starts_with(&marked))
                .count();
            assert_eq!(left, 0, "{controller}");
        }
    }
    assert!(groups(&dir).is_empty());
}

pub(crate) async fn probe_says_what_the_provider_says(host: &Host) {
    let mut times = Vec::new();
    for _ in 0..5 {
        #[expect(clippy::disallowed_methods, reason = "measures")]
        let begin = std::time::Instant::now();
        let found = lambent_sandbox_linux::probe().unwrap();
        times.push(begin.elapsed());
        assert_eq!(found.guarantees.len(), host.provider.enforcement().guarantees.len());
    }
    times.sort();
    println!("         probe: p50 {:?}", times[2]);
    for guarantee in &host.provider.enforcement().guarantees {
        println!("         {guarantee:?}");
    }
}
