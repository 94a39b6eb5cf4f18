//! From what was said to what holds.

use crate::cli::{FunctionNetwork, RuntimeSupport, Secret, Serve};
use anyhow::{Context as _, bail};
use lambent_artifacts::{Keys, S3};
use lambent_control::Pace;
use lambent_http::{Auth, Credential};
use lambent_images::{Account, HostOptions};
use lambent_relay::Reach;
use lambent_sources::Remote;
use lambent_types::SystemClock;
use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

/// All logs together take no more room than this, unless said otherwise.
const LOG_MEGABYTES: u64 = 5_120;

/// A server's configuration, complete.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) runtime_support: lambent_control::RuntimeSupport,
    pub(crate) pace: Pace,
    pub(crate) function_logs: bool,
    pub(crate) logs: lambent_log_store_files::Options,
    pub(crate) invoker: lambent_invoker::Options,
    pub(crate) sandbox: lambent_sandbox_linux::Options,
    pub(crate) reach: Reach,
    pub(crate) event_time_scale: u32,
    pub(crate) threads: usize,
    pub(crate) drain: Duration,
    /// What metrics may take on disk.
    pub(crate) metrics_bytes: u64,
    /// What traces may take on disk.
    pub(crate) trace_bytes: u64,
    /// Who has it may read the server's own metrics from anywhere.
    pub(crate) metrics_token: Option<String>,
    pub(crate) auth: Auth,
    /// Where traces and metrics go.
    #[cfg(feature = "otlp")]
    pub(crate) collector: Option<lambent_otlp::Endpoint>,
    pub(crate) s3: Option<S3>,
    /// Where container images come from, if anywhere.
    pub(crate) images: Option<lambent_images::Options>,
    /// The server whose queues are read in place of this one's.
    pub(crate) queues: Option<Remote>,
}

impl Config {
    /// The command line and the variables win over the file, the file over the defaults.
    pub(crate) fn resolve(said: Serve) -> anyhow::Result<Self> {
        let file = said.config.as_deref().map_or_else(|| Ok(Serve::default()), read)?;
        let images = images(&said, &file)?;
        let listen = said
            .listen
            .or(file.listen)
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 4566)));
        let support = said
            .runtime_support
            .or(file.runtime_support)
            .unwrap_or(RuntimeSupport::Guide);
        let defaults = lambent_invoker::Options::default();
        let idle = said
            .idle_seconds
            .or(file.idle_seconds)
            .map_or(defaults.idle_limit, Duration::from_secs);
        let data_dir = data_dir(said.data_dir.or(file.data_dir));
        let mut sandbox = lambent_sandbox_linux::Options::new(data_dir.join("sandbox"));
        if let Some(ahead) = said.prestarted.or(file.prestarted) {
            sandbox.ahead = ahead;
        }
        let reach = reach(
            said.function_network.or(file.function_network),
            either(said.function_network_allow, file.function_network_allow),
            either(said.allow_host_port, file.allow_host_port),
            said.intercept_aws.or(file.intercept_aws).unwrap_or(false),
        )?;
        sandbox.gate = !reach.is_nothing();
        Ok(Self {
            listen,
            data_dir,
            sandbox,
            reach,
            runtime_support: match support {
                RuntimeSupport::Guide => lambent_control::RuntimeSupport::Guide,
                RuntimeSupport::Aws => lambent_control::RuntimeSupport::Aws,
            },
            pace: match said.settle_millis.or(file.settle_millis) {
                None | Some(0) => Pace::AtOnce,
                Some(millis) => Pace::After(Duration::from_millis(millis)),
            },
            logs: lambent_log_store_files::Options {
                most_bytes: said.log_megabytes.or(file.log_megabytes).unwrap_or(LOG_MEGABYTES) << 20,
            },
            function_logs: said.function_logs.or(file.function_logs).unwrap_or(false),
            invoker: lambent_invoker::Options {
                idle_limit: idle,
                account_concurrency: said
                    .concurrency
                    .or(file.concurrency)
                    .unwrap_or(defaults.account_concurrency),
            },
            event_time_scale: said.event_time_scale.or(file.event_time_scale).unwrap_or(1),
            threads: said.threads.or(file.threads).unwrap_or_else(processors).max(1),
            metrics_bytes: said.metrics_megabytes.or(file.metrics_megabytes).unwrap_or(256) << 20,
            trace_bytes: said.trace_megabytes.or(file.trace_megabytes).unwrap_or(256) << 20,
            metrics_token: metrics_token(said.metrics_token.or(file.metrics_token))?,
            drain: Duration::from_secs(said.drain_seconds.or(file.drain_seconds).unwrap_or(900)),
            s3: s3(
                said.s3_endpoint.or(file.s3_endpoint),
                said.s3_access_key.or(file.s3_access_key),
                said.s3_secret_key.or(file.s3_secret_key),
            )?,
            queues: queues(
                said.sqs_endpoint.or(file.sqs_endpoint),
                said.sqs_access_key.or(file.sqs_access_key),
                said.sqs_secret_key.or(file.sqs_secret_key),
            )?,
            auth: auth(listen, file.credentials)?,
            images,
            #[cfg(feature = "otlp")]
            collector: said
                .otlp_endpoint
                .or(file.otlp_endpoint)
                .map(|endpoint| endpoint.parse().context("--otlp-endpoint"))
                .transpose()?,
        })
    }
}

