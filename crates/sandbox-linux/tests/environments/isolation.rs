//! What an environment is kept from.

use crate::host::{Host, finish, mount, sh};
use lambent_sandbox::{Exit, Primitive, SandboxProvider as _, StartError};
use lambent_sandbox_linux::{LinuxSandbox, Options};
use std::{fs, net::TcpListener};

pub(crate) async fn the_runtime_is_an_unprivileged_user_of_its_own_namespaces(host: &Host) {
    let outcome = host
        .sh("id -u; id -un; id -g; id -G; uname -n; cat /proc/self/status; readlink /proc/self/ns/*")
        .await;
    let lines: Vec<&str> = outcome.output.lines().collect();
    assert_eq!(lines[..3], ["993", "sbx_user1051", "990"], "{outcome:?}");
    assert_eq!(lines[4], "lambent");
    let says = |name: &str, value: &str| {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        assert_eq!(line.split(':').nth(1).unwrap().trim(), value, "{name}");
    };
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        says(set, "0000000000000000");
    }
    says("NoNewPrivs", "1");
    says("Seccomp", "2");
    for kind in ["ipc", "mnt", "net", "pid", "user", "uts"] {
        let ours = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        assert!(outcome.output.contains(&format!("{kind}:[")));
        assert!(!outcome.output.contains(ours.to_str().unwrap()), "shares {kind}");
    }
    if host.enforces(Primitive::DistinctUser) {
        let map = host.sh("cat /proc/self/uid_map").await.output;
        let outside: u32 = map.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(outside >= 1_100_000, "{map}");
    }
}

pub(crate) async fn nothing_but_tmp_is_writable(host: &Host) {
    let mut spec = sh(
        "for each in / /var/task /var /etc /usr /dev /opt /proc; do touch $each/x 2>&1; done; \
        echo changed > /var/task/code; chmod 777 /var/task; echo x > /dev/null && touch /tmp/x && echo tmp is; cat /var/task/code",
    );
    spec.mounts = vec![mount(&host.code("code", "code", "original"), "/var/task")];
    let outcome = host.run(spec).await;
    assert_eq!(outcome.output.matches("touch: ").count(), 8, "{outcome:?}");
    assert!(
        outcome.output.contains("tmp is") && outcome.output.ends_with("original"),
        "{outcome:?}"
    );
}

pub(crate) async fn tmp_is_sized_and_private(host: &Host) {
    let first = host
        .start(sh(
            "echo secret > /tmp/mine; head -c 17000000 /dev/zero > /tmp/big; stat -c %a /tmp; sleep 0.2",
        ))
        .await;
    let second = host.sh("ls -A /tmp; df -B1 --output=size /tmp").await;
    assert_eq!(second.output.split_whitespace().last(), Some("16777216"), "{second:?}");
    assert!(!second.output.contains("mine"), "{second:?}");
    let first = finish(first).await;
    assert!(
        first.output.contains("No space left") && first.output.contains("1777"),
        "{first:?}"
    );
}

pub(crate) async fn host_processes_and_files_are_out_of_sight(host: &Host) {
    let outcome = host
        .sh("echo /proc/[0-9]*; ls /; ls /home /root /run /sys /var/lib 2>&1; cat /etc/shadow 2>&1; ls /etc")
        .await;
    assert!(outcome.output.starts_with("/proc/1 /proc/2\n"), "{outcome:?}");
    assert_eq!(outcome.output.matches("No such file").count(), 6, "{outcome:?}");
    assert!(!outcome.output.contains("hostname"), "{outcome:?}");
    let peek = host
        .sh("ls /proc/1/fd 2>&1; cat /proc/1/cmdline 2>&1; ls -l /proc/1/root 2>&1")
        .await;
    assert_eq!(peek.output.matches("Operation not permitted").count(), 3, "{peek:?}");
    let marked = format!("{}", host.state_dir().display());
    let mounts = host.sh("cat /proc/mounts").await;
    assert!(!mounts.output.contains(&marked), "{mounts:?}");
}

pub(crate) async fn other_networks_are_out_of_reach(host: &Host) {
    let on_host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = on_host.local_addr().unwrap().port();
    let neighbour = host.start(sh("sleep 5")).await;
    let outcome = host
        .sh(&format!(
            "bash -c 'echo > /dev/tcp/127.0.0.1/{port}' 2>&1; echo interfaces: $(grep -c : /proc/net/dev)"
        ))
        .await;
    assert!(outcome.output.contains("Connection refused"), "{outcome:?}");
    assert!(outcome.output.ends_with("interfaces: 1\n"), "{outcome:?}");
    let own = host
        .sh(
            "for port in 9001 4566; do bash -c \"echo > /dev/tcp/127.0.0.1/$port\" && echo connected; done; \
             timeout 1 bash -c 'echo > /dev/tcp/1.1.1.1/80' 2>&1 && echo connected",
        )
        .await;
    assert_eq!(own.output, "connected\nconnected\n", "{own:?}");
    for listener in [&neighbour.runtime_api, &neighbour.aws_endpoint] {
        assert!(listener.accept().is_err(), "a connection reached the neighbour");
    }
}

