//! What a client may set on an event source mapping, source by source: what the recordings show, and the member descriptions of
//! `CreateEventSourceMapping`.

use crate::{
    Refusal,
    mapping::{BROKERS, Family, Mapping, Step},
};
use lambent_engine::pattern::Pattern;
use lambent_models::lambda::{
    AmazonManagedKafkaEventSourceConfig, CreateEventSourceMappingRequest, DestinationConfig,
    DocumentDBEventSourceConfig, EventSourceMappingLoggingConfig, EventSourceMappingMetricsConfig, FilterCriteria,
    ProvisionedPollerConfig, ScalingConfig, SelfManagedKafkaEventSourceConfig, SourceAccessConfiguration,
    UpdateEventSourceMappingRequest,
};
use lambent_types::{
    Timestamp,
    event_source_mapping::{EventSource, EventSourceMapping, SourceAccess, StartingPosition, StreamSettings},
};

/// The settings a request carries; what it leaves out stays as it is.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) enabled: Option<bool>,
    batch_size: Option<i64>,
    batch_window: Option<i64>,
    filters: Option<FilterCriteria>,
    kms_key_arn: Option<String>,
    metrics: Option<EventSourceMappingMetricsConfig>,
    logging: Option<EventSourceMappingLoggingConfig>,
    scaling: Option<ScalingConfig>,
    parallelization: Option<i64>,
    destination: Option<DestinationConfig>,
    maximum_record_age: Option<i64>,
    bisect: Option<bool>,
    maximum_retries: Option<i64>,
    tumbling_window: Option<i64>,
    access: Option<Vec<SourceAccessConfiguration>>,
    response_types: Option<Vec<String>>,
    msk: Option<AmazonManagedKafkaEventSourceConfig>,
    kafka: Option<SelfManagedKafkaEventSourceConfig>,
    document_db: Option<DocumentDBEventSourceConfig>,
    pollers: Option<ProvisionedPollerConfig>,
}

/// Both requests have the same members under the same names.
macro_rules! settings {
    ($input:expr) => {
        Settings {
            enabled: $input.enabled,
            batch_size: $input.batch_size,
            batch_window: $input.maximum_batching_window_in_seconds,
            filters: $input.filter_criteria.clone(),
            kms_key_arn: $input.kms_key_arn.clone(),
            metrics: $input.metrics_config.clone(),
            logging: $input.logging_config.clone(),
            scaling: $input.scaling_config.clone(),
            parallelization: $input.parallelization_factor,
            destination: $input.destination_config.clone(),
            maximum_record_age: $input.maximum_record_age_in_seconds,
            bisect: $input.bisect_batch_on_function_error,
            maximum_retries: $input.maximum_retry_attempts,
            tumbling_window: $input.tumbling_window_in_seconds,
            access: $input.source_access_configurations.clone(),
            response_types: $input.function_response_types.clone(),
            msk: $input.amazon_managed_kafka_event_source_config.clone(),
            kafka: $input.self_managed_kafka_event_source_config.clone(),
            document_db: $input.document_db_event_source_config.clone(),
            pollers: $input.provisioned_poller_config.clone(),
        }
    };
}

impl From<&CreateEventSourceMappingRequest> for Settings {
    fn from(input: &CreateEventSourceMappingRequest) -> Self {
        settings!(input)
    }
}

impl From<&UpdateEventSourceMappingRequest> for Settings {
    fn from(input: &UpdateEventSourceMappingRequest) -> Self {
        settings!(input)
    }
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::InvalidParameter(text.into())
}

fn missing(member: &str) -> Refusal {
    invalid(format!("Required '{member}' parameter is missing."))
}

fn unsupported(member: &str) -> Refusal {
    invalid(format!(
        "Unsupported {member} parameter for given event source mapping type."
    ))
}

