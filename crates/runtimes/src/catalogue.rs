//! The runtimes and the interpreters that were chosen for them.

use crate::{
    Bootstraps,
    bootstraps::DRIVER,
    debugger::Debugger,
    dotnet,
    go::DRIVER_ARGUMENT,
    package::{Offer, Package, offer},
    plan::{LaunchKind, LaunchPlan},
    sdk::{self, Sdk},
    selection::{Interpreter, Language, choose},
    spec::{CatalogueFile, Family, RuntimeSpec},
    version::Version,
};
use lambent_sandbox::BindMount;
use lambent_types::RuntimeId;
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

const BUILT_IN: &str = include_str!("../../../runtimes/catalogue.toml");

/// Every runtime that is known, and how it runs on this host.
pub struct Catalogue {
    runtimes: BTreeMap<String, Entry>,
    packages: Vec<Package>,
    sdks: Vec<Sdk>,
}

struct Entry {
    deprecated: bool,
    debugger: Option<Debugger>,
    outcome: Result<LaunchPlan, Unavailable>,
    interpreter: Option<(Interpreter, bool)>,
    wanted: Option<(Language, Version)>,
}

/// Why a runtime cannot run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No catalogue knows it.
    #[error("the runtime {0} is not known")]
    Unknown(String),
    /// It is known and there is no bootstrap for it.
    #[error("{0}")]
    Unsupported(String),
    /// No interpreter was found for it.
    #[error("no interpreter was found: {fix}")]
    Missing {
        /// What the operator can do.
        fix: String,
    },
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The file is not of the catalogue's form.
    #[error("the runtime catalogue: {0}")]
    Form(#[from] toml::de::Error),
    /// A runtime names a family that does not exist.
    #[error("the runtime catalogue: {runtime} is of the family {family}, which is not in it")]
    NoFamily {
        /// The runtime.
        runtime: String,
        /// The family.
        family: String,
    },
    /// A runtime with an interpreter names no version of it.
    #[error("the runtime catalogue: {0} names no version of its interpreter")]
    NoVersion(String),
    /// The directory that gives an interpreter its place in the environment could not be made.
    #[error("cannot prepare {path}: {reason}")]
    Prepare {
        /// The directory.
        path: PathBuf,
        /// The file system's word.
        reason: io::Error,
    },
}

/// One runtime, for `lambent doctor` and `lambent runtimes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeReport {
    /// Which runtime.
    pub id: RuntimeId,
    /// Whether AWS has ended its support.
    pub deprecated: bool,
    /// Whether and how it runs here.
    pub availability: Availability,
}

/// Whether and how a runtime runs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// By this interpreter.
    Interpreter {
        /// The program on the host.
        program: PathBuf,
        /// Its version.
        version: Version,
        /// Whether that is the version that the runtime names.
        exact: bool,
    },
    /// The function brings its own program.
    OwnProgram,
    /// It does not run here.
    Unavailable(Unavailable),
}

impl Catalogue {
    /// Reads the built-in catalogue and the operator's, and chooses among the `found` interpreters. Interpreters without a directory of
    /// their own get one below `lang_dir`.
    ///
    /// # Errors
    /// When the operator's catalogue is not of the form that `runtimes/catalogue.toml` describes, or `lang_dir` cannot be written.
    pub fn load(
        operator: Option<&str>,
        found: &[Interpreter],
        bootstraps: &Bootstraps,
        lang_dir: &Path,
    ) -> Result<Self, CatalogueError> {
        let mut file: CatalogueFile = toml::from_str(BUILT_IN)?;
        if let Some(operator) = operator {
            let theirs: CatalogueFile = toml::from_str(operator)?;
            file.family.extend(theirs.family);
            file.runtime.extend(theirs.runtime);
            // What the operator names is looked at first.
            file.package.splice(0..0, theirs.package);
            file.sdk.splice(0..0, theirs.sdk);
        }
        let host = Host {
            found,
            bootstraps,
            lang_dir,
            packages: &file.package,
            sdks: &file.sdk,
        };
        let entry = |(id, spec): (String, RuntimeSpec)| Ok((id.clone(), host.entry(&id, &spec, &file.family)?));
        let runtimes = file
            .runtime
            .into_iter()
            .map(entry)
            .collect::<Result<_, CatalogueError>>()?;
        Ok(Self {
            runtimes,
            packages: file.package,
            sdks: file.sdk,
        })
    }

    /// How to launch a runtime.
    ///
    /// # Errors
    /// [`Unavailable`] with what the operator can do.
    pub fn launch(&self, id: &RuntimeId) -> Result<LaunchPlan, Unavailable> {
        match self.runtimes.get(id.as_str()) {
            Some(entry) => entry.outcome.clone(),
            None => Err(Unavailable::Unknown(id.to_string())),
        }
    }

