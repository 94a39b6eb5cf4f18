//! `lambent doctor`: what this host allows, and so what is enforced.

use crate::runtimes;
use lambent_sandbox::{Enforcement, Guarantee, Primitive};
use std::{fmt::Write as _, path::Path};

/// Prints the report.
#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
pub(crate) fn run(data_dir: &Path) -> anyhow::Result<()> {
    println!("{}", privileges());
    print!(
        "Isolation on this host\n{}",
        isolation(&lambent_sandbox_linux::probe()?)
    );
    print!(
        "\nRuntimes found on this host\n{}",
        runtimes::table(&runtimes::host(data_dir)?.catalogue.report())
    );
    println!("\nData directory: {}", data_dir.display());
    Ok(())
}

fn isolation(enforcement: &Enforcement) -> String {
    enforcement
        .guarantees
        .iter()
        .fold(String::new(), |mut report, (primitive, guarantee)| {
            let name = name(*primitive);
            let _ = match guarantee {
                Guarantee::Enforced(means) if means.is_empty() => writeln!(report, "  enforced  {name}"),
                Guarantee::Enforced(means) => writeln!(report, "  enforced  {name} ({means})"),
                Guarantee::Absent { reason, fix } => {
                    writeln!(report, "  ABSENT    {name}: {reason}\n            fix: {fix}")
                }
            };
            report
        })
}

/// Who runs it, and what of the host's files is needed beside the primitives.
fn privileges() -> String {
    let user = if rustix::process::geteuid().is_root() {
        "as root"
    } else {
        "rootless, as an ordinary user"
    };
    let systems = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let overlay = if systems.lines().any(|line| line.ends_with("overlay")) {
        "available"
    } else {
        "not available: functions with several layers cannot start; load the kernel module `overlay`"
    };
    format!("Runs {user}\nOverlay file system: {overlay}\n")
}

fn name(primitive: Primitive) -> &'static str {
    match primitive {
        Primitive::UserNamespace => "user namespace: user ids of its own",
        Primitive::MountNamespace => "mount namespace: a minimal read-only root",
        Primitive::PidNamespace => "pid namespace: sees its own processes only",
        Primitive::NetworkNamespace => "network namespace: a network of its own",
        Primitive::IpcNamespace => "ipc namespace: shared memory and queues of its own",
        Primitive::UtsNamespace => "uts namespace: a host name of its own",
        Primitive::MemoryLimit => "memory limit and peak",
        Primitive::CpuLimit => "processor share",
        Primitive::ProcessLimit => "limit on processes and threads",
        Primitive::Seccomp => "seccomp: system call filter",
        Primitive::Landlock => "landlock: file access rules",
        Primitive::DistinctUser => "a host user id that owns nothing else",
        Primitive::Gate => "outbound network: what the server lets through",
    }
}
