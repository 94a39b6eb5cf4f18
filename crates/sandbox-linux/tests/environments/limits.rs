//! What an environment may use.

use crate::host::{Host, finish, sh, spec};
use lambent_sandbox::{Exit, Primitive};
use std::time::Duration;

pub(crate) async fn a_memory_bomb_is_out_of_memory(host: &Host) {
    if !host.enforces(Primitive::MemoryLimit) {
        return;
    }
    let bomb = "x = []\nwhile True: x.append(bytearray(4 << 20))";
    let sandbox = host.start(spec(&["/usr/bin/python3", "-S", "-E", "-c", bomb])).await;
    let control = sandbox.control.clone();
    assert_eq!(finish(sandbox).await.exit, Some(Exit::OutOfMemory));
    let peak = control.peak_memory_bytes().unwrap();
    assert!((100 << 20..=128 << 20).contains(&peak), "{peak}");
}

pub(crate) async fn a_fork_bomb_is_bounded(host: &Host) {
    if !host.enforces(Primitive::ProcessLimit) {
        return;
    }
    let script = "import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(9); os._exit(0)\n    n += 1\n\
        except OSError: print(n)";
    let mut bomb = spec(&["/usr/bin/python3", "-S", "-E", "-c", script]);
    bomb.limits.processes = 40;
    let outcome = host.run(bomb).await;
    assert_eq!(outcome.output.trim(), "39", "{outcome:?}");
}

pub(crate) async fn open_files_are_limited(host: &Host) {
    let mut few = sh("ulimit -Sn; ulimit -Hn; ulimit -c");
    few.limits.open_files = 77;
    let output = host.run(few).await.output;
    // The size of a core file depends on what the host does with it: in half kilobytes, as AWS has it, or so little that there is none.
    assert!(
        ["77\n77\n20971520\n", "77\n77\n0\n"].contains(&output.as_str()),
        "{output}"
    );
}

pub(crate) async fn processor_time_is_limited(host: &Host) {
    if !host.enforces(Primitive::CpuLimit) {
        return;
    }
    let script = "import os, time\nfor _ in range(3):\n  if os.fork() == 0:\n    wall = time.monotonic()\n    \
                  while time.monotonic() - wall < 0.6: pass\n    os._exit(0)\nfor _ in range(3): os.wait()\n\
                  spent = os.times()\nprint(spent.children_user + spent.children_system)";
    let mut small = spec(&["/usr/bin/python3", "-S", "-E", "-c", script]);
    small.limits.milli_cpus = 250;
    let outcome = host.run(small).await;
    let used: f64 = outcome.output.trim().parse().unwrap();
    assert!(
        used < 0.75,
        "three busy processes used {used} seconds of 0.6: more than one processor"
    );
}

pub(crate) async fn peak_memory_is_told(host: &Host) {
    let script = "x = bytearray(40 << 20)\nprint('held', flush=True)\nimport time\ntime.sleep(9)";
    let sandbox = host.start(spec(&["/usr/bin/python3", "-S", "-E", "-c", script])).await;
    for _ in 0..300 {
        if sandbox
            .control
            .peak_memory_bytes()
            .is_some_and(|peak| (40 << 20..80 << 20).contains(&peak))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", sandbox.control.peak_memory_bytes());
}
