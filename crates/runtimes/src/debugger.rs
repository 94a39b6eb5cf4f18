//! How a debugger gets into a function's process.

use lambent_sandbox::{Program, ProgramStart};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a family of runtimes needs for it: `[family.NAME.debug]` of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Debugger {
    /// Where the debugger listens inside the environment, on loopback.
    pub port: u16,
    /// Arguments before the bootstrap.
    #[serde(default)]
    arguments: Vec<String>,
    /// More of them, behind those, for a process that waits at its start until somebody has attached.
    #[serde(default)]
    wait_arguments: Vec<String>,
    /// Variables.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Variables in their place, for a process that waits.
    #[serde(default)]
    wait_environment: BTreeMap<String, String>,
}

impl Debugger {
    /// Lets a program, which has the environment `env`, be debugged, and `wait` for whoever does it. It is not started ahead.
    pub fn equip(&self, program: &mut Program, env: &mut Vec<(String, String)>, wait: bool) {
        program.start = ProgramStart::WithFunction;
        let place = program.command.len().saturating_sub(1);
        let more = self.wait_arguments.iter().filter(|_| wait);
        program
            .command
            .splice(place..place, self.arguments.iter().chain(more).cloned());
        let mut variables = self.environment.clone();
        if wait {
            variables.extend(self.wait_environment.clone());
        }
        for (name, value) in variables {
            match env.iter_mut().find(|(known, _)| *known == name) {
                Some((name, known)) if !known.is_empty() => {
                    *known = format!("{known}{}{value}", if name.ends_with("PATH") { ':' } else { ' ' });
                }
                Some((_, known)) => *known = value,
                None => env.push((name, value)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equipped(text: &str, wait: bool) -> (Vec<String>, Vec<(String, String)>) {
        let debugger: Debugger = toml::from_str(text).unwrap();
        let mut program = Program {
            command: ["python", "-S", "bootstrap"].map(str::to_owned).to_vec(),
            mounts: vec![],
            start: ProgramStart::Ahead { env: vec![] },
        };
        let mut env = vec![
            ("PYTHONPATH".to_owned(), "/var/runtime".to_owned()),
            ("NODE_OPTIONS".to_owned(), "--trace-warnings".to_owned()),
        ];
        debugger.equip(&mut program, &mut env, wait);
        assert_eq!(program.start, ProgramStart::WithFunction);
        (program.command, env)
    }

    #[test]
    fn arguments_come_before_the_bootstrap_and_variables_behind_what_is_there() {
        let text = "port = 1\narguments = ['-m', 'x']\nwait-arguments = ['--wait']\nenvironment = { PYTHONPATH = '/var/task', NEW = '1' }";
        let (command, env) = equipped(text, false);
        assert_eq!(command, ["python", "-S", "-m", "x", "bootstrap"]);
        assert_eq!(env[0].1, "/var/runtime:/var/task");
        assert_eq!(env[2], ("NEW".to_owned(), "1".to_owned()));
        assert_eq!(
            equipped(text, true).0,
            ["python", "-S", "-m", "x", "--wait", "bootstrap"]
        );
    }

    #[test]
    fn a_process_that_waits_has_other_variables() {
        let text = "port = 1\nenvironment = { NODE_OPTIONS = '--go' }\nwait-environment = { NODE_OPTIONS = '--stop' }";
        assert_eq!(equipped(text, false).1[1].1, "--trace-warnings --go");
        assert_eq!(equipped(text, true).1[1].1, "--trace-warnings --stop");
    }
}
