//! Environments whose processes are started again.

use crate::host::{Host, PATIENCE, eventually, mount, processes_with, sh, spec};
use lambent_sandbox::{Companions, Exit, Primitive, Sandbox, StartError};
use std::{fs, io, os::unix::fs::PermissionsExt};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

/// Empties the environment and runs `script` in it; how that ends.
async fn again(sandbox: &mut Sandbox, script: &str) -> Option<Exit> {
    let processes = sandbox.control.empty().await.unwrap();
    sandbox.control.restart(sh(script)).await.unwrap();
    sandbox.companion_exits = processes.companion_exits;
    tokio::time::timeout(PATIENCE, processes.exited).await.unwrap().ok()
}

pub(crate) async fn files_stay_and_processes_do_not(host: &Host) {
    let script = "echo kept > /tmp/file; sleep 7301 & setsid sleep 7302 & exit 3";
    let mut sandbox = host.start(sh(script)).await;
    assert_eq!((&mut sandbox.exited).await, Ok(Exit::Status(3)));
    let left = || !processes_with("sleep\u{0}7302").is_empty();
    eventually("the child runs", left).await;
    // Also one that is frozen.
    sandbox.control.freeze();
    let exit = again(
        &mut sandbox,
        "grep -q kept /tmp/file || exit 1; set -- /proc/[0-9]*; exit $#",
    )
    .await;
    assert_eq!(exit, Some(Exit::Status(2)), "the init and the shell");
    assert!(!left() && processes_with("sleep\u{0}7301").is_empty());
    // It can be done again and again.
    for status in 4..8 {
        let script = format!("echo {status} >> /tmp/file; exit {status}");
        assert_eq!(again(&mut sandbox, &script).await, Some(Exit::Status(status)));
    }
    assert_eq!(
        again(&mut sandbox, "exit $(wc -l < /tmp/file)").await,
        Some(Exit::Status(5))
    );
}

pub(crate) async fn what_runs_again_is_as_confined_and_heard_as_before(host: &Host) {
    let mut sandbox = host.start(sh("exit 0")).await;
    let facts = "id -u; ulimit -n; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; ls /proc/self/fd; hostname";
    let write = "touch /var/task/x 2>/dev/null && echo written; unshare -m true 2>/dev/null && echo unshared; true";
    let script = format!("{facts}; {write}");
    for _ in 0..2 {
        assert_eq!(again(&mut sandbox, &script).await, Some(Exit::Status(0)));
    }
    let mut output = Receiver::from_owned_fd(sandbox.output).unwrap();
    sandbox.control.kill();
    drop(sandbox.control);
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    let middle = text.len() / 2;
    assert_eq!(text[..middle], text[middle..]);
    for fact in [
        "993\n1024\n",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "\n0\n1\n2\n3\nlambent\n",
    ] {
        assert!(text.contains(fact), "{fact:?} in {text}");
    }
    assert!(!text.contains("written") && !text.contains("unshared"));
}

pub(crate) async fn companions_run_again(host: &Host) {
    let code = host.code("again", "beside", "#!/bin/sh\necho beside\nexit 5\n");
    fs::set_permissions(code.join("beside"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut accompanied = sh("sleep 60");
    accompanied.mounts = vec![mount(&code, "/opt")];
    accompanied.companions = Companions {
        programs: vec!["/opt/beside".into()],
        env: vec![],
    };
    let mut sandbox = host.start(accompanied.clone()).await;
    assert_eq!(sandbox.companion_exits.recv().await, Some((0, Exit::Status(5))));
    let mut processes = sandbox.control.empty().await.unwrap();
    sandbox.control.restart(accompanied).await.unwrap();
    assert_eq!(processes.companion_exits.recv().await, Some((0, Exit::Status(5))));
    sandbox.control.kill();
    let mut output = Receiver::from_owned_fd(sandbox.companion_output.unwrap()).unwrap();
    drop(sandbox.control);
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "beside\nbeside\n");
}

pub(crate) async fn running_out_of_memory_is_told_of_those_who_did(host: &Host) {
    if !host.enforces(Primitive::MemoryLimit) {
        return;
    }
    let bomb = ["/usr/bin/python3", "-S", "-E", "-c", "x = bytearray(1 << 30)"];
    let mut sandbox = host.start(spec(&bomb)).await;
    assert_eq!((&mut sandbox.exited).await, Ok(Exit::OutOfMemory));
    let exit = again(&mut sandbox, "kill -KILL $$").await;
    assert_eq!(exit, Some(Exit::Signal(9)), "it was the one before");
    let processes = sandbox.control.empty().await.unwrap();
    sandbox.control.restart(spec(&bomb)).await.unwrap();
    assert_eq!(processes.exited.await, Ok(Exit::OutOfMemory));
}

pub(crate) async fn what_cannot_run_again_is_told(host: &Host) {
    let sandbox = host.start(sh("exit 0")).await;
    let processes = sandbox.control.empty().await.unwrap();
    match sandbox.control.restart(spec(&["/nowhere"])).await {
        Err(StartError::InvalidEntrypoint { command, .. }) => assert_eq!(command, "/nowhere"),
        Ok(()) | Err(_) => panic!("it started"),
    }
    sandbox.control.kill();
    assert!(processes.exited.await.is_err(), "lost as a whole");
    let refused = sandbox.control.empty().await.err().map(|error| error.kind());
    assert!(matches!(
        refused,
        Some(io::ErrorKind::NotConnected | io::ErrorKind::BrokenPipe)
    ));
    assert!(sandbox.control.restart(sh("exit 0")).await.is_err());
}
