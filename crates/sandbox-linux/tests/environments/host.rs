//! A provider with a directory of its own, and what tests say about environments.

use lambent_sandbox::{
    BindMount, Companions, EnvSpec, Exit, Limits, Primitive, Program, ProgramStart, Root, Sandbox, SandboxProvider,
    StartError,
};
use lambent_sandbox_linux::{LinuxSandbox, Options};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

/// Nothing here takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Host {
    pub(crate) provider: LinuxSandbox,
    dir: TempDir,
}

/// What came of an environment.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) output: String,
    pub(crate) exit: Option<Exit>,
}

impl Host {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let provider = LinuxSandbox::new(Options::new(dir.path().join("state"))).await.unwrap();
        Self { provider, dir }
    }

    pub(crate) async fn close(self) {
        self.provider.close().await;
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A directory with one file `name`.
    pub(crate) fn code(&self, dir: &str, name: &str, content: &str) -> PathBuf {
        let dir = self.dir.path().join(dir);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(name), content).unwrap();
        dir
    }

    pub(crate) fn enforces(&self, primitive: Primitive) -> bool {
        self.provider.enforcement().enforces(primitive)
    }

    pub(crate) async fn start(&self, spec: EnvSpec) -> Sandbox {
        self.provider.start(spec).await.unwrap()
    }

    pub(crate) async fn refused(&self, spec: EnvSpec) -> StartError {
        match self.provider.start(spec).await {
            Ok(_) => panic!("the environment started"),
            Err(error) => error,
        }
    }

    /// Runs a shell script to its end.
    pub(crate) async fn sh(&self, script: &str) -> Outcome {
        self.run(sh(script)).await
    }

    /// Runs a Python script to its end.
    pub(crate) async fn python(&self, script: &str) -> Outcome {
        self.run(spec(&["/usr/bin/python3", "-S", "-E", "-c", script])).await
    }

    pub(crate) async fn run(&self, spec: EnvSpec) -> Outcome {
        finish(self.start(spec).await).await
    }
}

/// Waits for the end of the runtime process, ends the environment, and waits for the end of its output.
pub(crate) async fn finish(sandbox: Sandbox) -> Outcome {
    let Sandbox {
        output,
        exited,
        control,
        runtime_api: _,
        companion_exits: _,
        companion_output: _,
        aws_endpoint: _,
        gate: _,
    } = sandbox;
    let exit = exited.await.ok();
    // Its init would write the output of those that come after them.
    control.kill();
    let mut text = Vec::new();
    Receiver::from_owned_fd(output)
        .unwrap()
        .read_to_end(&mut text)
        .await
        .unwrap();
    Outcome {
        output: String::from_utf8_lossy(&text).into_owned(),
        exit,
    }
}

pub(crate) fn sh(script: &str) -> EnvSpec {
    spec(&["/bin/sh", "-c", script])
}

pub(crate) fn spec(command: &[&str]) -> EnvSpec {
    EnvSpec {
        id: "test".into(),
        program: Program {
            command: command.iter().map(|&each| each.into()).collect(),
            mounts: vec![],
            start: ProgramStart::WithFunction,
        },
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        working_dir: "/var/task".into(),
        root: Root::Minimal,
        mounts: vec![],
        companions: Companions::default(),
        limits: Limits {
            memory_bytes: 128 << 20,
            milli_cpus: 1_000,
            processes: Limits::AWS_PROCESSES,
            open_files: 1_024,
            tmp_bytes: 16 << 20,
        },
    }
}

pub(crate) fn mount(host: &Path, inside: &str) -> BindMount {
    BindMount {
        host: host.into(),
        inside: inside.into(),
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..200 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within two seconds: {what}");
}

/// The ids of the processes of the host with `word` in their command line.
pub(crate) fn processes_with(word: &str) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            *pid != std::process::id().cast_signed() && line.contains(word)
        })
        .collect()
}

/// The control groups that starters of `state_dir` took note of.
pub(crate) fn groups(state_dir: &Path) -> Vec<PathBuf> {
    let notes = fs::read_dir(state_dir.join("starters")).into_iter().flatten().flatten();
    let texts = notes.filter_map(|note| fs::read_to_string(note.path()).ok());
    texts
        .flat_map(|text| text.lines().map(PathBuf::from).collect::<Vec<_>>())
        .collect()
}