pub(crate) async fn what_leads_elsewhere_is_held_up_and_reported(host: &Host) {
    if !host.enforces(Primitive::Gate) {
        return;
    }
    let script = "timeout 1 bash -c 'echo > /dev/tcp/198.51.100.7/443'; echo status $?; bash -c 'echo x > /dev/udp/198.51.100.7/5000'";
    let mut sandbox = host.start(sh(script)).await;
    let gate = sandbox.gate.take().unwrap();
    let outcome = finish(sandbox).await;
    assert_eq!(outcome.output, "status 124\n", "nobody let the connection in");
    assert!(gate.listener.accept().is_err(), "nor came it in by itself");
    let mut reports = Vec::new();
    let mut report = [0; 4_096];
    let reported = std::net::UdpSocket::from(gate.reports);
    while let Ok(length) = reported.recv(&mut report) {
        reports.push(report[..length].to_vec());
    }
    for to in [&b"\xc6\x33\x64\x07"[..], b"\x01\xbb", b"\x13\x88"] {
        let is_named = |report: &Vec<u8>| report.windows(to.len()).any(|part| part == to);
        assert!(reports.iter().any(is_named), "{to:?} in {reports:?}");
    }
}

pub(crate) async fn without_a_gate_there_is_no_way(host: &Host) {
    let options = Options {
        gate: false,
        ..Options::new(host.state_dir().join("shut"))
    };
    let provider = LinuxSandbox::new(options).await.unwrap();
    let wanted = |(primitive, _): &(Primitive, _)| *primitive == Primitive::Gate;
    assert!(!provider.enforcement().guarantees.iter().any(wanted));
    let sandbox = provider
        .start(sh("bash -c 'echo > /dev/tcp/1.1.1.1/80' 2>&1"))
        .await
        .unwrap();
    assert!(sandbox.gate.is_none());
    let outcome = finish(sandbox).await;
    assert!(outcome.output.contains("unreachable"), "{outcome:?}");
    provider.close().await;
}