/// What a request is to read.
pub(crate) fn source(input: &CreateEventSourceMappingRequest) -> Result<EventSource, Refusal> {
    let unrecognized = || invalid("Unrecognized event source.");
    let topics = || input.topics.clone().ok_or_else(|| missing("topics"));
    let Some(arn) = input.event_source_arn.clone() else {
        let endpoints = input
            .self_managed_event_source
            .as_ref()
            .and_then(|source| source.endpoints.as_ref());
        let brokers = endpoints
            .and_then(|endpoints| endpoints.get(BROKERS))
            .cloned()
            .ok_or_else(unrecognized)?;
        require_access(input)?;
        let topics = topics()?;
        return Ok(EventSource::Kafka { brokers, topics });
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = parts.as_slice() else {
        return Err(unrecognized());
    };
    match *service {
        "sqs" => Ok(EventSource::Sqs {
            fifo: resource.ends_with(".fifo"),
            arn,
        }),
        "kinesis" => Ok(EventSource::Kinesis { arn }),
        "dynamodb" if resource.contains("/stream/") => Ok(EventSource::DynamoDb { arn }),
        "kafka" => Ok(EventSource::Msk { arn, topics: topics()? }),
        "mq" => {
            require_access(input)?;
            let queues = input.queues.clone().ok_or_else(|| missing("queues"))?;
            Ok(EventSource::Mq { arn, queues })
        }
        "rds" => {
            require_access(input)?;
            let config = input.document_db_event_source_config.clone().unwrap_or_default();
            Ok(EventSource::DocumentDb {
                arn,
                database: config.database_name.ok_or_else(|| missing("databaseName"))?,
                collection: config.collection_name,
                full_document: config.full_document.unwrap_or_else(|| "Default".to_owned()),
            })
        }
        _ => Err(unrecognized()),
    }
}

fn require_access(input: &CreateEventSourceMappingRequest) -> Result<(), Refusal> {
    match &input.source_access_configurations {
        Some(access) if !access.is_empty() => Ok(()),
        _ => Err(missing("sourceAccessConfigurations")),
    }
}

/// Where a request says reading is to begin. The model has checked the name. Self-managed Kafka is read from its beginning unless the
/// request says otherwise (recorded: `test_create_event_source_self_managed`, step `event-source-mapping-default`).
pub(crate) fn start(
    source: &EventSource,
    position: Option<&str>,
    moment: Option<Timestamp>,
) -> Result<Option<StartingPosition>, Refusal> {
    let null = |member: &str| {
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null."
        ))
    };
    match (Family::of(source), position) {
        (Family::Sqs, Some(_)) => Err(invalid("StartingPosition is not valid for SQS event sources.")),
        (Family::Mq, Some(_)) => Err(unsupported("StartingPosition")),
        (Family::Sqs | Family::Mq, None) => Ok(None),
        (Family::Kafka, None) => Ok(Some(StartingPosition::TrimHorizon)),
        (_, None) => Err(null("startingPosition")),
        (_, Some("TRIM_HORIZON")) => Ok(Some(StartingPosition::TrimHorizon)),
        (_, Some("AT_TIMESTAMP")) => match (source, moment) {
            (EventSource::DynamoDb { arn }, _) => {
                Err(invalid(format!("Unsupported starting position for arn type: {arn}")))
            }
            (_, Some(moment)) => Ok(Some(StartingPosition::AtTimestamp(moment))),
            (_, None) => Err(null("startingPositionTimestamp")),
        },
        (_, Some(_)) => Ok(Some(StartingPosition::Latest)),
    }
}

/// Whether a request carries a setting.
type Carries = fn(&Settings) -> bool;

