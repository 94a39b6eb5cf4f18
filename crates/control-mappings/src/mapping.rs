//! Event source mappings as they are kept and shown.
//!
//! Queues are read, by the crate `sources`. Of the other sources a mapping is checked, kept and shown as AWS does, and no event comes of
//! it. What a client says holds once it is committed; a mapping is said to be changing until those who read it have taken it over and
//! the batches of what it was before have ended, and one that is deleted goes then.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
};
use lambent_models::lambda::{
    AmazonManagedKafkaEventSourceConfig, DestinationConfig, DocumentDBEventSourceConfig,
    EventSourceMappingConfiguration, EventSourceMappingLoggingConfig, EventSourceMappingMetricsConfig, Filter,
    FilterCriteria, OnFailure, OnSuccess, ProvisionedPollerConfig, ScalingConfig, SelfManagedEventSource,
    SelfManagedKafkaEventSourceConfig, SourceAccessConfiguration,
};
use lambent_sources::Mappings;
use lambent_store::{Change, DocumentKey, Kind, Transaction};
use lambent_types::{
    QueueKey, Scope,
    event_source_mapping::{EventSource, EventSourceMapping, StartingPosition},
};
use lambent_wire::Time;
use serde::{Deserialize, Serialize};

/// The name of the brokers in `SelfManagedEventSource`.
pub(crate) const BROKERS: &str = "KAFKA_BOOTSTRAP_SERVERS";

/// A mapping. Its document has no parent, and its UUID.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mapping {
    /// What reads events needs.
    pub(crate) mapping: EventSourceMapping,
    /// What has no effect on a single host: kept and returned.
    pub(crate) kept: Kept,
    /// What was done to it last, which is told until it is in effect.
    #[serde(default)]
    pub(crate) step: Step,
}

/// What a client does to a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Create,
    #[default]
    Update,
    Enable,
    Disable,
    Delete,
}

/// Settings without effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) metrics: Option<EventSourceMappingMetricsConfig>,
    pub(crate) logging: Option<EventSourceMappingLoggingConfig>,
    pub(crate) pollers: Option<ProvisionedPollerConfig>,
    pub(crate) msk: Option<AmazonManagedKafkaEventSourceConfig>,
    pub(crate) kafka: Option<SelfManagedKafkaEventSourceConfig>,
}

impl Noun for Mapping {
    const KIND: Kind = Kind::EventSourceMapping;
}

/// Says which mapping reads a source for a function, so that there is never a second one. Its document's parent is the source, its id
/// the function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) mapping: String,
}

impl Noun for Claim {
    const KIND: Kind = Kind::EventSourceMapping;
}

/// What a mapping is going through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Creating,
    Enabling,
    Enabled,
    Disabling,
    Disabled,
    Updating,
    Deleting,
}

impl State {
    /// The state once everything is in effect.
    const fn at_rest(mapping: &EventSourceMapping) -> Self {
        if mapping.enabled { Self::Enabled } else { Self::Disabled }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
        }
    }
}

/// Where a mapping is kept.
pub(crate) fn mapping_key(scope: &Scope, id: &str) -> DocumentKey {
    documents::key::<Mapping>(scope, "", id)
}

/// What no other mapping may read for the same function.
pub(crate) fn claims(mapping: &EventSourceMapping) -> Vec<DocumentKey> {
    let sources: Vec<String> = match &mapping.source {
        EventSource::Sqs { arn, .. } | EventSource::Kinesis { arn } | EventSource::DynamoDb { arn } => {
            vec![arn.clone()]
        }
        EventSource::Msk { arn, topics } => topics.iter().map(|topic| format!("{arn} {topic}")).collect(),
        EventSource::Mq { arn, queues } => queues.iter().map(|queue| format!("{arn} {queue}")).collect(),
        EventSource::Kafka { brokers, topics } => brokers
            .iter()
            .flat_map(|broker| topics.iter().map(move |topic| format!("{broker} {topic}")))
            .collect(),
        EventSource::DocumentDb {
            arn,
            database,
            collection,
            ..
        } => {
            vec![format!(
                "{arn} {database} {}",
                collection.as_deref().unwrap_or_default()
            )]
        }
    };
    let qualifier = mapping.qualifier.as_deref().filter(|qualifier| *qualifier != "$LATEST");
    let function = format!("{}:{}", mapping.function.name, qualifier.unwrap_or_default());
    let key = |source: String| documents::key::<Claim>(&mapping.function.scope, &source, &function);
    sources.into_iter().map(key).collect()
}