pub(crate) async fn the_kernel_refuses_what_functions_have_no_use_for(host: &Host) {
    if cfg!(not(target_arch = "x86_64")) {
        // The script below names system calls by the numbers of one machine.
        return;
    }
    let script = r#"
import ctypes, errno, socket
libc = ctypes.CDLL(None, use_errno=True)
def word(code): return errno.errorcode.get(code, str(code))
def call(name, number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(number, *arguments)
    print(name, word(ctypes.get_errno()))
call("mount", 165, b"tmpfs", b"/tmp", b"tmpfs", 0, None)
call("unshare", 272, 0x10000000)
call("unshare_time", 272, 0x80)
call("clone_newuser", 56, 0x10000011, 0, 0, 0, 0)
call("clone_newnet", 56, 0x40000011, 0, 0, 0, 0)
call("clone3", 435, None, 0)
call("setns", 308, 0, 0)
call("ptrace", 101, 16, 1, 0, 0)
call("keyctl", 250, 0, -3, 0)
call("add_key", 248, b"user", b"a", b"b", 1, -3)
call("bpf", 321, 0, None, 0)
call("io_uring_setup", 425, 1, None)
call("userfaultfd", 323, 0)
call("perf_event_open", 298, None, 0, -1, -1, 0)
call("personality", 135, 0x0040000)
call("x32_getpid", 0x40000000 + 39)
call("tiocsti", 16, 0, 0x5412, b"x")
call("open_tree", 428, -100, b"/", 1)
for name, family, kind, protocol in [("raw", 2, 3, 1), ("packet", 17, 3, 0), ("vsock", 40, 1, 0), ("alg", 38, 5, 0), ("netfilter", 16, 3, 12)]:
    try: socket.socket(family, kind, protocol); print(name, "allowed")
    except OSError as error: print(name, word(error.errno))
socket.socket(16, 3, 0); socket.socket(1, 1, 0); socket.socket(10, 2, 0)
import threading, subprocess
thread = threading.Thread(target=print, args=("threads work",)); thread.start(); thread.join()
print(subprocess.run(["/bin/echo", "children work"], capture_output=True, text=True).stdout)
"#;
    let outcome = host.python(script).await;
    for expected in [
        "mount EPERM",
        "unshare EPERM",
        "unshare_time EPERM",
        "clone_newuser EPERM",
        "clone_newnet EPERM",
        "clone3 ENOSYS",
        "setns EPERM",
        "ptrace EPERM",
        "keyctl EPERM",
        "add_key EPERM",
        "bpf EPERM",
        "io_uring_setup EPERM",
        "userfaultfd EPERM",
        "perf_event_open EPERM",
        "personality EPERM",
        "x32_getpid ENOSYS",
        "tiocsti EPERM",
        "open_tree EPERM",
        "raw EPERM",
        "packet EPERM",
        "vsock EPERM",
        "alg EPERM",
        "netfilter EPERM",
        "threads work",
        "children work",
    ] {
        assert!(outcome.output.contains(expected), "{expected}: {}", outcome.output);
    }
    assert_eq!(outcome.exit, Some(Exit::Status(0)), "{}", outcome.output);
}

pub(crate) async fn no_descriptor_leaks(host: &Host) {
    // Nothing else than the directory that `ls` itself reads. Other environments that live at the same time change nothing.
    let _neighbour = host.start(sh("sleep 5")).await;
    let outcome = host.sh("exec ls -l /proc/self/fd").await;
    let links: Vec<&str> = outcome
        .output
        .lines()
        .filter_map(|line| line.split_once(" -> ").map(|(_, to)| to))
        .collect();
    assert_eq!(links.len(), 4, "{outcome:?}");
    assert_eq!(links[0], "/dev/null");
    assert!(links[1].starts_with("pipe:") && links[1] == links[2], "{outcome:?}");
}

pub(crate) async fn layers_lie_over_each_other(host: &Host) {
    let mut spec = sh("cat /opt/both /opt/only; ls /opt; touch /opt/x");
    let (lower, upper) = (
        host.code("lower", "both", "lower "),
        host.code("upper", "both", "upper "),
    );
    fs::write(lower.join("only"), "from below\n").unwrap();
    spec.mounts = vec![mount(&lower, "/opt"), mount(&upper, "/opt")];
    let outcome = host.run(spec).await;
    assert!(
        outcome.output.starts_with("upper from below\nboth\nonly\n"),
        "{outcome:?}"
    );
    assert!(outcome.output.contains("touch: "), "{outcome:?}");

    let mut spec = sh("cat /opt/a/deep/both /opt/b/both; touch /opt/x");
    spec.mounts = vec![mount(&lower, "/opt/a/deep"), mount(&upper, "/opt/b")];
    let outcome = host.run(spec).await;
    assert!(outcome.output.starts_with("lower upper "), "{outcome:?}");
    assert!(outcome.output.contains("touch: "), "{outcome:?}");
}

pub(crate) async fn mounts_go_only_where_they_may(host: &Host) {
    for inside in ["/etc", "/opt/../etc", "relative"] {
        let mut spec = sh("true");
        spec.mounts = vec![mount(&host.code("code", "x", ""), inside)];
        assert!(matches!(host.refused(spec).await, StartError::Setup { .. }), "{inside}");
    }
    let mut spec = sh("true");
    spec.mounts = vec![mount(std::path::Path::new("/does/not/exist"), "/var/task")];
    let error = host.refused(spec).await.to_string();
    assert!(error.contains("/does/not/exist"), "{error}");
    assert_eq!(
        host.sh("exit 3").await.exit,
        Some(Exit::Status(3)),
        "the provider goes on"
    );
}

pub(crate) async fn interpreters_run(host: &Host) {
    for (interpreter, script) in [
        (
            "/usr/bin/python3",
            "import tempfile, multiprocessing, ssl; tempfile.TemporaryFile(); multiprocessing.Lock(); print('fine')",
        ),
        (
            "/usr/bin/node",
            "require('fs').writeFileSync('/tmp/x', 'y'); new (require('worker_threads').Worker)('console.log(`fine`)', {eval: true})",
        ),
    ] {
        if !std::path::Path::new(interpreter).exists() {
            continue;
        }
        let flag = if interpreter.ends_with("node") { "-e" } else { "-c" };
        let outcome = host.run(crate::host::spec(&[interpreter, flag, script])).await;
        assert_eq!(
            (outcome.output.as_str(), outcome.exit),
            ("fine\n", Some(Exit::Status(0))),
            "{interpreter}"
        );
    }
    if std::path::Path::new("/usr/bin/java").exists() {
        let mut java = crate::host::spec(&["/usr/bin/java", "-XX:+UseSerialGC", "-Xmx64m", "-version"]);
        java.limits.memory_bytes = 512 << 20;
        let outcome = host.run(java).await;
        assert_eq!(outcome.exit, Some(Exit::Status(0)), "{outcome:?}");
    }
}