/// Which sources have which setting; all have those that are not here.
const SETTINGS: &[(&str, Carries, &[Family])] = &[
    (
        "ParallelizationFactor",
        |it| it.parallelization.is_some(),
        &[Family::Stream],
    ),
    (
        "TumblingWindowInSeconds",
        |it| it.tumbling_window.is_some(),
        &[Family::Stream],
    ),
    ("BisectBatchOnFunctionError", |it| it.bisect.is_some(), RECORDS),
    (
        "MaximumRecordAgeInSeconds",
        |it| it.maximum_record_age.is_some(),
        RECORDS,
    ),
    ("MaximumRetryAttempts", |it| it.maximum_retries.is_some(), RECORDS),
    (
        "DestinationConfig",
        |it| it.destination.as_ref().is_some_and(leads_somewhere),
        RECORDS,
    ),
    (
        "FunctionResponseTypes",
        |it| it.response_types.as_ref().is_some_and(|types| !types.is_empty()),
        &[Family::Sqs, Family::Stream, Family::Msk, Family::Kafka],
    ),
    (
        "ScalingConfig",
        |it| it.scaling.as_ref().is_some_and(|it| it.maximum_concurrency.is_some()),
        &[Family::Sqs],
    ),
    (
        "SourceAccessConfigurations",
        |it| it.access.as_ref().is_some_and(|access| !access.is_empty()),
        &[Family::Msk, Family::Kafka, Family::Mq, Family::DocumentDb],
    ),
    (
        "AmazonManagedKafkaEventSourceConfig",
        |it| it.msk.is_some(),
        &[Family::Msk],
    ),
    (
        "SelfManagedKafkaEventSourceConfig",
        |it| it.kafka.is_some(),
        &[Family::Kafka],
    ),
    (
        "DocumentDBEventSourceConfig",
        |it| it.document_db.is_some(),
        &[Family::DocumentDb],
    ),
    (
        "ProvisionedPollerConfig",
        |it| it.pollers.is_some(),
        &[Family::Sqs, Family::Msk, Family::Kafka],
    ),
];

/// Sources of records that are given up some day.
const RECORDS: &[Family] = &[Family::Stream, Family::Msk, Family::Kafka];

fn leads_somewhere(config: &DestinationConfig) -> bool {
    let failure = config.on_failure.as_ref().and_then(|on| on.destination.as_ref());
    let success = config.on_success.as_ref().and_then(|on| on.destination.as_ref());
    failure.or(success).is_some()
}

/// A mapping before anything is set.
pub(crate) fn defaults(mut mapping: EventSourceMapping) -> Mapping {
    let family = Family::of(&mapping.source);
    mapping.batch_size = if family == Family::Sqs { 10 } else { 100 };
    mapping.batch_window = matches!(family, Family::Sqs | Family::Stream).then_some(0);
    mapping.response_types = matches!(family, Family::Sqs | Family::Stream).then(Vec::new);
    mapping.stream = (family == Family::Stream).then(StreamSettings::default);
    let mut kept = crate::mapping::Kept::default();
    // Offsets are kept for a group of the mapping's own name unless another is given.
    let group = Some(mapping.id.clone());
    match family {
        Family::Msk => {
            kept.msk = Some(AmazonManagedKafkaEventSourceConfig {
                consumer_group_id: group.clone(),
                ..AmazonManagedKafkaEventSourceConfig::default()
            });
            mapping.consumer_group = group;
        }
        Family::Kafka => {
            kept.kafka = Some(SelfManagedKafkaEventSourceConfig {
                consumer_group_id: group.clone(),
                ..SelfManagedKafkaEventSourceConfig::default()
            });
            mapping.consumer_group = group;
        }
        Family::Sqs | Family::Stream | Family::Mq | Family::DocumentDb => {}
    }
    Mapping {
        mapping,
        kept,
        step: Step::Create,
    }
}

