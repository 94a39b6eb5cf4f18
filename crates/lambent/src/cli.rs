//! What can be said on the command line. Every flag of `serve` can also be said by a variable and in the configuration file.

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};

/// AWS Lambda on your own machines.
#[derive(Debug, Parser)]
#[command(name = "lambent", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the AWS Lambda API.
    Serve(Box<Serve>),
    /// Run the function in a directory, anew whenever its files change, on a server of its own.
    Dev(Box<Dev>),
    /// Show what this host allows, and so what is enforced and what is not.
    Doctor(DataDir),
    /// Show the runtimes.
    #[command(subcommand)]
    Runtimes(Runtimes),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runtimes {
    /// List every runtime identifier, the interpreter found for it, and what is missing.
    List(DataDir),
    /// Fetch interpreters of the very version into the data directory, by the package registry's own client and its configuration.
    Install {
        /// Runtime identifiers, such as nodejs18.x or dotnet8. For those that no registry offers the list says what to do.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Also the AWS SDK that AWS's runtimes of these names bring along: boto3, aws-sdk. Their interpreters are fetched only where
        /// this host has none of the very version and a registry offers it.
        #[arg(long)]
        with_sdk: bool,
        #[command(flatten)]
        data_dir: DataDir,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DataDir {
    /// Where the server keeps everything.
    #[arg(long, env = "LAMBENT_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// The options of `dev`.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The function's code: what a package of it would have at its top.
    pub(crate) dir: PathBuf,

    /// The function's name. [default: the directory's]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Its runtime, such as python3.13. [default: by the files, the newest that this host has]
    #[arg(long)]
    pub(crate) runtime: Option<String>,

    /// Its handler, such as app.handler. [default: by the files]
    #[arg(long)]
    pub(crate) handler: Option<String>,

    /// Its timeout in seconds.
    #[arg(long, default_value = "30")]
    pub(crate) timeout: Option<i64>,

    /// Its memory in MB. [default: 128]
    #[arg(long)]
    pub(crate) memory: Option<i64>,

    /// An environment variable of it; can be said several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<Variable>,

    /// Let a debugger attach at this port of 127.0.0.1: debugpy (which comes with the function), Node.js's inspector or JDWP. The
    /// function has all the time that it takes. [default port: 5678, 9229 or 5005]
    #[arg(long, value_name = "PORT", num_args = 0..=1)]
    pub(crate) debug: Option<Option<u16>>,

    /// Let the function wait at its start until a debugger has attached.
    #[arg(long, requires = "debug")]
    pub(crate) debug_wait: bool,

    /// The address to listen on; port 0 picks a free one. [default: 127.0.0.1:4566]
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,

    /// Where the server keeps everything. [default: a temporary directory, which is removed at the end]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
}

/// A variable and its value.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl std::str::FromStr for Variable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// Which runtime identifiers CreateFunction accepts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RuntimeSupport {
    /// All that AWS ever had, so that the developer guide's examples work.
    Guide,
    /// Those that AWS accepts today.
    Aws,
}

/// What functions reach of the networks around them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FunctionNetwork {
    /// The internet, as on AWS without a VPC: public IPv4 addresses by TCP and UDP, but no private network and nothing of this host.
    Outbound,
    /// Nothing but the server itself.
    None,
}

