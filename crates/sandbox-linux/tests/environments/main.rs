//! Starts real environments, as root where it may and as an ordinary user.
//!
//! Without the usual test harness: this program is also the starter that it starts, and that needs a `main` without threads. An
//! argument selects the tests whose names contain it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "a test program reports to its terminal")]

mod again;
mod ahead;
mod companions;
mod host;
mod images;
mod isolation;
mod lifecycle;
mod limits;
mod recovery;

use host::Host;
use std::{
    future::Future,
    os::unix::process::CommandExt,
    pin::Pin,
    process::{Command, ExitCode},
};

/// Makes this program run the tests as who it is, instead of as root and as somebody else.
const AS_IS: &str = "--as-is";
/// Makes this program a server for a test to kill.
pub(crate) const VICTIM: &str = "--victim";
/// An ordinary user.
const NOBODY: u32 = 65_534;

type Test = (
    &'static str,
    for<'a> fn(&'a Host) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
);

/// Names tests by their functions.
macro_rules! tests {
    ($($module:ident :: $name:ident),* $(,)?) => {
        [$((concat!(stringify!($module), "::", stringify!($name)), |host| Box::pin($module::$name(host)))),*]
    };
}

const TESTS: &[Test] = &tests![
    again::files_stay_and_processes_do_not,
    again::what_runs_again_is_as_confined_and_heard_as_before,
    again::companions_run_again,
    again::running_out_of_memory_is_told_of_those_who_did,
    again::what_cannot_run_again_is_told,
    ahead::a_program_that_waits_gets_what_its_environment_is,
    ahead::an_expected_program_waits_for_its_first_environment,
    ahead::a_program_that_waits_is_as_confined_as_any,
    ahead::a_program_that_died_while_it_waited_is_started_again,
    companions::a_companion_runs_beside_the_runtime_and_its_end_is_told,
    companions::a_companion_outlives_the_runtime,
    companions::the_runtime_does_not_run_before_it_is_to_begin,
    companions::a_companion_that_cannot_be_executed_fails_the_start,
    images::an_image_is_the_root,
    images::an_image_is_as_confined_as_the_minimal_root,
    images::an_image_runs_again_with_its_companions,
    images::links_of_an_image_lead_nowhere_but_into_it,
    isolation::the_runtime_is_an_unprivileged_user_of_its_own_namespaces,
    isolation::nothing_but_tmp_is_writable,
    isolation::tmp_is_sized_and_private,
    isolation::host_processes_and_files_are_out_of_sight,
    isolation::other_networks_are_out_of_reach,
    isolation::what_leads_elsewhere_is_held_up_and_reported,
    isolation::without_a_gate_there_is_no_way,
    isolation::the_kernel_refuses_what_functions_have_no_use_for,
    isolation::no_descriptor_leaks,
    isolation::layers_lie_over_each_other,
    isolation::mounts_go_only_where_they_may,
    isolation::interpreters_run,
    limits::a_memory_bomb_is_out_of_memory,
    limits::a_fork_bomb_is_bounded,
    limits::open_files_are_limited,
    limits::processor_time_is_limited,
    limits::peak_memory_is_told,
    lifecycle::both_listeners_answer_from_inside,
    lifecycle::variables_arguments_and_directory_are_exactly_as_given,
    lifecycle::status_and_signal_are_told,
    lifecycle::the_log_has_a_descriptor_where_a_variable_names_one,
    lifecycle::output_can_be_opened_by_name,
    lifecycle::a_bad_entrypoint_is_told,
    lifecycle::terminate_reaches_the_runtime,
    lifecycle::orphans_are_reaped,
    lifecycle::kill_leaves_nothing,
    lifecycle::dropping_the_control_kills,
    lifecycle::nothing_runs_while_frozen,
    lifecycle::fifty_at_once,
    lifecycle::starting_is_fast,
    recovery::a_killed_server_leaves_nothing,
    recovery::a_killed_starter_is_replaced,
    recovery::server_and_starter_killed_together_leave_nothing_to_the_next,
    recovery::closing_leaves_nothing,
    recovery::a_server_that_is_killed_at_once_leaves_nothing,
    recovery::probe_says_what_the_provider_says,
];

fn main() -> ExitCode {
    lambent_sandbox_linux::run_starter_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments
        .iter()
        .find(|each| !each.starts_with("--"))
        .cloned()
        .unwrap_or_default();
    if arguments.first().is_some_and(|first| first == VICTIM) {
        return recovery::be_the_victim(&filter);
    }
    let as_root = rustix::process::geteuid().is_root();
    if as_root && !arguments.iter().any(|each| each == AS_IS) {
        let run = |configure: fn(&mut Command) -> &mut Command| {
            let mut command = Command::new("/proc/self/exe");
            configure(command.args([AS_IS, &filter])).status().unwrap().success()
        };
        let both = run(|command| command) & run(|command| command.uid(NOBODY).gid(NOBODY));
        return if both { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    run_tests(&filter, if as_root { "root" } else { "an ordinary user" })
}

fn run_tests(filter: &str, who: &str) -> ExitCode {
    println!("as {who}:");
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(filter)) {
        let outcome = std::panic::catch_unwind(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let host = Host::new().await;
                tokio::time::timeout(host::PATIENCE, test(&host))
                    .await
                    .expect("the test takes too long");
                host.close().await;
            });
        });
        failed += usize::from(outcome.is_err());
        println!("  {} {name}", if outcome.is_ok() { "ok    " } else { "FAILED" });
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
