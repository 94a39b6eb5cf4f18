//! Runs the real bootstraps with the interpreters of this host against the real Runtime API, without a sandbox.

use bytes::Bytes;
use lambent_runtime_api::{InitFailure, Invocation, InvocationResult, RuntimeApi};
use lambent_runtimes::{Bootstraps, Interpreter, Language, Places, discover};
use lambent_types::{Clock, RandomIds, RequestId, SystemClock};
use std::{fs, path::Path, process::Stdio, sync::Arc, time::Duration};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    process::{Child, Command},
    task::JoinSet,
};

pub(crate) const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
const PATIENCE: Duration = Duration::from_secs(20);

/// The interpreters of a language on this host; says so when there is none.
pub(crate) fn interpreters(language: Language) -> Vec<Interpreter> {
    let places = Places::usual(|name| std::env::var_os(name), Path::new("/nonexistent"));
    let found: Vec<_> = discover(&places)
        .into_iter()
        .filter(|each| each.language == language)
        .collect();
    if found.is_empty() {
        eprintln!("SKIPPED: no {language:?} on this host");
    }
    found
}

/// A function whose process runs.
pub(crate) struct Function {
    pub(crate) api: Arc<RuntimeApi>,
    pub(crate) child: Child,
    root: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

/// What a function is started with.
pub(crate) struct Setup<'a> {
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) runtime: &'a str,
    pub(crate) handler: &'a str,
    pub(crate) files: &'a [(&'a str, &'a str)],
    pub(crate) env: &'a [(&'a str, &'a str)],
    /// Where the bootstraps are kept; `None` installs them for this function alone.
    pub(crate) bootstraps: Option<&'a Path>,
}

impl Function {
    pub(crate) async fn start(setup: &Setup<'_>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let task = root.path().join("task");
        for (name, content) in setup.files {
            fs::create_dir_all(task.join(name).parent().unwrap()).unwrap();
            fs::write(task.join(name), content).unwrap();
        }
        let bootstraps = Bootstraps::install(setup.bootstraps.unwrap_or(root.path())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let api = RuntimeApi::new(lambent_runtime_api::ExtensionHost::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&api).serve(Arc::new(listener), std::future::pending()));
        let runtime_dir = bootstraps.of(setup.interpreter.language);
        let child = Command::new(&setup.interpreter.program)
            .args(arguments(setup.interpreter, &runtime_dir))
            .current_dir(&task)
            .env_clear()
            .env("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", setup.runtime))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("LAMBDA_TASK_ROOT", &task)
            .env("_HANDLER", setup.handler)
            .env("PYTHONPATH", &runtime_dir)
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .envs(setup.env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            api,
            child,
            root,
            _tasks: tasks,
        }
    }

    pub(crate) fn task_root(&self) -> String {
        self.root.path().join("task").to_str().unwrap().to_owned()
    }

    pub(crate) async fn invoke(&self, payload: impl Into<Bytes>) -> InvocationResult {
        self.invoke_as(invocation(payload)).await
    }

    pub(crate) async fn invoke_as(&self, invocation: Invocation) -> InvocationResult {
        tokio::time::timeout(PATIENCE, self.api.invoke(invocation))
            .await
            .expect("the function answers")
    }

    /// The body of a success.
    pub(crate) async fn succeed(&self, payload: impl Into<Bytes>) -> String {
        match self.invoke(payload).await {
            InvocationResult::Response { body, .. } => text(&body),
            other @ (InvocationResult::Error { .. }
            | InvocationResult::ResponseTooLarge
            | InvocationResult::Streamed
            | InvocationResult::StreamTooLarge
            | InvocationResult::Truncated
            | InvocationResult::InvalidResponseMode) => panic!("{other:?}"),
        }
    }

    /// The body of an error.
    pub(crate) async fn fail(&self, payload: impl Into<Bytes>) -> String {
        match self.invoke(payload).await {
            InvocationResult::Error { body, .. } => text(&body),
            other @ (InvocationResult::Response { .. }
            | InvocationResult::ResponseTooLarge
            | InvocationResult::Streamed
            | InvocationResult::StreamTooLarge
            | InvocationResult::Truncated
            | InvocationResult::InvalidResponseMode) => panic!("{other:?}"),
        }
    }

    /// The report of an initialisation that fails.
    pub(crate) async fn init_failure(&self) -> InitFailure {
        tokio::time::timeout(PATIENCE, self.api.initialised())
            .await
            .expect("a report")
            .expect_err("a failure")
    }

    /// Waits for the process to end by itself: its status and its output.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the process ends")
            .unwrap();
        (status.code(), text(&self.read_output().await))
    }

    /// Ends the process: its output so far.
    pub(crate) async fn output(self) -> String {
        text(&self.output_bytes().await)
    }

    /// The same, where it is not all text.
    pub(crate) async fn output_bytes(mut self) -> Vec<u8> {
        tokio::time::timeout(PATIENCE, self.api.waiting())
            .await
            .expect("the function comes back");
        self.child.kill().await.unwrap();
        self.read_output().await
    }

    async fn read_output(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut all).await.unwrap();
        self.child.stderr.take().unwrap().read_to_end(&mut all).await.unwrap();
        all
    }
}

/// What the interpreter is told to start the bootstrap with.
fn arguments(interpreter: &Interpreter, runtime_dir: &Path) -> Vec<String> {
    let file = |name| runtime_dir.join(name).to_str().unwrap().to_owned();
    let words = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    match interpreter.language {
        Language::Python => [words("-S -u"), vec![file("bootstrap.py")]].concat(),
        Language::Node => [words("--expose-gc"), vec![file("bootstrap.js")]].concat(),
        Language::Ruby => vec![file("bootstrap.rb")],
        Language::Dotnet => vec!["exec".to_owned(), file("Lambent.Runtime.dll")],
        Language::Java => {
            let opens = if interpreter.version.major() >= 9 {
                "--add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED"
            } else {
                "-Dold=true"
            };
            let class = vec!["-cp".to_owned(), file(""), "lambent.runtime.Bootstrap".to_owned()];
            [
                words("-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8"),
                words(opens),
                class,
            ]
            .concat()
        }
    }
}

pub(crate) fn invocation(payload: impl Into<Bytes>) -> Invocation {
    Invocation {
        request_id: RequestId::new(&RandomIds),
        deadline: SystemClock::default().now().plus(Duration::from_secs(30)),
        invoked_function_arn: ARN.to_owned(),
        trace_id: None,
        client_context: None,
        cognito_identity: None,
        tenant_id: None,
        content_type: "application/json".to_owned(),
        payload: payload.into(),
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
