//! How environments start and end.

use crate::host::{Host, PATIENCE, eventually, finish, groups, processes_with, sh, spec};
use lambent_sandbox::{Exit, LOG_VARIABLE, Primitive, StartError};
use std::{io::Read, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) async fn both_listeners_answer_from_inside(host: &Host) {
    let script = r"
import socket
for port in 9001, 4566:
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(b'%d' % port)
        print(connection.recv(9).decode())
";
    let sandbox = host.start(spec(&["/usr/bin/python3", "-S", "-E", "-c", script])).await;
    for (listener, port) in [(&sandbox.runtime_api, b"9001"), (&sandbox.aws_endpoint, b"4566")] {
        let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, port);
        stream.write_all(&[b"to ", &port[..]].concat()).await.unwrap();
    }
    assert_eq!(finish(sandbox).await.output, "to 9001\nto 4566\n");
}

pub(crate) async fn variables_arguments_and_directory_are_exactly_as_given(host: &Host) {
    let script = "import os, sys; print(sorted(os.environ.items()), sys.argv[1:], os.getcwd())";
    let mut exact = spec(&["/usr/bin/python3", "-S", "-E", "-c", script, "", "a b", "ü"]);
    exact.env = vec![
        ("A".into(), "1=2 \n x".into()),
        ("LC_CTYPE".into(), "C.UTF-8".into()),
        ("EMPTY".into(), String::new()),
    ];
    exact.working_dir = "/tmp".into();
    let outcome = host.run(exact).await;
    let expected = "[('A', '1=2 \\n x'), ('EMPTY', ''), ('LC_CTYPE', 'C.UTF-8')] ['', 'a b', 'ü'] /tmp\n";
    assert_eq!(outcome.output, expected);
    let mut missing = sh("true");
    missing.working_dir = "/nowhere".into();
    assert!(matches!(host.refused(missing).await, StartError::Setup { .. }));
}

pub(crate) async fn status_and_signal_are_told(host: &Host) {
    assert_eq!(host.sh("exit 0").await.exit, Some(Exit::Status(0)));
    assert_eq!(host.sh("exit 42").await.exit, Some(Exit::Status(42)));
    assert_eq!(host.sh("kill -SEGV $$").await.exit, Some(Exit::Signal(11)));
    assert_eq!(host.sh("kill -KILL $$").await.exit, Some(Exit::Signal(9)));
    // The init does not end by a signal from inside.
    assert_eq!(
        host.sh("kill -KILL 1; kill -TERM 1; kill -CHLD 1; sleep 0.05; exit 7")
            .await
            .exit,
        Some(Exit::Status(7))
    );
}

pub(crate) async fn the_log_has_a_descriptor_where_a_variable_names_one(host: &Host) {
    let python = |script| spec(&["/usr/bin/python3", "-S", "-E", "-u", "-c", script]);
    let mut with = python("import os; print('one'); os.write(62, b'two\\n'); print('three')");
    with.env.push((LOG_VARIABLE.into(), "62".into()));
    assert_eq!(host.run(with).await.output, "one\ntwo\nthree\n");
    let without = host.run(python("import os; print(os.listdir('/proc/self/fd'))")).await;
    assert!(!without.output.contains("62"), "{}", without.output);
}

pub(crate) async fn output_can_be_opened_by_name(host: &Host) {
    let outcome = host
        .sh("echo one > /dev/stdout; echo two > /dev/stderr; echo three >&2")
        .await;
    assert_eq!(outcome.output, "one\ntwo\nthree\n");
}

pub(crate) async fn a_bad_entrypoint_is_told(host: &Host) {
    for (command, reason) in [
        ("/var/task/missing", "No such file"),
        ("/var/task", "Permission denied"),
        ("nowhere", "No such file"),
    ] {
        match host.refused(spec(&[command])).await {
            StartError::InvalidEntrypoint {
                command: told,
                reason: why,
            } => {
                assert_eq!(told, command);
                assert!(why.contains(reason), "{why}");
            }
            StartError::InvalidCompanion { .. } | StartError::Setup { .. } | StartError::StarterGone => {
                panic!("{command}")
            }
        }
    }
    assert_eq!(
        host.run(spec(&["sh", "-c", "exit 5"])).await.exit,
        Some(Exit::Status(5)),
        "found on PATH"
    );
}

pub(crate) async fn terminate_reaches_the_runtime(host: &Host) {
    let sandbox = host
        .start(sh("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"))
        .await;
    wait_for_output(&sandbox.output);
    sandbox.control.terminate();
    assert_eq!(finish(sandbox).await.exit, Some(Exit::Status(9)));
    let unwilling = host.start(sh("exec sleep 9")).await;
    unwilling.control.terminate();
    assert_eq!(
        finish(unwilling).await.exit,
        Some(Exit::Signal(15)),
        "default action, although not so for pid 1"
    );
}