/// What a configuration file says.
fn read(file: &Path) -> anyhow::Result<Serve> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not as it should be", file.display()))
}

/// Nobody but this machine reaches a loopback address. Anywhere else requests must be signed with a configured key.
fn auth(listen: SocketAddr, credentials: Vec<crate::cli::Credential>) -> anyhow::Result<Auth> {
    if credentials.is_empty() {
        if listen.ip().is_loopback() {
            return Ok(Auth::AcceptAny);
        }
        bail!(
            "listening on {listen} lets others in, so requests must be signed: put [[credentials]] with access-key, \
             secret-key and account into a file and pass it with --config, or listen on 127.0.0.1"
        );
    }
    let credentials = credentials.into_iter().map(|each| Credential {
        access_key: each.access_key,
        secret_key: each.secret_key,
        account: each.account,
    });
    Ok(Auth::Verify(lambent_http::Verifier::default(), credentials.collect()))
}

/// One that is empty would let everybody in who sends an empty one.
fn metrics_token(said: Option<Secret>) -> anyhow::Result<Option<String>> {
    match said {
        Some(Secret(token)) if token.is_empty() => bail!("--metrics-token is empty"),
        said => Ok(said.map(|Secret(token)| token)),
    }
}

/// What functions reach.
fn reach(
    network: Option<FunctionNetwork>,
    allowed: Vec<String>,
    host_ports: Vec<u16>,
    intercept_aws: bool,
) -> anyhow::Result<Reach> {
    let allowed = allowed.iter().map(|network| network.parse());
    Ok(Reach {
        internet: network.unwrap_or(FunctionNetwork::Outbound) == FunctionNetwork::Outbound,
        allowed: allowed.collect::<Result<_, _>>().context("--function-network-allow")?,
        host_ports,
        intercept_aws,
    })
}

/// A list that was said, or else the file's.
fn either<T>(said: Vec<T>, file: Vec<T>) -> Vec<T> {
    if said.is_empty() { file } else { said }
}

