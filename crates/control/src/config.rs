//! What a client may configure, from either operation that takes it, checked beyond what the model can tell.

use crate::{Refusal, RuntimeSupport};
use lambent_models::lambda::{self, CreateFunctionRequest, UpdateFunctionConfigurationRequest, schema};
use lambent_types::{
    Architecture, EnvironmentVariables, EphemeralStorage, FunctionConfig, ImageConfig, LayerReference, MemorySize,
    PackageType, RuntimeId, Timeout,
    environment::RESERVED,
    function::{LogFormat, LoggingConfig, SnapStartApplyOn, TracingMode, VpcConfig},
    limits,
};

/// The configuration a request carries; what it leaves out stays as it is.
#[derive(Default)]
pub(crate) struct Change {
    description: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    runtime: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    ephemeral_storage: Option<lambda::EphemeralStorage>,
    environment: Option<lambda::Environment>,
    vpc: Option<lambda::VpcConfig>,
    dead_letter: Option<lambda::DeadLetterConfig>,
    kms_key_arn: Option<String>,
    tracing: Option<lambda::TracingConfig>,
    logging: Option<lambda::LoggingConfig>,
    snap_start: Option<lambda::SnapStart>,
    layers: Option<Vec<LayerReference>>,
    image: Option<lambda::ImageConfig>,
    /// The first part of the request that this server does not have.
    unsupported: Option<&'static str>,
}

impl Change {
    /// The configuration of a new function; its layers have been looked up.
    pub(crate) fn of_create(input: &mut CreateFunctionRequest, layers: Option<Vec<LayerReference>>) -> Self {
        let unsupported = [
            (
                "FileSystemConfigs",
                input
                    .file_system_configs
                    .as_ref()
                    .is_some_and(|configs| !configs.is_empty()),
            ),
            ("TenancyConfig", input.tenancy_config.is_some()),
            ("CapacityProviderConfig", input.capacity_provider_config.is_some()),
            ("DurableConfig", input.durable_config.is_some()),
            ("RuntimeConfig", input.runtime_config.is_some()),
            ("AcceleratorConfig", input.accelerator_config.is_some()),
            ("PublishTo", input.publish_to.is_some()),
        ];
        Self {
            description: input.description.take(),
            role: input.role.take(),
            handler: input.handler.take(),
            runtime: input.runtime.take(),
            timeout: input.timeout,
            memory_size: input.memory_size,
            ephemeral_storage: input.ephemeral_storage.take(),
            environment: input.environment.take(),
            vpc: input.vpc_config.take(),
            dead_letter: input.dead_letter_config.take(),
            kms_key_arn: input.kms_key_arn.take(),
            tracing: input.tracing_config.take(),
            logging: input.logging_config.take(),
            snap_start: input.snap_start.take(),
            layers,
            image: input.image_config.take(),
            unsupported: first(&unsupported),
        }
    }

    /// The changes to an existing function; its layers have been looked up.
    pub(crate) fn of_update(input: UpdateFunctionConfigurationRequest, layers: Option<Vec<LayerReference>>) -> Self {
        let unsupported = [
            (
                "FileSystemConfigs",
                input.file_system_configs.is_some_and(|configs| !configs.is_empty()),
            ),
            ("CapacityProviderConfig", input.capacity_provider_config.is_some()),
            ("DurableConfig", input.durable_config.is_some()),
            ("RuntimeConfig", input.runtime_config.is_some()),
            ("AcceleratorConfig", input.accelerator_config.is_some()),
        ];
        Self {
            description: input.description,
            role: input.role,
            handler: input.handler,
            runtime: input.runtime,
            timeout: input.timeout,
            memory_size: input.memory_size,
            ephemeral_storage: input.ephemeral_storage,
            environment: input.environment,
            vpc: input.vpc_config,
            dead_letter: input.dead_letter_config,
            kms_key_arn: input.kms_key_arn,
            tracing: input.tracing_config,
            logging: input.logging_config,
            snap_start: input.snap_start,
            layers,
            image: input.image_config,
            unsupported: first(&unsupported),
        }
    }