pub(crate) async fn orphans_are_reaped(host: &Host) {
    let script = "(sleep 0.05 &) ; (sleep 0.05 &); sleep 0.3; cat /proc/[0-9]*/stat | grep -c ' Z '";
    assert_eq!(host.sh(script).await.output, "0\n");
}

pub(crate) async fn kill_leaves_nothing(host: &Host) {
    let sandbox = host
        .start(sh(
            "trap '' TERM INT HUP; sleep 7331 & setsid sleep 7331 & echo ready; sleep 7331",
        ))
        .await;
    wait_for_output(&sandbox.output);
    let groups = groups(&host.state_dir());
    assert_eq!(!groups.is_empty(), host.enforces(Primitive::MemoryLimit));
    let environments = |wanted: usize| {
        groups.iter().all(|dir| {
            dir.read_dir()
                .unwrap()
                .flatten()
                .filter(|each| each.path().is_dir())
                .count()
                == wanted
        })
    };
    // The environment and two spares.
    eventually("spares", || environments(3)).await;
    eventually("processes", || processes_with("7331").len() >= 3).await;
    sandbox.control.kill();
    eventually("no process", || processes_with("7331").is_empty()).await;
    eventually("no control group", || environments(2)).await;
    assert!(sandbox.exited.await.is_err(), "lost as a whole");
}

pub(crate) async fn dropping_the_control_kills(host: &Host) {
    let sandbox = host.start(sh("echo ready; sleep 7332")).await;
    wait_for_output(&sandbox.output);
    drop(sandbox.control);
    eventually("no process", || processes_with("7332").is_empty()).await;
}

pub(crate) async fn fifty_at_once(host: &Host) {
    let all = (0..50).map(|number| async move { host.sh(&format!("cat /proc/self/uid_map; echo n{number}")).await });
    let mut running = futures(all).await;
    running.sort_by_key(|outcome| outcome.output.len());
    for outcome in &running {
        assert_eq!(outcome.exit, Some(Exit::Status(0)));
    }
    if host.enforces(Primitive::DistinctUser) {
        let ids: std::collections::BTreeSet<_> = running
            .iter()
            .map(|each| each.output.split_whitespace().nth(1))
            .collect();
        assert_eq!(ids.len(), 50);
    }
}

pub(crate) async fn starting_is_fast(host: &Host) {
    for (what, pause) in [("back to back", 0), ("with pauses", 100)] {
        let mut times = Vec::new();
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            #[expect(clippy::disallowed_methods, reason = "measures")]
            let begin = std::time::Instant::now();
            let sandbox = host.start(spec(&["/bin/true"])).await;
            times.push(begin.elapsed());
            sandbox.control.kill();
        }
        times.sort();
        println!(
            "         start {what}: p50 {:?}, p90 {:?}, min {:?}",
            times[20], times[36], times[0]
        );
    }
}

/// Waits until the runtime has written something.
fn wait_for_output(output: &std::os::fd::OwnedFd) {
    let mut file = std::fs::File::from(output.try_clone().unwrap());
    let mut buffer = [0; 64];
    for _ in 0..500 {
        if file.read(&mut buffer).is_ok_and(|read| read > 0) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no output");
}

/// Awaits all of `futures` at the same time.
async fn futures<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut done = true;
        for (future, result) in &mut waiting {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *result = Some(value),
                    std::task::Poll::Pending => done = false,
                }
            }
        }
        if done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, result)| result).collect()
}

pub(crate) async fn nothing_runs_while_frozen(host: &Host) {
    let script = "import os, sys, time\nos.fork()\nos.setsid() if os.getpid() != 2 else None\nwhile True:\n    os.write(1, b'.')\n    time.sleep(0.01)";
    let sandbox = host.start(spec(&["/usr/bin/python3", "-S", "-E", "-c", script])).await;
    let mut output = tokio::net::unix::pipe::Receiver::from_owned_fd(sandbox.output).unwrap();
    let mut buffer = [0; 4_096];
    for _ in 0..2 {
        // It runs: two processes write.
        for _ in 0..4 {
            assert!(output.read(&mut buffer).await.unwrap() > 0);
        }
        sandbox.control.freeze();
        let quiet = Duration::from_millis(300);
        let mut reads = 0;
        while tokio::time::timeout(quiet, output.read(&mut buffer)).await.is_ok() {
            reads += 1;
            assert!(reads < 1_000, "it writes on");
        }
        sandbox.control.thaw();
    }
    assert!(output.read(&mut buffer).await.unwrap() > 0);
    sandbox.control.freeze();
    sandbox.control.kill();
    // A frozen environment ends like any other.
    assert!(tokio::time::timeout(PATIENCE, sandbox.exited).await.is_ok());
}