/// An access key and its secret, for a server that this one is a client of.
fn keys(access: Option<String>, secret: Option<Secret>, of: &str) -> anyhow::Result<Option<(String, String)>> {
    match (access, secret) {
        (Some(access), Some(Secret(secret))) => Ok(Some((access, secret))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => bail!("the access key and the secret key for {of} go together"),
    }
}

/// The store that code is taken from, if one is named.
fn s3(endpoint: Option<String>, access: Option<String>, secret: Option<Secret>) -> anyhow::Result<Option<S3>> {
    let keys = keys(access, secret, "S3")?.map(|(access_key, secret_key)| Keys { access_key, secret_key });
    let s3 = endpoint.map(|endpoint| S3::new(&endpoint, keys).with_context(|| format!("--s3-endpoint {endpoint}")));
    s3.transpose()
}

/// Where container images come from: `None` if nothing is said of it.
fn images(said: &Serve, file: &Serve) -> anyhow::Result<Option<lambent_images::Options>> {
    let account = |user: Option<&String>, password: Option<&Secret>| match (user, password) {
        (Some(user), Some(Secret(password))) => Ok(Some(Account {
            user: user.clone(),
            password: password.clone(),
        })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => bail!("the user and the password for a registry go together"),
    };
    let mut hosts = Vec::new();
    for each in &file.registries {
        hosts.push(HostOptions {
            host: each.host.clone(),
            url: each.url.clone(),
            account: account(each.user.as_ref(), each.password.as_ref())?,
        });
    }
    // Those of which nothing is known but their names.
    let plain = either(said.registry_hosts.clone(), file.registry_hosts.clone());
    hosts.extend(plain.into_iter().map(|host| HostOptions {
        host,
        url: None,
        account: None,
    }));
    let folder = said.images.as_ref().or(file.images.as_ref());
    let options = lambent_images::Options {
        folder: folder.map(std::path::absolute).transpose()?,
        registry: said.registry.clone().or_else(|| file.registry.clone()),
        account: account(
            said.registry_user.as_ref().or(file.registry_user.as_ref()),
            said.registry_password.as_ref().or(file.registry_password.as_ref()),
        )?,
        hosts,
        authorities: variable("SSL_CERT_FILE").map(PathBuf::from),
    };
    let any = options.folder.is_some() || options.registry.is_some() || !options.hosts.is_empty();
    Ok(any.then_some(options))
}

/// The server whose queues are read, if one is named.
fn queues(endpoint: Option<String>, access: Option<String>, secret: Option<Secret>) -> anyhow::Result<Option<Remote>> {
    let keys = keys(access, secret, "SQS")?;
    let keys = keys.map(|(access_key, secret_key)| lambent_sources::Keys { access_key, secret_key });
    let remote = endpoint.map(|endpoint| {
        let clock = Arc::new(SystemClock::default());
        Remote::new(&endpoint, keys, clock).with_context(|| format!("--sqs-endpoint {endpoint}"))
    });
    remote.transpose()
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(4))
}

/// A variable of the process's environment. Read here and nowhere else.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Where everything is kept unless said otherwise. Absolute: the process that starts environments has a working directory of its own.
pub(crate) fn data_dir(said: Option<PathBuf>) -> PathBuf {
    let folder = said.unwrap_or_else(|| {
        let home = variable("HOME").map(PathBuf::from);
        let data = variable("XDG_DATA_HOME").map(PathBuf::from);
        let user = data.or_else(|| home.map(|home| home.join(".local/share")));
        user.map_or_else(|| PathBuf::from("/var/lib/lambent"), |folder| folder.join("lambent"))
    });
    std::path::absolute(&folder).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lambent.toml");
        fs::write(&path, "idle-seconds = 7\nconcurrency = 5\nruntime-support = \"aws\"\n").unwrap();
        let said = Serve {
            config: Some(path.clone()),
            concurrency: Some(9),
            ..Serve::default()
        };
        let config = Config::resolve(said).unwrap();
        assert_eq!(
            (config.invoker.idle_limit.as_secs(), config.invoker.account_concurrency),
            (7, 9)
        );
        assert_eq!(config.runtime_support, lambent_control::RuntimeSupport::Aws);
        assert_eq!(config.listen.port(), 4566);
        fs::write(&path, "no-such-option = 1").unwrap();
        let said = Serve {
            config: Some(path),
            ..Serve::default()
        };
        assert!(Config::resolve(said).is_err());
    }

    #[test]
    fn others_are_let_in_only_with_credentials() {
        let open = |listen: &str| Serve {
            listen: listen.parse().ok(),
            ..Serve::default()
        };
        assert!(Config::resolve(open("0.0.0.0:4566")).is_err());
        assert!(Config::resolve(open("[::1]:4566")).is_ok());
    }
}