    /// Refuses what the other kind of code has. AWS's words are not recorded for an `ImageConfig`; the others are as its users quote them.
    fn check_kind(&self, package: PackageType) -> Result<(), Refusal> {
        let layers = self.layers.as_ref().is_some_and(|layers| !layers.is_empty());
        let text = match package {
            PackageType::Zip if self.image.clone().and_then(image_config).is_some() => {
                "Please don't provide ImageConfig when the intended function PackageType is Zip."
            }
            PackageType::Image if self.handler.is_some() || self.runtime.is_some() => {
                "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
            }
            PackageType::Image if layers => {
                "Lambda layers are not supported for functions created with container images."
            }
            PackageType::Zip | PackageType::Image => return Ok(()),
        };
        Err(Refusal::InvalidParameter(text.to_owned()))
    }

    /// Checks the changes and lays them over `base`, of a function with that kind of code.
    pub(crate) fn apply(
        self,
        base: FunctionConfig,
        package: PackageType,
        support: RuntimeSupport,
    ) -> Result<FunctionConfig, Refusal> {
        if let Some(part) = self.unsupported {
            return Err(Refusal::NotImplemented(part));
        }
        self.check_kind(package)?;
        let environment = self.environment.map(variables).transpose()?;
        Ok(FunctionConfig {
            description: self.description.unwrap_or(base.description),
            role: self.role.unwrap_or(base.role),
            handler: self.handler.unwrap_or(base.handler),
            runtime: self
                .runtime
                .map(|id| runtime(&id, support))
                .transpose()?
                .unwrap_or(base.runtime),
            architecture: base.architecture,
            memory: self.memory_size.map(memory).transpose()?.unwrap_or(base.memory),
            timeout: self.timeout.map(timeout).transpose()?.unwrap_or(base.timeout),
            ephemeral_storage: self
                .ephemeral_storage
                .and_then(|storage| storage.size)
                .map(ephemeral_storage)
                .transpose()?
                .unwrap_or(base.ephemeral_storage),
            environment: environment.or(base.environment),
            tracing_mode: self
                .tracing
                .and_then(|tracing| tracing.mode)
                .map_or(base.tracing_mode, |mode| tracing_mode(&mode)),
            dead_letter_target: match self.dead_letter {
                Some(config) => config.target_arn.filter(|target| !target.is_empty()),
                None => base.dead_letter_target,
            },
            kms_key_arn: match self.kms_key_arn {
                Some(arn) => Some(arn).filter(|arn| !arn.is_empty()),
                None => base.kms_key_arn,
            },
            vpc: self.vpc.map_or(base.vpc, vpc),
            logging: self
                .logging
                .map_or(Ok(base.logging.clone()), |change| logging(change, base.logging))?,
            snap_start: self
                .snap_start
                .and_then(|snap| snap.apply_on)
                .map_or(base.snap_start, |on| snap_start(&on)),
            layers: self.layers.unwrap_or(base.layers),
            image: self.image.map_or(base.image, image_config),
        })
    }
}

/// What a function has that was told nothing.
pub(crate) fn defaults() -> FunctionConfig {
    FunctionConfig {
        description: String::new(),
        role: String::new(),
        handler: String::new(),
        runtime: RuntimeId::new(""),
        architecture: Architecture::default(),
        memory: MemorySize::DEFAULT,
        timeout: Timeout::DEFAULT,
        ephemeral_storage: EphemeralStorage::DEFAULT,
        environment: None,
        tracing_mode: TracingMode::default(),
        dead_letter_target: None,
        kms_key_arn: None,
        vpc: None,
        logging: LoggingConfig::default(),
        snap_start: SnapStartApplyOn::default(),
        layers: Vec::new(),
        image: None,
    }
}

/// The kind of code a request announces. The model has checked the value.
pub(crate) fn package_type(name: Option<&str>) -> PackageType {
    match name {
        Some("Image") => PackageType::Image,
        _ => PackageType::Zip,
    }
}

/// The instruction set a request asks for. The model has checked the values.
pub(crate) fn architecture(names: Option<Vec<String>>) -> Option<Architecture> {
    names
        .and_then(|names| names.into_iter().next())
        .and_then(|name| Architecture::parse(&name))
}

