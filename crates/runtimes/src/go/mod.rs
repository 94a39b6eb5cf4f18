//! Drives functions of `go1.x`: programs that serve net/rpc where today's speak the Runtime API.
//!
//! This runs inside the environment, as the server's own program started again: it stands between the Runtime API and the function's
//! program. What the program understands is in the source of aws-lambda-go, in its folder `lambda/messages`.

mod api;
mod gob;
mod rpc;

use api::{Api, ErrorDocument};
use rpc::{Outcome, Remote};
use std::{
    env,
    ffi::OsString,
    io,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// The argument that asks the server's program to be the driver.
pub(crate) const DRIVER_ARGUMENT: &str = "__go1.x";

/// Why the driver cannot go on.
#[derive(Debug, thiserror::Error)]
enum DriverError {
    /// The environment does not say where the Runtime API is.
    #[error("started by an environment only")]
    NoEnvironment,
    /// The Runtime API is gone.
    #[error("the Runtime API: {0}")]
    Api(#[source] io::Error),
    /// There is no port for the function.
    #[error("no port: {0}")]
    Port(#[source] io::Error),
}

/// Drives a Go function until it ends, if this process was started to do that: the status that the process is to end with. To be called
/// first of all in `main`; `variable` looks a variable of the environment up.
pub fn run_go_driver_if_asked(variable: impl Fn(&str) -> Option<OsString>) -> Option<u8> {
    if env::args_os().nth(1).is_none_or(|argument| argument != DRIVER_ARGUMENT) {
        return None;
    }
    let text = |name: &str| variable(name)?.into_string().ok();
    let status = Setting::read(text).and_then(|setting| drive(&setting));
    Some(status.unwrap_or_else(|error| {
        #[expect(clippy::print_stderr, reason = "it reaches the function's log")]
        {
            eprintln!("go1.x: {error}");
        }
        1
    }))
}

/// What the environment says.
struct Setting {
    api: String,
    program: PathBuf,
}

impl Setting {
    fn read(text: impl Fn(&str) -> Option<String>) -> Result<Self, DriverError> {
        let api = text("AWS_LAMBDA_RUNTIME_API").ok_or(DriverError::NoEnvironment)?;
        let root = text("LAMBDA_TASK_ROOT").ok_or(DriverError::NoEnvironment)?;
        let handler = text("_HANDLER").ok_or(DriverError::NoEnvironment)?;
        Ok(Self {
            api,
            program: Path::new(&root).join(handler),
        })
    }
}

/// Runs the function until it ends: its exit status.
fn drive(setting: &Setting) -> Result<u8, DriverError> {
    let mut api = Api::new(setting.api.clone());
    let port = free_port().map_err(DriverError::Port)?;
    let mut child = match start(&setting.program, port) {
        Ok(child) => child,
        Err(document) => {
            api.init_error(&document).map_err(DriverError::Api)?;
            return Ok(1);
        }
    };
    let Some(mut remote) = connect(&mut child, port) else {
        return Ok(ended(&mut child));
    };
    loop {
        let invocation = api.next().map_err(DriverError::Api)?;
        match remote.invoke(&invocation) {
            Ok(Outcome::Response(payload)) => api
                .respond(&invocation.request_id, &payload)
                .map_err(DriverError::Api)?,
            Ok(Outcome::Error { document, should_exit }) => {
                api.fail(&invocation.request_id, &document).map_err(DriverError::Api)?;
                if should_exit {
                    // It may be gone already; then there is nothing to end.
                    let _ = child.kill();
                    return Ok(1);
                }
            }
            Err(_) => return Ok(ended(&mut child)),
        }
    }
}

/// A port of the environment's own loopback that nobody listens on.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Starts the function's program, which its handler names.
fn start(program: &Path, port: u16) -> Result<Child, ErrorDocument> {
    let started = Command::new(program)
        .env("_LAMBDA_SERVER_PORT", port.to_string())
        .stdin(Stdio::null())
        .spawn();
    started.map_err(|error| ErrorDocument {
        message: format!("fork/exec {}: {}", program.display(), word(&error)),
        kind: "PathError".to_owned(),
        stack_trace: Vec::new(),
    })
}

/// Go's words for what the system answers, without its number.
fn word(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Waits until the function serves; `None` if it ends before.
fn connect(child: &mut Child, port: u16) -> Option<Remote> {
    loop {
        if let Ok(remote) = Remote::connect(port) {
            return Some(remote);
        }
        if !matches!(child.try_wait(), Ok(None)) {
            return None;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// The exit status of a function whose connection is closed, as a shell would tell it.
fn ended(child: &mut Child) -> u8 {
    let told = |status: ExitStatus| {
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    };
    let status = child.wait().ok();
    status.and_then(|status| u8::try_from(told(status)).ok()).unwrap_or(1)
}
