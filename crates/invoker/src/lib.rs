//! Runs functions. There is one [`Invoker`], used by every way in: the API, asynchronous events, event sources, schedules.
//!
//! ```text
//! invoke(request) ── concurrency lease ── pool of the function version (engine) ──┬─ run in an idle environment
//!                                                                                └─ start one, and wait for whichever is free first
//! environment task: start ─ init ─┬─ parked ─ job ─┐    owns the sandbox, what is served inside it, and its output;
//!                                 └────── freed ◄──┘    answers each job once
//!                                           ▲      └─ timeout, crash: reset; the next job starts the processes again
//!                                           └──────────────────────────────────┘
//! ```
//!
//! An environment is one task. It alone reads the environment's output, so the log lines of an invocation are in order without locks.

mod admission;
mod alarm;
mod classify;
mod companions;
mod environment;
mod frames;
mod init;
mod invoker;
mod launch;
mod output;
mod pools;
mod provisioning;
mod report;
mod request;
mod reset;
mod shards;
mod telemetry;
mod trace;

pub use invoker::{Invoker, Options, Parts};
pub use lambent_runtime_api::MAX_EXTENSIONS;
pub use launch::{
    AwsEndpoint, Initialization, Launch, LaunchError, Launcher, LogSink, LogStream, LogWriter, Outside, Patience,
    TraceDaemon,
};
pub use provisioning::Provisioned;
pub use request::{Answer, AnswerStream, FunctionTrace, InvokeError, InvokeRequest, Streamed, ThrottleReason};
