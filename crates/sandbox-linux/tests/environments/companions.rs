//! Programs beside the runtime process.

use crate::host::{Host, PATIENCE, finish, mount, sh};
use lambent_sandbox::{Companions, EnvSpec, Exit, StartError};
use std::{fs, os::unix::fs::PermissionsExt};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

/// A runtime that runs `script`, and one companion.
fn accompanied(host: &Host, dir: &str, script: &str, companion: &str) -> EnvSpec {
    let code = host.code(dir, "beside", companion);
    fs::set_permissions(code.join("beside"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = sh(script);
    spec.mounts = vec![mount(&code, "/opt")];
    spec.companions = Companions {
        programs: vec!["/opt/beside".into()],
        env: vec![("ONLY".into(), "this".into())],
    };
    spec
}

pub(crate) async fn a_companion_runs_beside_the_runtime_and_its_end_is_told(host: &Host) {
    let companion = "#!/bin/sh\necho $(pwd) $ONLY $HOME\nexit 3\n";
    let mut sandbox = host.start(accompanied(host, "beside", "sleep 60", companion)).await;
    sandbox.control.begin().await.unwrap();
    let exit = tokio::time::timeout(PATIENCE, sandbox.companion_exits.recv())
        .await
        .unwrap();
    assert_eq!(exit, Some((0, Exit::Status(3))));
    let mut output = Receiver::from_owned_fd(sandbox.companion_output.take().unwrap()).unwrap();
    sandbox.control.kill_runtime();
    let outcome = finish(sandbox).await;
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "/ this\n");
    assert_eq!((outcome.output.as_str(), outcome.exit), ("", Some(Exit::Signal(9))));
}

pub(crate) async fn a_companion_outlives_the_runtime(host: &Host) {
    let companion = "#!/bin/sh\nsleep 0.3\nexit 4\n";
    let mut sandbox = host.start(accompanied(host, "outlives", "exit 0", companion)).await;
    sandbox.control.begin().await.unwrap();
    assert_eq!((&mut sandbox.exited).await, Ok(Exit::Status(0)));
    let exit = tokio::time::timeout(PATIENCE, sandbox.companion_exits.recv())
        .await
        .unwrap();
    assert_eq!(exit, Some((0, Exit::Status(4))));
}

pub(crate) async fn the_runtime_does_not_run_before_it_is_to_begin(host: &Host) {
    let script = "ls /tmp; exit 5";
    let companion = "#!/bin/sh\nsleep 0.3\ntouch /tmp/first\n";
    let mut sandbox = host.start(accompanied(host, "held-back", script, companion)).await;
    let exit = tokio::time::timeout(PATIENCE, sandbox.companion_exits.recv())
        .await
        .unwrap();
    assert_eq!(exit, Some((0, Exit::Status(0))));
    sandbox.control.begin().await.unwrap();
    let again = sandbox.control.begin().await;
    assert!(matches!(again, Err(StartError::Setup { .. })), "{again:?}");
    let outcome = finish(sandbox).await;
    assert_eq!(
        (outcome.output.as_str(), outcome.exit),
        ("first\n", Some(Exit::Status(5)))
    );
}

pub(crate) async fn a_companion_that_cannot_be_executed_fails_the_start(host: &Host) {
    let spec = accompanied(host, "not-executable", "exit 0", "#!/bin/sh\n");
    let file = spec.mounts[0].host.join("beside");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    match host.refused(spec).await {
        StartError::InvalidCompanion { command, .. } => assert_eq!(command, "/opt/beside"),
        StartError::InvalidEntrypoint { .. } | StartError::Setup { .. } | StartError::StarterGone => panic!(),
    }
}
