//! Puts environments of container images together: the image is the root, and says what runs in it unless the function does.

use crate::launcher::{HostLauncher, companions, limits};
use lambent_images::leads_to;
use lambent_invoker::{Initialization, Launch, LaunchError, LogStream, Patience};
use lambent_runtimes::image_plan;
use lambent_sandbox::{EnvSpec, Program, ProgramStart, Root};
use lambent_store::{ImageSettings, InstalledImage};
use lambent_types::{FunctionRecord, Image, ImageConfig};
use std::path::Path;

impl HostLauncher {
    /// Prepares an environment of a function whose code is `image`.
    pub(crate) async fn prepare_image(
        &self,
        function: &FunctionRecord,
        image: &Image,
        id: &str,
        stream: &LogStream,
        initialization: Initialization,
    ) -> Result<Launch, LaunchError> {
        let none = || LaunchError::Code("there is nowhere that images come from".to_owned());
        let images = self.images.as_ref().ok_or_else(none)?;
        let image = image.running();
        let installed = images.install(image, function.config.architecture).await;
        let (installed, pin) = installed.map_err(|error| LaunchError::Code(format!("{}: {error}", image.uri)))?;
        let InstalledImage { root, settings } = installed;
        let extensions = settings.extensions.clone();
        let Start { command, env, folder } = Start::of(settings, function.config.image.as_ref());
        let plan = self.with_belief(image_plan(command, env, folder));
        let env = self.variables(function, stream, &plan, initialization);
        check(&root, &plan.command, &plan.working_dir, &env)?;
        let spec = EnvSpec {
            id: id.to_owned(),
            program: Program {
                command: plan.command,
                mounts: Vec::new(),
                start: ProgramStart::WithFunction,
            },
            companions: companions(&env, extensions)?,
            env,
            working_dir: plan.working_dir,
            root: Root::Image(root),
            mounts: Vec::new(),
            limits: limits(&function.config),
        };
        Ok(Launch {
            spec,
            held: Box::new(pin),
            patience: Patience::AsConfigured,
            notes: Vec::new(),
        })
    }
}

/// How an image is started.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    command: Vec<String>,
    env: Vec<(String, String)>,
    folder: String,
}

impl Start {
    /// As the image says; each part as the function says instead.
    fn of(settings: ImageSettings, said: Option<&ImageConfig>) -> Self {
        let none = ImageConfig::default();
        let said = said.unwrap_or(&none);
        let entry_point = said.entry_point.clone().unwrap_or(settings.entry_point);
        let arguments = said.command.clone().unwrap_or(settings.command);
        let folder = said.working_directory.clone().filter(|folder| !folder.is_empty());
        Self {
            command: entry_point.into_iter().chain(arguments).collect(),
            env: settings.env,
            folder: folder.unwrap_or(settings.working_directory),
        }
    }
}

/// Sees to it that there is a directory to start in and a program to start. The texts are AWS's.
fn check(root: &Path, command: &[String], folder: &str, env: &[(String, String)]) -> Result<(), LaunchError> {
    if !folder.starts_with('/') {
        return Err(LaunchError::InvalidWorkingDir(format!(
            "the working directory '{folder}' is invalid, it needs to be an absolute path"
        )));
    }
    if !leads_to(root, folder, true) {
        return Err(LaunchError::InvalidWorkingDir(format!(
            "the working directory doesn't exist: {folder}"
        )));
    }
    let program = command.first().map_or("", String::as_str);
    let path = env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map_or("", |(_, path)| path.as_str());
    let found = match program {
        "" => false,
        program if program.starts_with('/') => leads_to(root, program, false),
        program if program.contains('/') => leads_to(root, &format!("{folder}/{program}"), false),
        program => path
            .split(':')
            .any(|folder| leads_to(root, &format!("{folder}/{program}"), false)),
    };
    if found {
        return Ok(());
    }
    Err(LaunchError::InvalidEntrypoint(format!(
        "Couldn't find valid bootstrap(s): [{program}]"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_the_function_says_wins_part_by_part() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let settings = || ImageSettings {
            entry_point: words(&["/run"]),
            command: words(&["app.handler"]),
            working_directory: "/app".to_owned(),
            ..ImageSettings::default()
        };
        let start = |said: Option<&ImageConfig>| {
            let start = Start::of(settings(), said);
            (start.command, start.folder)
        };
        assert_eq!(start(None), (words(&["/run", "app.handler"]), "/app".to_owned()));
        let command = ImageConfig {
            command: Some(words(&["other"])),
            working_directory: Some("/tmp".to_owned()),
            ..ImageConfig::default()
        };
        assert_eq!(start(Some(&command)), (words(&["/run", "other"]), "/tmp".to_owned()));
        let entry_point = ImageConfig {
            entry_point: Some(words(&["sh", "-c"])),
            ..ImageConfig::default()
        };
        assert_eq!(start(Some(&entry_point)).0, words(&["sh", "-c", "app.handler"]));
    }

    #[test]
    fn what_is_missing_is_told_in_the_words_of_aws() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("app/bin")).unwrap();
        fs::write(root.path().join("app/bin/run"), "").unwrap();
        let env = [("PATH".to_owned(), "/bin:/app/bin".to_owned())];
        let check = |program: &str, folder: &str| {
            let command = if program.is_empty() {
                vec![]
            } else {
                vec![program.to_owned()]
            };
            check(root.path(), &command, folder, &env).map_err(|error| error.to_string())
        };
        for good in ["run", "/app/bin/run", "bin/run", "./bin/run"] {
            assert_eq!(check(good, "/app"), Ok(()), "{good}");
        }
        let missing = |name: &str| Err(format!("Couldn't find valid bootstrap(s): [{name}]"));
        for bad in ["", "/run", "go", "/app/bin", "bin"] {
            assert_eq!(check(bad, "/app"), missing(bad));
        }
        let wrong = "the working directory 'app' is invalid, it needs to be an absolute path";
        assert_eq!(check("run", "app"), Err(wrong.to_owned()));
        assert_eq!(
            check("run", "/none"),
            Err("the working directory doesn't exist: /none".to_owned())
        );
    }
}