/// The model has checked the bounds.
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl Settings {
    /// Checks the settings and lays them over `base`.
    pub(crate) fn apply(self, base: Mapping) -> Result<Mapping, Refusal> {
        let family = Family::of(&base.mapping.source);
        let wrong =
            |(_, carried, families): &&(&str, Carries, &[Family])| carried(&self) && !families.contains(&family);
        if let Some((member, ..)) = SETTINGS.iter().find(wrong) {
            return Err(unsupported(member));
        }
        let Mapping {
            mut mapping,
            mut kept,
            step,
        } = base;
        mapping.enabled = self.enabled.unwrap_or(mapping.enabled);
        mapping.batch_size = self.batch_size.map_or(mapping.batch_size, small);
        mapping.batch_window = self.batch_window.map(small).or(mapping.batch_window);
        check_batch(&mapping)?;
        if let Some(criteria) = self.filters.clone() {
            mapping.filters = patterns(criteria)?;
        }
        if let Some(arn) = self.kms_key_arn.clone() {
            mapping.kms_key_arn = Some(arn).filter(|arn| !arn.is_empty());
        }
        if let Some(scaling) = &self.scaling {
            mapping.maximum_concurrency = scaling.maximum_concurrency.map(small);
        }
        if let Some(config) = self.destination.clone() {
            let given = |destination: Option<String>| destination.filter(|destination| !destination.is_empty());
            mapping.on_failure = given(config.on_failure.and_then(|on| on.destination));
            mapping.on_success = given(config.on_success.and_then(|on| on.destination));
        }
        mapping.stream = self.stream(mapping.stream);
        if let Some(access) = &self.access {
            mapping.access = (!access.is_empty()).then(|| access.iter().cloned().map(source_access).collect());
        }
        mapping.response_types = self.response_types.clone().or(mapping.response_types);
        self.document_db(&mut mapping.source);
        self.kafka_group(&mut mapping, &mut kept);
        kept.metrics = self.metrics.or(kept.metrics);
        kept.logging = self.logging.or(kept.logging);
        kept.pollers = self.pollers.or(kept.pollers);
        Ok(Mapping { mapping, kept, step })
    }

    fn stream(&self, base: Option<StreamSettings>) -> Option<StreamSettings> {
        let given = self.bisect.is_some() || self.maximum_record_age.is_some() || self.maximum_retries.is_some();
        let base = base.or_else(|| given.then(StreamSettings::default))?;
        Some(StreamSettings {
            parallelization: self.parallelization.map_or(base.parallelization, small),
            bisect: self.bisect.unwrap_or(base.bisect),
            maximum_record_age: self.maximum_record_age.unwrap_or(base.maximum_record_age),
            maximum_retries: self.maximum_retries.unwrap_or(base.maximum_retries),
            tumbling_window: self.tumbling_window.map_or(base.tumbling_window, small),
        })
    }

    fn document_db(&self, source: &mut EventSource) {
        if let EventSource::DocumentDb {
            database,
            collection,
            full_document,
            ..
        } = source
            && let Some(config) = &self.document_db
        {
            if let Some(name) = &config.database_name {
                database.clone_from(name);
            }
            if config.collection_name.is_some() {
                collection.clone_from(&config.collection_name);
            }
            if let Some(full) = &config.full_document {
                full_document.clone_from(full);
            }
        }
    }

    fn kafka_group(&self, mapping: &mut EventSourceMapping, kept: &mut crate::mapping::Kept) {
        let msk = self.msk.as_ref().and_then(|config| config.consumer_group_id.clone());
        let kafka = self.kafka.as_ref().and_then(|config| config.consumer_group_id.clone());
        mapping.consumer_group = msk.or(kafka).or(mapping.consumer_group.take());
        if let Some(mut config) = self.msk.clone() {
            config.consumer_group_id.clone_from(&mapping.consumer_group);
            kept.msk = Some(config);
        }
        if let Some(mut config) = self.kafka.clone() {
            config.consumer_group_id.clone_from(&mapping.consumer_group);
            kept.kafka = Some(config);
        }
    }
}

fn check_batch(mapping: &EventSourceMapping) -> Result<(), Refusal> {
    let (size, window) = (mapping.batch_size, mapping.batch_window.unwrap_or_default());
    let EventSource::Sqs { fifo, .. } = mapping.source else {
        return Ok(());
    };
    if fifo && window > 0 {
        return Err(invalid("Batching window is not supported for FIFO queues."));
    }
    if fifo && size > 10 {
        return Err(invalid(
            "The batch size of a FIFO queue must be less than or equal to 10.",
        ));
    }
    if size > 10 && window == 0 {
        let text = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
        return Err(invalid(text));
    }
    Ok(())
}

fn patterns(criteria: FilterCriteria) -> Result<Vec<String>, Refusal> {
    let patterns: Vec<_> = criteria
        .filters
        .unwrap_or_default()
        .into_iter()
        .filter_map(|filter| filter.pattern)
        .collect();
    if patterns.iter().all(|pattern| Pattern::parse(pattern).is_ok()) {
        Ok(patterns)
    } else {
        Err(invalid("Invalid filter pattern definition."))
    }
}

fn source_access(access: SourceAccessConfiguration) -> SourceAccess {
    SourceAccess {
        kind: access.r#type.unwrap_or_default(),
        uri: access.uri.unwrap_or_default(),
    }
}