    /// The interpreter that a runtime names; `None` for one that is not known or needs none.
    #[must_use]
    pub fn wanted(&self, id: &RuntimeId) -> Option<(Language, &Version)> {
        let (language, version) = self.runtimes.get(id.as_str())?.wanted.as_ref()?;
        Some((*language, version))
    }

    /// What a package registry has for a runtime, for this machine.
    #[must_use]
    pub fn offer(&self, id: &RuntimeId) -> Option<Offer<'_>> {
        let (language, version) = self.wanted(id)?;
        offer(&self.packages, language, version, std::env::consts::ARCH)
    }

    /// The AWS SDK that AWS's runtime of this name brings along.
    #[must_use]
    pub fn sdk(&self, id: &RuntimeId) -> Option<&Sdk> {
        sdk::of(&self.sdks, id.as_str())
    }

    /// How a debugger gets into functions of a runtime, where one can.
    #[must_use]
    pub fn debugger(&self, id: &RuntimeId) -> Option<&Debugger> {
        self.runtimes.get(id.as_str())?.debugger.as_ref()
    }

    /// Every runtime, sorted by identifier.
    #[must_use]
    pub fn report(&self) -> Vec<RuntimeReport> {
        let report = |(id, entry): (&String, &Entry)| RuntimeReport {
            id: RuntimeId::new(id.clone()),
            deprecated: entry.deprecated,
            availability: match (&entry.outcome, &entry.interpreter) {
                (Err(unavailable), _) => Availability::Unavailable(unavailable.clone()),
                (Ok(_), None) => Availability::OwnProgram,
                (Ok(_), Some((interpreter, exact))) => Availability::Interpreter {
                    program: interpreter.program.clone(),
                    version: interpreter.version.clone(),
                    exact: *exact,
                },
            },
        };
        self.runtimes.iter().map(report).collect()
    }
}

/// What a runtime is matched against.
struct Host<'a> {
    found: &'a [Interpreter],
    bootstraps: &'a Bootstraps,
    lang_dir: &'a Path,
    packages: &'a [Package],
    sdks: &'a [Sdk],
}

