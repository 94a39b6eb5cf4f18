//! How a container image's program is launched: as the image says, and the function overrides.

use crate::{LaunchKind, LaunchPlan, LogMode};
use lambent_sandbox::LOG_VARIABLE;
use lambent_types::environment::RESERVED;

/// What an image may say itself of what is reserved otherwise: where its function and its runtime are.
const ITS_OWN: [&str; 2] = ["LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"];
/// The descriptor at which the runtime interface clients of AWS write log events of several lines.
const LOG_DESCRIPTOR: &str = "62";

/// Plans the launch of an image: its program with all arguments, its variables, its directory. There is no interpreter, no bootstrap and
/// nothing that could be started ahead.
#[must_use]
pub fn image_plan(command: Vec<String>, env: Vec<(String, String)>, working_dir: String) -> LaunchPlan {
    let allowed = |name: &str| ITS_OWN.contains(&name) || !RESERVED.contains(&name);
    let log = (LOG_VARIABLE.to_owned(), LOG_DESCRIPTOR.to_owned());
    LaunchPlan {
        command,
        env: env.into_iter().filter(|(name, _)| allowed(name)).chain([log]).collect(),
        mounts: Vec::new(),
        working_dir,
        substituted: None,
        logs: LogMode::default(),
        early_variables: None,
        old_credential_names: false,
        preparation: None,
        kind: LaunchKind::Image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_does_not_say_who_the_function_is() {
        let env = [
            ("AWS_LAMBDA_FUNCTION_NAME", "x"),
            ("LAMBDA_TASK_ROOT", "/app"),
            ("PATH", "/bin"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let plan = image_plan(vec!["/run".to_owned()], env, "/".to_owned());
        let names: Vec<_> = plan.env.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["LAMBDA_TASK_ROOT", "PATH", LOG_VARIABLE]);
    }
}
