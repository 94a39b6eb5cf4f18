//! Stored records as the API shows them. Which member is present when follows the recorded answers.

use lambent_models::lambda::{
    DeadLetterConfig, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, ImageConfig, ImageConfigResponse,
    Layer, LoggingConfig, RuntimeVersionConfig, SnapStartResponse, TracingConfigResponse, VpcConfigResponse,
};
use lambent_types::{
    FunctionConfig, FunctionRecord, LastUpdateStatus, LayerReference, PackageType, Scope, State, Version, function,
    function::LogFormat,
};

const BEING_CREATED: (&str, &str) = ("The function is being created.", "Creating");

/// The ARN of a version: `$LATEST` goes without a qualifier.
pub(crate) fn arn(record: &FunctionRecord) -> String {
    match record.key.version {
        Version::Latest => record.key.function.arn(),
        Version::Published(_) => qualified_arn(record),
    }
}

/// The ARN of a version with its qualifier.
pub(crate) fn qualified_arn(record: &FunctionRecord) -> String {
    record.key.function.qualified_arn(&record.key.version.to_string())
}

/// A version as every operation but the lists shows it.
pub(crate) fn configuration(record: &FunctionRecord, arn: String) -> FunctionConfiguration {
    let (state_reason, state_reason_code) = state_reason(&record.state).unzip();
    let (update_reason, update_reason_code) = update_reason(&record.last_update).unzip();
    // A function that is still being created has not been updated.
    let last_update_status = (record.state != State::Pending).then(|| record.last_update.as_str().to_owned());
    FunctionConfiguration {
        state: Some(record.state.as_str().to_owned()),
        state_reason,
        state_reason_code,
        last_update_status,
        last_update_status_reason: update_reason,
        last_update_status_reason_code: update_reason_code,
        runtime_version_config: is_zip(record).then(|| RuntimeVersionConfig {
            runtime_version_arn: Some(
                record
                    .config
                    .runtime
                    .version_arn(record.config.architecture, &record.key.function.scope.region),
            ),
            error: None,
        }),
        ..listed(record, arn)
    }
}

/// A version as the lists show it: without its state.
pub(crate) fn listed(record: &FunctionRecord, arn: String) -> FunctionConfiguration {
    let FunctionConfig {
        runtime,
        memory,
        timeout,
        ephemeral_storage,
        logging,
        ..
    } = &record.config;
    let config = record.config.clone();
    FunctionConfiguration {
        function_name: Some(record.key.function.name.to_string()),
        function_arn: Some(arn),
        runtime: is_zip(record).then(|| runtime.as_str().to_owned()),
        role: Some(config.role),
        handler: is_zip(record).then_some(config.handler),
        code_size: i64::try_from(record.code.size()).ok(),
        description: Some(config.description),
        timeout: Some(i64::from(timeout.seconds())),
        memory_size: Some(i64::from(memory.mb())),
        last_modified: Some(record.last_modified.to_lambda_string()),
        code_sha256: Some(record.code.sha256()),
        version: Some(record.key.version.to_string()),
        vpc_config: config.vpc.map(|config| vpc(config, &record.key.function.scope)),
        dead_letter_config: config.dead_letter_target.map(|target| DeadLetterConfig {
            target_arn: Some(target),
        }),
        environment: config.environment.map(|variables| EnvironmentResponse {
            variables: Some(
                variables
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            ),
            error: None,
        }),
        kms_key_arn: config.kms_key_arn,
        layers: (!config.layers.is_empty()).then(|| config.layers.into_iter().map(layer).collect()),
        tracing_config: Some(TracingConfigResponse {
            mode: Some(config.tracing_mode.as_str().to_owned()),
        }),
        revision_id: Some(record.revision.to_string()),
        image_config_response: config.image.map(image_config),
        package_type: Some(record.code.package_type().as_str().to_owned()),
        architectures: Some(vec![config.architecture.as_str().to_owned()]),
        ephemeral_storage: Some(EphemeralStorage {
            size: Some(i64::from(ephemeral_storage.mb())),
        }),
        snap_start: Some(SnapStartResponse {
            apply_on: Some(config.snap_start.as_str().to_owned()),
            optimization_status: Some("Off".to_owned()),
        }),
        logging_config: Some(logging_config(logging, record)),
        ..FunctionConfiguration::default()
    }
}

fn is_zip(record: &FunctionRecord) -> bool {
    record.code.package_type() == PackageType::Zip
}

fn image_config(config: lambent_types::ImageConfig) -> ImageConfigResponse {
    ImageConfigResponse {
        image_config: Some(ImageConfig {
            entry_point: config.entry_point,
            command: config.command,
            working_directory: config.working_directory,
        }),
        error: None,
    }
}

fn state_reason(state: &State) -> Option<(String, String)> {
    match state {
        State::Pending => Some((BEING_CREATED.0.to_owned(), BEING_CREATED.1.to_owned())),
        State::Failed { code, reason } => Some((reason.clone(), code.as_str().to_owned())),
        State::Active | State::Inactive => None,
    }
}

fn update_reason(status: &LastUpdateStatus) -> Option<(String, String)> {
    match status {
        LastUpdateStatus::InProgress => Some((BEING_CREATED.0.to_owned(), BEING_CREATED.1.to_owned())),
        LastUpdateStatus::Failed { code, reason } => Some((reason.clone(), code.as_str().to_owned())),
        LastUpdateStatus::Successful => None,
    }
}

fn layer(layer: LayerReference) -> Layer {
    Layer {
        arn: Some(layer.arn),
        code_size: i64::try_from(layer.size).ok(),
        ..Layer::default()
    }
}

/// There are no VPCs here: an account has one in each region, and all subnets are of it. Without subnets AWS shows an empty id
/// (recorded: `test_vpc_config`).
fn vpc(vpc: function::VpcConfig, scope: &Scope) -> VpcConfigResponse {
    let id = (!vpc.subnet_ids.is_empty()).then(|| format!("vpc-{:0>17}", scope.account.as_str()));
    VpcConfigResponse {
        subnet_ids: Some(vpc.subnet_ids),
        security_group_ids: Some(vpc.security_group_ids),
        vpc_id: Some(id.unwrap_or_default()),
        ipv6_allowed_for_dual_stack: Some(vpc.ipv6_allowed_for_dual_stack),
    }
}

/// Levels exist for JSON logs only and are INFO unless set.
fn logging_config(logging: &function::LoggingConfig, record: &FunctionRecord) -> LoggingConfig {
    let level = |set: &Option<String>| {
        (logging.format == LogFormat::Json).then(|| set.clone().unwrap_or_else(|| "INFO".to_owned()))
    };
    LoggingConfig {
        log_format: Some(logging.format.as_str().to_owned()),
        application_log_level: level(&logging.application_level),
        system_log_level: level(&logging.system_level),
        log_group: Some(logging.group_of(&record.key.function.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    /// Follows the recording `test_vpc_config`.
    #[test]
    fn the_subnets_of_an_account_are_of_one_vpc() {
        let scope = record("f").key.function.scope;
        let id_of = |subnets: &[&str]| {
            let config = function::VpcConfig {
                subnet_ids: subnets.iter().map(ToString::to_string).collect(),
                ..function::VpcConfig::default()
            };
            vpc(config, &scope).vpc_id.unwrap()
        };
        assert_eq!(id_of(&["subnet-1"]), "vpc-00000111111111111");
        assert_eq!(id_of(&["subnet-2"]), id_of(&["subnet-1"]));
        assert_eq!(id_of(&[]), "");
    }
}