impl Host<'_> {
    fn entry(
        &self,
        id: &str,
        spec: &RuntimeSpec,
        families: &BTreeMap<String, Family>,
    ) -> Result<Entry, CatalogueError> {
        let entry = |outcome, interpreter| Entry {
            deprecated: spec.deprecated,
            debugger: spec
                .family
                .as_ref()
                .and_then(|family| families.get(family)?.debug.clone()),
            outcome,
            interpreter,
            wanted: None,
        };
        let family = match (&spec.unsupported, &spec.family) {
            (Some(reason), _) => return Ok(entry(Err(Unavailable::Unsupported(reason.clone())), None)),
            (None, None) => {
                return Err(CatalogueError::NoFamily {
                    runtime: id.to_owned(),
                    family: String::new(),
                });
            }
            (None, Some(name)) => families.get(name).ok_or_else(|| CatalogueError::NoFamily {
                runtime: id.to_owned(),
                family: name.clone(),
            })?,
        };
        if family.driven {
            return Ok(entry(Ok(self.driven(id, spec, family)), None));
        }
        let Some(language) = family.interpreter else {
            return Ok(entry(Ok(own_program(spec, family)), None));
        };
        let wanted = spec
            .version
            .as_ref()
            .ok_or_else(|| CatalogueError::NoVersion(id.to_owned()))?;
        let named = |entry| Entry {
            wanted: Some((language, wanted.clone())),
            ..entry
        };
        let Some(choice) = choose(language, wanted, self.found) else {
            let mut fix = fix(id, language, wanted);
            if offer(self.packages, language, wanted, std::env::consts::ARCH).is_some() {
                fix = format!("run `lambent runtimes install {id}`, {fix}");
            }
            return Ok(named(entry(Err(Unavailable::Missing { fix }), None)));
        };
        let mut plan = self.managed(id, spec, family, choice.interpreter, choice.exact)?;
        if language == Language::Dotnet {
            let exec = dotnet::exec(choice.interpreter, wanted, choice.exact);
            plan.command.splice(1..1, exec);
            plan.env.extend(dotnet::globalization(choice.interpreter));
            plan.kind = LaunchKind::Dotnet;
        }
        if language == Language::Java {
            plan.preparation = self.bootstraps.preparation(self.found);
            if plan.preparation.is_none() && !self.bootstraps.of(language).is_dir() {
                let fix = "a JRE cannot compile the bootstrap; install a JDK of any version beside it".to_owned();
                return Ok(named(entry(Err(Unavailable::Missing { fix }), None)));
            }
        }
        Ok(named(entry(Ok(plan), Some((choice.interpreter.clone(), choice.exact)))))
    }

    fn driven(&self, id: &str, spec: &RuntimeSpec, family: &Family) -> LaunchPlan {
        let mut plan = own_program(spec, family);
        plan.env
            .push(("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{id}")));
        plan.command = vec![format!("/var/runtime/{DRIVER}"), DRIVER_ARGUMENT.to_owned()];
        plan.mounts = vec![BindMount {
            host: self.bootstraps.driver_dir().to_owned(),
            inside: "/var/runtime".to_owned(),
        }];
        plan.kind = LaunchKind::Driven;
        plan
    }

    fn managed(
        &self,
        id: &str,
        spec: &RuntimeSpec,
        family: &Family,
        interpreter: &Interpreter,
        exact: bool,
    ) -> Result<LaunchPlan, CatalogueError> {
        let name = interpreter.program.file_name().unwrap_or_default().to_string_lossy();
        let mut command = vec![format!("/var/lang/bin/{name}")];
        command.extend(family.flags.iter().cloned());
        let major = interpreter.version.major();
        for (since, flags) in &family.flags_since {
            if since.parse().is_ok_and(|since: u32| major >= since) {
                command.extend(flags.iter().cloned());
            }
        }
        match &family.main_class {
            Some(class) => command.extend(["-cp", "/var/runtime", class].map(str::to_owned)),
            None => command.push(format!("/var/runtime/{}", family.entrypoint)),
        }
        let mut env = environment(spec, family);
        env.push(("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{id}")));
        let runtime = BindMount {
            host: self.bootstraps.of(interpreter.language),
            inside: "/var/runtime".to_owned(),
        };
        let mut mounts = vec![self.lang(interpreter)?, runtime];
        mounts.extend(sdk::of(self.sdks, id).and_then(|sdk| sdk.mount(self.lang_dir)));
        Ok(LaunchPlan {
            command,
            env,
            mounts,
            working_dir: "/var/task".to_owned(),
            substituted: (!exact).then(|| interpreter.version.to_string()),
            logs: spec.logs,
            early_variables: family.early_variables.clone().filter(|_| major >= family.early_since),
            old_credential_names: spec.old_credential_names,
            preparation: None,
            kind: LaunchKind::Managed {
                heap: family.heap_flags.then_some(interpreter.language),
            },
        })
    }

    /// What becomes `/var/lang`: the interpreter's own installation, or one that only links to a program of the system,
    /// which is inside at its usual path.
    fn lang(&self, interpreter: &Interpreter) -> Result<BindMount, CatalogueError> {
        if interpreter.language == Language::Dotnet {
            return Ok(dotnet::lang(interpreter));
        }
        let mount = |host: &Path| BindMount {
            host: host.to_owned(),
            inside: "/var/lang".to_owned(),
        };
        if let Some(installation) = installation(interpreter) {
            return Ok(mount(installation));
        }
        let name = interpreter.program.file_name().unwrap_or_default();
        let dir = self.lang_dir.join(format!("lang-{}", name.to_string_lossy()));
        let link = dir.join("bin").join(name);
        let linked = fs::create_dir_all(dir.join("bin")).and_then(|()| match fs::read_link(&link) {
            Ok(target) if target == interpreter.program => Ok(()),
            Ok(_) => fs::remove_file(&link).and_then(|()| symlink(&interpreter.program, &link)),
            Err(_) => symlink(&interpreter.program, &link),
        });
        linked.map_err(|reason| CatalogueError::Prepare {
            path: dir.clone(),
            reason,
        })?;
        Ok(mount(&dir))
    }
}

/// The installation that holds nothing but the interpreter; `None` for a program of the system, whose prefix holds everything.
fn installation(interpreter: &Interpreter) -> Option<&Path> {
    let prefix = interpreter.program.parent()?.parent()?;
    // A JDK of the distribution is alone in its directory below /usr.
    let system = prefix.starts_with("/usr") && interpreter.language != Language::Java || prefix == Path::new("/");
    (!system).then_some(prefix)
}

fn own_program(spec: &RuntimeSpec, family: &Family) -> LaunchPlan {
    LaunchPlan {
        command: vec!["/var/task/bootstrap".to_owned()],
        env: environment(spec, family),
        mounts: Vec::new(),
        working_dir: "/var/task".to_owned(),
        substituted: None,
        logs: spec.logs,
        early_variables: None,
        old_credential_names: false,
        preparation: None,
        kind: LaunchKind::Provided,
    }
}

fn environment(spec: &RuntimeSpec, family: &Family) -> Vec<(String, String)> {
    let mut all = family.environment.clone();
    all.extend(spec.environment.clone());
    all.into_iter().collect()
}

/// What the operator can do for a runtime whose interpreter is not there and that no registry has.
#[must_use]
pub fn fix(id: &str, language: Language, wanted: &Version) -> String {
    let (name, managers) = match language {
        Language::Python => ("Python", "pyenv, uv"),
        Language::Node => ("Node.js", "nvm, fnm"),
        Language::Java => ("a JDK", "SDKMAN"),
        Language::Ruby => ("Ruby", "rbenv, ruby-install"),
        Language::Dotnet => (".NET", "Microsoft's packages"),
    };
    format!(
        "install {name} {wanted} ({managers} or the distribution's package), or unpack it to runtimes/{id} in the data directory"
    )
}