/// The options of `serve`. What is not given on the command line is taken from the variable, then from the file, then from the default.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Serve {
    /// The address to listen on; port 0 picks a free one. Other than loopback addresses need credentials in the configuration file.
    #[arg(long, env = "LAMBENT_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,

    /// Where the server keeps everything: functions, code, events. [default: ~/.local/share/lambent, or /var/lib/lambent where there is no home]
    #[arg(long, env = "LAMBENT_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// A TOML file with the same options, and with credentials.
    #[arg(long, env = "LAMBENT_CONFIG")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// Which runtime identifiers are accepted. [default: guide]
    #[arg(long, env = "LAMBENT_RUNTIME_SUPPORT", value_enum)]
    pub(crate) runtime_support: Option<RuntimeSupport>,

    /// Keep created and changed functions pending for this many milliseconds, as AWS does for seconds, and refuse meanwhile what AWS
    /// refuses: for testing what has to wait for them. [default: not at all]
    #[arg(long, env = "LAMBENT_SETTLE_MILLIS")]
    pub(crate) settle_millis: Option<u64>,

    /// Print the functions' logs on standard error.
    #[arg(long, env = "LAMBENT_FUNCTION_LOGS", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) function_logs: Option<bool>,

    /// Keep no more than this many megabytes of logs, of all functions together; the oldest go first. [default: 5120]
    #[arg(long, env = "LAMBENT_LOG_MEGABYTES", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) log_megabytes: Option<u64>,

    /// End an environment that was idle for this many seconds. [default: 600]
    #[arg(long, env = "LAMBENT_IDLE_SECONDS")]
    pub(crate) idle_seconds: Option<u64>,

    /// Concurrent executions of one account in one region. [default: 1000]
    #[arg(long, env = "LAMBENT_CONCURRENCY")]
    pub(crate) concurrency: Option<u32>,

    /// How many interpreters wait, started before their function is known, for the runtimes that were used in the last minutes. 0: each
    /// environment starts its own. [default: 4]
    #[arg(long, env = "LAMBENT_PRESTARTED")]
    pub(crate) prestarted: Option<usize>,

    /// What functions reach of the networks around them. [default: outbound]
    #[arg(long, env = "LAMBENT_FUNCTION_NETWORK", value_enum)]
    pub(crate) function_network: Option<FunctionNetwork>,

    /// What else they reach, such as a database in a private network: 10.0.0.0/8, 192.168.1.7:5432. [default: nothing]
    #[arg(
        long,
        env = "LAMBENT_FUNCTION_NETWORK_ALLOW",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    pub(crate) function_network_allow: Vec<String>,

    /// Ports of this host's loopback that functions reach, at the name host.lambent.internal. [default: none]
    #[arg(long, env = "LAMBENT_ALLOW_HOST_PORT", value_name = "PORTS", value_delimiter = ',')]
    pub(crate) allow_host_port: Vec<u16>,

    /// Lead AWS's own names (*.amazonaws.com) to this server inside environments, with certificates of an authority of its own that
    /// functions believe: for SDKs that ignore AWS_ENDPOINT_URL. [default: no]
    #[arg(long, env = "LAMBENT_INTERCEPT_AWS", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) intercept_aws: Option<bool>,

    /// Divide the delays between the tries of asynchronous events by this, for tests. [default: 1]
    #[arg(long, env = "LAMBENT_EVENT_TIME_SCALE")]
    pub(crate) event_time_scale: Option<u32>,

    /// Threads that serve requests. [default: one for each processor, at most 4]
    #[arg(long, env = "LAMBENT_THREADS")]
    pub(crate) threads: Option<usize>,

    /// Seconds that running invocations have to finish after SIGTERM. [default: 900]
    #[arg(long, env = "LAMBENT_DRAIN_SECONDS")]
    pub(crate) drain_seconds: Option<u64>,

    /// Megabytes that metrics may take on disk; the oldest go first. They are kept for 15 days at most. [default: 256]
    #[arg(long, env = "LAMBENT_METRICS_MEGABYTES")]
    pub(crate) metrics_megabytes: Option<u64>,

    /// Who presents this as a bearer token may read `GET /metrics` from anywhere; without it, this machine alone may. Better said by the
    /// variable or in the file, since command lines can be seen.
    #[arg(long, env = "LAMBENT_METRICS_TOKEN", hide_env_values = true)]
    pub(crate) metrics_token: Option<Secret>,

    /// An S3-compatible store, such as http://127.0.0.1:9000: code is taken from it (`Code.S3Bucket`), and records of failed invocations are put
    /// there (destinations). [default: none]
    #[arg(long, env = "LAMBENT_S3_ENDPOINT")]
    pub(crate) s3_endpoint: Option<String>,

    /// The access key for that store; without one, requests are not signed.
    #[arg(long, env = "LAMBENT_S3_ACCESS_KEY", requires = "s3_secret_key")]
    pub(crate) s3_access_key: Option<String>,

    /// Its secret; better said by the variable or in the file, since command lines can be seen.
    #[arg(
        long,
        env = "LAMBENT_S3_SECRET_KEY",
        hide_env_values = true,
        requires = "s3_access_key"
    )]
    pub(crate) s3_secret_key: Option<Secret>,

    /// A directory with container images, as OCI layouts or archives of `docker save`: an image named REGISTRY/NAME:TAG is looked for
    /// in NAME and NAME.tar, NAME:TAG and NAME:TAG.tar. [default: none]
    #[arg(long, env = "LAMBENT_IMAGES", value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,

    /// The registry that stands for ECR, such as http://127.0.0.1:5000: images named *.dkr.ecr.*.amazonaws.com/NAME are fetched from
    /// there. [default: none]
    #[arg(long, env = "LAMBENT_REGISTRY", value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// The user's name at that registry; without one, it is asked as anybody may.
    #[arg(long, env = "LAMBENT_REGISTRY_USER", requires = "registry_password")]
    pub(crate) registry_user: Option<String>,

    /// The password; better said by the variable or in the file, since command lines can be seen.
    #[arg(
        long,
        env = "LAMBENT_REGISTRY_PASSWORD",
        hide_env_values = true,
        requires = "registry_user"
    )]
    pub(crate) registry_password: Option<Secret>,

    /// Other registries that images may name, such as ghcr.io or localhost:5000. They are asked by HTTPS, except on this machine.
    /// [default: none]
    #[arg(long, env = "LAMBENT_REGISTRY_HOSTS", value_name = "HOSTS", value_delimiter = ',')]
    pub(crate) registry_hosts: Vec<String>,

    /// The same with more to say, in the file only: `[[registries]] host`, and `url`, `user` and `password` where they are needed.
    #[arg(skip)]
    pub(crate) registries: Vec<RegistryHost>,

    /// An SQS-compatible server whose queues event source mappings read in place of this server's own, such as http://127.0.0.1:9324 or
    /// https://sqs.eu-west-1.amazonaws.com. [default: none]
    #[arg(long, env = "LAMBENT_SQS_ENDPOINT")]
    pub(crate) sqs_endpoint: Option<String>,

    /// The access key for that server. [default: the account of the queue's ARN, for servers that believe everybody]
    #[arg(long, env = "LAMBENT_SQS_ACCESS_KEY", requires = "sqs_secret_key")]
    pub(crate) sqs_access_key: Option<String>,

    /// Its secret; better said by the variable or in the file, since command lines can be seen.
    #[arg(
        long,
        env = "LAMBENT_SQS_SECRET_KEY",
        hide_env_values = true,
        requires = "sqs_access_key"
    )]
    pub(crate) sqs_secret_key: Option<Secret>,

    /// Access keys, in the file only: `[[credentials]] access-key, secret-key, account`.
    #[arg(skip)]
    pub(crate) credentials: Vec<Credential>,
}

/// A text that is not printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// A registry in the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RegistryHost {
    pub(crate) host: String,
    pub(crate) url: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
}

/// An access key in the configuration file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Credential {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) account: lambent_types::AccountId,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.access_key)
    }
}