/// Why a mapping cannot be: another one, of this UUID, reads the same for the same function.
pub(crate) fn taken(mapping: &EventSourceMapping, by: &str) -> Refusal {
    let name = &mapping.function.name;
    let advice = format!("Please update or delete the existing mapping with UUID {by}");
    Refusal::Conflict(match &mapping.source {
        EventSource::Sqs { arn, .. } => format!(
            "An event source mapping with SQS arn (\" {arn} \") and function (\" {name} \") already exists. {advice}"
        ),
        EventSource::Kinesis { arn } | EventSource::DynamoDb { arn } => format!(
            "The event source arn (\" {arn} \") and function (\" {name} \") provided mapping already exists. {advice}"
        ),
        EventSource::Kafka { brokers, topics } => duplicate(&brokers.join(","), mapping, "topics", topics, &advice),
        EventSource::Msk { arn, topics } => duplicate(arn, mapping, "topics", topics, &advice),
        EventSource::Mq { arn, queues } => duplicate(arn, mapping, "queues", queues, &advice),
        EventSource::DocumentDb { arn, database, .. } => {
            duplicate(arn, mapping, "database", std::slice::from_ref(database), &advice)
        }
    })
}

fn duplicate(source: &str, mapping: &EventSourceMapping, kind: &str, parts: &[String], advice: &str) -> String {
    let (function, parts) = (mapping.function_arn(), parts.join(","));
    format!(
        "An event source mapping with event source (\"{source}\"), function (\"{function}\"), {kind} (\"{parts}\") \
         already exists. {advice}"
    )
}

/// The mapping of this UUID.
pub(crate) async fn find(core: &Core, scope: &Scope, id: Option<String>) -> Result<Stored<Mapping>, Refusal> {
    let found = core.load(&mapping_key(scope, &id.unwrap_or_default())).await?;
    found.ok_or_else(|| Refusal::NotFound("The resource you requested does not exist.".to_owned()))
}

/// All mappings of queues that are on, or that are to go, of every account and region.
///
/// # Errors
/// When the store fails.
pub async fn mappings_to_read(core: &Core) -> Result<Mappings, Refusal> {
    let mut mappings = Mappings::default();
    for scope in core.store.document_scopes(Kind::EventSourceMapping).await? {
        let found = core.list_all::<Mapping>(&scope, Some("")).await?;
        let of_queues = found.into_iter().map(|stored| stored.value).filter(Mapping::is_read);
        for Mapping { mapping, step, .. } in of_queues {
            if step == Step::Delete {
                mappings.going.push(mapping);
            } else if mapping.enabled {
                mappings.on.push(mapping);
            }
        }
    }
    Ok(mappings)
}

/// Removes a mapping that was to go and is not read any more. One that is gone already stays so.
///
/// # Errors
/// When the store fails.
pub async fn remove_mapping(core: &Core, mapping: &EventSourceMapping) -> Result<(), Refusal> {
    let key = mapping_key(&mapping.function.scope, &mapping.id);
    Ok(core.store.commit(Transaction::of(Change::DeleteDocument(key))).await?)
}

impl Mapping {
    /// Whether there is somebody who can read it.
    pub(crate) fn is_read(&self) -> bool {
        matches!(&self.mapping.source, EventSource::Sqs { arn, .. } if QueueKey::from_arn(arn).is_some())
    }

    /// How it stands.
    pub(crate) fn state(&self, core: &Core) -> State {
        let Self { mapping, step, .. } = self;
        let read = mapping.enabled && *step != Step::Delete;
        if self.is_read() && !core.sources.board.in_effect(mapping, read) {
            return self.on_the_way();
        }
        if *step == Step::Delete {
            State::Deleting
        } else {
            State::at_rest(mapping)
        }
    }

    /// What is told while it changes. One that is off from the beginning has nothing to wait for (recorded:
    /// `test_fifo_message_group_parallelism`).
    const fn on_the_way(&self) -> State {
        match self.step {
            Step::Create if self.mapping.enabled => State::Creating,
            Step::Create => State::Disabled,
            Step::Update => State::Updating,
            Step::Enable => State::Enabling,
            Step::Disable => State::Disabling,
            Step::Delete => State::Deleting,
        }
    }

    /// As the answer to what was just done to it shows it.
    pub(crate) fn answered(&self, core: &Core) -> EventSourceMappingConfiguration {
        self.in_state(self.on_the_way(), core)
    }

    /// As the API shows it to others.
    pub(crate) fn shown(&self, core: &Core) -> EventSourceMappingConfiguration {
        self.in_state(self.state(core), core)
    }

