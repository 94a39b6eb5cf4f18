//! Programs that are started before their environment is known.

use crate::host::{Host, PATIENCE, eventually, mount, processes_with, spec};
use lambent_sandbox::{EnvSpec, Exit, HANDOVER_VARIABLE, ProgramStart, SandboxProvider};
use std::time::Duration;

/// Takes what is handed over, as the contract says; `ahead` says whether it was.
const TAKE: &str = "
import os, sys
fd = os.environ.pop('LAMBENT_HANDOVER_FD', None)
ahead = fd is not None
if ahead:
    words = os.read(int(fd), 262144).split(b'\\0')
    os.close(int(fd))
    os.environ.clear()
    os.environ.update(word.decode().split('=', 1) for word in words[1:-1])
    os.chdir(words[0])
";

/// An environment whose program may be started ahead, and then runs `script`.
fn prepared(script: &str) -> EnvSpec {
    let mut spec = spec(&["/usr/bin/python3", "-S", "-E", "-c", &format!("{TAKE}{script}")]);
    spec.program.start = ProgramStart::Ahead {
        env: vec![("EARLY".into(), "yes".into())],
    };
    spec
}

/// Starts environments of `spec` until one had been started ahead; its output, of which the first word is whether it had.
async fn ahead(host: &Host, spec: EnvSpec) -> String {
    let found = async {
        loop {
            let outcome = host.run(spec.clone()).await;
            assert_eq!(outcome.exit, Some(Exit::Status(0)), "{}", outcome.output);
            match outcome.output.strip_prefix("True ") {
                Some(rest) => return rest.to_owned(),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

pub(crate) async fn a_program_that_waits_gets_what_its_environment_is(host: &Host) {
    assert_eq!(HANDOVER_VARIABLE, "LAMBENT_HANDOVER_FD", "as the script above has it");
    let code = host.code("ahead", "code.txt", "its code");
    let mut spec = prepared(
        "print(ahead, sorted(os.environ.items()), os.getcwd(), open('code.txt').read(), open('/dev/stdout', 'w').closed)",
    );
    spec.env = vec![("A".into(), "1=2 \n ü".into()), ("LC_CTYPE".into(), "C.UTF-8".into())];
    spec.mounts = vec![mount(&code, "/var/task")];
    let output = ahead(host, spec).await;
    let expected = "[('A', '1=2 \\n ü'), ('LC_CTYPE', 'C.UTF-8')] /var/task its code False\n";
    assert_eq!(output, expected);
}

pub(crate) async fn an_expected_program_waits_for_its_first_environment(host: &Host) {
    let spec = prepared("print(ahead)  # expected-at-once");
    host.provider.expect(&spec.program);
    eventually("the start of what is expected", || {
        !processes_with("expected-at-once").is_empty()
    })
    .await;
    assert_eq!(host.run(spec).await.output, "True\n");
}

pub(crate) async fn a_program_that_waits_is_as_confined_as_any(host: &Host) {
    let script = "
import resource
def refused(action):
    try:
        action()
        return False
    except OSError:
        return True
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
tmp = os.statvfs('/tmp')
with open('/tmp/x', 'w') as file:
    file.write('written')
print(ahead,
      resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_NPROC)[1],
      tmp.f_blocks * tmp.f_frsize, status['CapEff'].strip(), status['Seccomp'].strip(), status['NoNewPrivs'].strip(),
      sorted(os.listdir('/proc/self/fd')),
      refused(lambda: open('/var/task/x', 'w')), refused(lambda: os.unshare(os.CLONE_NEWNS)) if hasattr(os, 'unshare') else True)
";
    let spec = prepared(script);
    let mut plain = spec.clone();
    plain.program.start = ProgramStart::WithFunction;
    let usual = host.run(plain).await.output;
    let output = ahead(host, spec).await;
    assert_eq!(Some(output.as_str()), usual.strip_prefix("False "));
    assert!(
        output.contains("(1024, 1024) 1025 16777216 0000000000000000 2 1"),
        "{output}"
    );
}

pub(crate) async fn a_program_that_died_while_it_waited_is_started_again(host: &Host) {
    let mut spec = prepared("");
    // It ends at once when it is started ahead, and says so when it is not.
    let script = "import os, sys; sys.exit(3) if 'LAMBENT_HANDOVER_FD' in os.environ else print('alive')";
    spec.program.command = ["/usr/bin/python3", "-S", "-E", "-c", script]
        .map(str::to_owned)
        .to_vec();
    let mut alive = 0;
    for _ in 0..8 {
        let outcome = host.run(spec.clone()).await;
        // A slow machine may give one its function just before it ends.
        assert!(
            outcome.output == "alive\n" || outcome.exit == Some(Exit::Status(3)),
            "{outcome:?}"
        );
        alive += usize::from(outcome.exit == Some(Exit::Status(0)));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // The first finds none that waits.
    assert!(alive > 1);
}