fn first(unsupported: &[(&'static str, bool)]) -> Option<&'static str> {
    unsupported.iter().find_map(|(part, present)| present.then_some(*part))
}

/// The identifiers AWS accepts today, in the order in which it lists them when it refuses one: the same that it prints for layers.
fn accepted_by_aws() -> &'static [&'static str] {
    schema::COMPATIBLE_RUNTIMES.rules.printed_values.unwrap_or_default()
}

fn runtime(id: &str, support: RuntimeSupport) -> Result<RuntimeId, Refusal> {
    let known = accepted_by_aws().contains(&id) || schema::RUNTIME.rules.values.contains(&id);
    if !known {
        return Err(Refusal::InvalidParameter(format!(
            "Value {id} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a valid ARN",
            accepted_by_aws().join(", ")
        )));
    }
    if support == RuntimeSupport::Aws && !accepted_by_aws().contains(&id) {
        return Err(Refusal::InvalidParameter(format!(
            "The runtime parameter of {id} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    Ok(RuntimeId::new(id))
}

/// The model's upper bounds are those of managed instances; ordinary functions have these.
fn too_large(value: i64, member: &str, limit: u32) -> Refusal {
    Refusal::Invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must have value less than or equal to {limit}"
    ))
}

fn memory(mb: i64) -> Result<MemorySize, Refusal> {
    let size = u32::try_from(mb).ok().and_then(MemorySize::from_mb);
    size.ok_or_else(|| too_large(mb, "memorySize", MemorySize::MAX_MB))
}

fn timeout(seconds: i64) -> Result<Timeout, Refusal> {
    let timeout = u32::try_from(seconds).ok().and_then(Timeout::from_seconds);
    timeout.ok_or_else(|| too_large(seconds, "timeout", 900))
}

fn ephemeral_storage(mb: i64) -> Result<EphemeralStorage, Refusal> {
    let size = u32::try_from(mb).ok().and_then(EphemeralStorage::from_mb);
    size.ok_or_else(|| too_large(mb, "ephemeralStorage.size", 10_240))
}

fn variables(environment: lambda::Environment) -> Result<EnvironmentVariables, Refusal> {
    let variables = environment.variables.unwrap_or_default();
    let measured = serde_json::to_string(&variables).unwrap_or_default();
    if measured.len() > limits::ENVIRONMENT_BYTES {
        return Err(Refusal::InvalidParameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    let reserved: Vec<_> = variables
        .iter()
        .map(|(name, _)| name)
        .filter(|name| RESERVED.contains(name))
        .collect();
    if !reserved.is_empty() {
        return Err(Refusal::InvalidParameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. \
             Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    Ok(variables.into_iter().collect())
}

fn vpc(config: lambda::VpcConfig) -> Option<VpcConfig> {
    let asked = config.subnet_ids.is_some() || config.security_group_ids.is_some();
    asked.then(|| VpcConfig {
        subnet_ids: config.subnet_ids.unwrap_or_default(),
        security_group_ids: config.security_group_ids.unwrap_or_default(),
        ipv6_allowed_for_dual_stack: config.ipv6_allowed_for_dual_stack.unwrap_or_default(),
    })
}

/// What is overridden is replaced as a whole; with nothing in it, nothing is (recorded: `test_lambda_image_and_image_config_crud`).
fn image_config(config: lambda::ImageConfig) -> Option<ImageConfig> {
    let config = ImageConfig {
        entry_point: config.entry_point.filter(|parts| !parts.is_empty()),
        command: config.command.filter(|parts| !parts.is_empty()),
        working_directory: config.working_directory.filter(|path| !path.is_empty()),
    };
    (config != ImageConfig::default()).then_some(config)
}

fn logging(change: lambda::LoggingConfig, base: LoggingConfig) -> Result<LoggingConfig, Refusal> {
    let format = match change.log_format.as_deref() {
        Some("JSON") => LogFormat::Json,
        Some(_) => LogFormat::Text,
        None => base.format,
    };
    let levels = change.application_log_level.is_some() || change.system_log_level.is_some();
    if levels && format == LogFormat::Text {
        let text = "To set log levels for your function, you must set the log format to JSON.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    Ok(LoggingConfig {
        format,
        application_level: change.application_log_level.or(base.application_level),
        system_level: change.system_log_level.or(base.system_level),
        group: change.log_group.or(base.group),
    })
}

fn tracing_mode(mode: &str) -> TracingMode {
    if mode == TracingMode::Active.as_str() {
        TracingMode::Active
    } else {
        TracingMode::PassThrough
    }
}

fn snap_start(apply_on: &str) -> SnapStartApplyOn {
    if apply_on == SnapStartApplyOn::PublishedVersions.as_str() {
        SnapStartApplyOn::PublishedVersions
    } else {
        SnapStartApplyOn::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: Change, support: RuntimeSupport) -> String {
        match change.apply(defaults(), PackageType::Zip, support) {
            Err(Refusal::InvalidParameter(text) | Refusal::Invalid(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn runtimes_are_refused_in_recorded_words() {
        let of = |id: &str| Change {
            runtime: Some(id.to_owned()),
            ..Change::default()
        };
        assert!(
            of("nodejs6.10")
                .apply(defaults(), PackageType::Zip, RuntimeSupport::Guide)
                .is_ok()
        );
        assert_eq!(
            refused(of("go1.x"), RuntimeSupport::Aws),
            "The runtime parameter of go1.x is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        );
        let unknown = refused(of("PYTHON3.9"), RuntimeSupport::Guide);
        assert!(unknown.starts_with("Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs20.x, python3.14,"));
        assert!(unknown.ends_with("java8.al2] or be a valid ARN"));
    }

    #[test]
    fn the_environment_is_measured_as_json_in_the_given_order() {
        let variables = [
            ("SMALL_VAR".to_owned(), "ok".to_owned()),
            ("LARGE_VAR".to_owned(), "x".repeat(4_096)),
        ];
        let environment = lambda::Environment {
            variables: Some(variables.into_iter().collect()),
        };
        let text = refused(
            Change {
                environment: Some(environment),
                ..Change::default()
            },
            RuntimeSupport::Guide,
        );
        assert!(
            text.contains(r#"String measured: {"SMALL_VAR":"ok","LARGE_VAR":"xxx"#),
            "{text}"
        );
    }

    #[test]
    fn empty_values_that_tools_send_clear_or_change_nothing() {
        let change = Change {
            vpc: Some(lambda::VpcConfig::default()),
            dead_letter: Some(lambda::DeadLetterConfig::default()),
            kms_key_arn: Some(String::new()),
            layers: Some(Vec::new()),
            environment: Some(lambda::Environment::default()),
            ..Change::default()
        };
        let config = change
            .apply(defaults(), PackageType::Zip, RuntimeSupport::Guide)
            .unwrap();
        assert_eq!(
            (config.vpc, config.dead_letter_target, config.kms_key_arn),
            (None, None, None)
        );
        assert_eq!(config.environment, Some(EnvironmentVariables::default()));
    }

    #[test]
    fn what_the_other_kind_of_code_has_is_refused() {
        let text = |change: Change, package| match change.apply(defaults(), package, RuntimeSupport::Guide) {
            Err(Refusal::InvalidParameter(text)) => text,
            other => panic!("{other:?}"),
        };
        let handler = || Change {
            handler: Some("index.handler".to_owned()),
            ..Change::default()
        };
        assert_eq!(
            text(handler(), PackageType::Image),
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        );
        let command = |parts: &[&str]| Change {
            image: Some(lambda::ImageConfig {
                command: Some(parts.iter().map(ToString::to_string).collect()),
                ..lambda::ImageConfig::default()
            }),
            ..Change::default()
        };
        assert!(text(command(&["run"]), PackageType::Zip).contains("ImageConfig"));
        let base = || {
            command(&["run"])
                .apply(defaults(), PackageType::Image, RuntimeSupport::Guide)
                .unwrap()
        };
        assert_eq!(base().image.unwrap().command.unwrap(), ["run"]);
        let kept = Change::default().apply(base(), PackageType::Image, RuntimeSupport::Guide);
        assert_eq!(kept.unwrap(), base());
        let cleared = command(&[]).apply(base(), PackageType::Image, RuntimeSupport::Guide);
        assert_eq!(cleared.unwrap().image, None);
    }

    #[test]
    fn ordinary_functions_have_lower_bounds_than_the_model() {
        let text = refused(
            Change {
                timeout: Some(901),
                ..Change::default()
            },
            RuntimeSupport::Guide,
        );
        assert!(
            text.ends_with(
                "at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"
            )
        );
        assert!(
            Change {
                memory_size: Some(10_240),
                ..Change::default()
            }
            .apply(defaults(), PackageType::Zip, RuntimeSupport::Guide)
            .is_ok()
        );
    }
}