    /// As the API shows it. Which source shows what follows the recorded answers.
    fn in_state(&self, state: State, core: &Core) -> EventSourceMappingConfiguration {
        let Self { mapping, kept, .. } = self;
        let (family, stream) = (Family::of(&mapping.source), mapping.stream);
        let streaming = family == Family::Stream;
        let at = match mapping.start {
            Some(StartingPosition::AtTimestamp(moment)) => Some(Time(moment)),
            Some(StartingPosition::Latest | StartingPosition::TrimHorizon) | None => None,
        };
        EventSourceMappingConfiguration {
            uuid: Some(mapping.id.clone()),
            starting_position: mapping.start.map(|start| start.as_str().to_owned()),
            starting_position_timestamp: at,
            batch_size: Some(i64::from(mapping.batch_size)),
            maximum_batching_window_in_seconds: mapping.batch_window.map(i64::from),
            parallelization_factor: stream
                .filter(|_| streaming)
                .map(|stream| i64::from(stream.parallelization)),
            event_source_arn: mapping.source.arn().map(str::to_owned),
            filter_criteria: (!mapping.filters.is_empty()).then(|| filters(&mapping.filters)),
            kms_key_arn: mapping.kms_key_arn.clone(),
            metrics_config: kept.metrics.clone(),
            logging_config: kept.logging.clone(),
            scaling_config: mapping.maximum_concurrency.map(|most| ScalingConfig {
                maximum_concurrency: Some(i64::from(most)),
            }),
            function_arn: Some(mapping.function_arn()),
            last_modified: Some(Time(mapping.last_modified)),
            last_processing_result: match family {
                Family::Sqs => core.sources.board.last_result(&mapping.id),
                Family::Stream | Family::Msk | Family::Kafka | Family::Mq | Family::DocumentDb => {
                    Some("No records processed".to_owned())
                }
            },
            state: Some(state.as_str().to_owned()),
            state_transition_reason: Some(if streaming { "User action" } else { "USER_INITIATED" }.to_owned()),
            destination_config: destinations(mapping, streaming),
            maximum_record_age_in_seconds: stream.map(|stream| stream.maximum_record_age),
            bisect_batch_on_function_error: stream.map(|stream| stream.bisect),
            maximum_retry_attempts: stream.map(|stream| stream.maximum_retries),
            tumbling_window_in_seconds: stream
                .filter(|_| streaming)
                .map(|stream| i64::from(stream.tumbling_window)),
            function_response_types: mapping.response_types.clone(),
            amazon_managed_kafka_event_source_config: kept.msk.clone(),
            self_managed_kafka_event_source_config: kept.kafka.clone(),
            event_source_mapping_arn: Some(mapping.arn()),
            provisioned_poller_config: kept.pollers.clone(),
            ..source_members(mapping)
        }
    }
}

fn filters(patterns: &[String]) -> FilterCriteria {
    let filter = |pattern: &String| Filter {
        pattern: Some(pattern.clone()),
    };
    FilterCriteria {
        filters: Some(patterns.iter().map(filter).collect()),
    }
}

/// A stream's is always shown.
fn destinations(mapping: &EventSourceMapping, always: bool) -> Option<DestinationConfig> {
    let (success, failure) = (mapping.on_success.clone(), mapping.on_failure.clone());
    (always || success.is_some() || failure.is_some()).then(|| DestinationConfig {
        on_success: success.map(|destination| OnSuccess {
            destination: Some(destination),
        }),
        on_failure: Some(OnFailure { destination: failure }),
    })
}

/// The members that name the source and how to get to it.
fn source_members(mapping: &EventSourceMapping) -> EventSourceMappingConfiguration {
    let access = mapping.access.as_ref().map(|all| {
        let shown = all.iter().map(|one| SourceAccessConfiguration {
            r#type: Some(one.kind.clone()),
            uri: Some(one.uri.clone()),
        });
        shown.collect()
    });
    let mut members = EventSourceMappingConfiguration {
        source_access_configurations: access,
        ..EventSourceMappingConfiguration::default()
    };
    match &mapping.source {
        EventSource::Sqs { .. } | EventSource::Kinesis { .. } | EventSource::DynamoDb { .. } => {}
        EventSource::Msk { topics, .. } => members.topics = Some(topics.clone()),
        EventSource::Mq { queues, .. } => members.queues = Some(queues.clone()),
        EventSource::Kafka { brokers, topics } => {
            members.topics = Some(topics.clone());
            members.self_managed_event_source = Some(SelfManagedEventSource {
                endpoints: Some([(BROKERS.to_owned(), brokers.clone())].into_iter().collect()),
            });
        }
        EventSource::DocumentDb {
            database,
            collection,
            full_document,
            ..
        } => {
            members.document_db_event_source_config = Some(DocumentDBEventSourceConfig {
                database_name: Some(database.clone()),
                collection_name: collection.clone(),
                full_document: Some(full_document.clone()),
            });
        }
    }
    members
}

/// Sources that have the same settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Sqs,
    Stream,
    Msk,
    Kafka,
    Mq,
    DocumentDb,
}

impl Family {
    pub(crate) const fn of(source: &EventSource) -> Self {
        match source {
            EventSource::Sqs { .. } => Self::Sqs,
            EventSource::Kinesis { .. } | EventSource::DynamoDb { .. } => Self::Stream,
            EventSource::Msk { .. } => Self::Msk,
            EventSource::Kafka { .. } => Self::Kafka,
            EventSource::Mq { .. } => Self::Mq,
            EventSource::DocumentDb { .. } => Self::DocumentDb,
        }
    }
}
