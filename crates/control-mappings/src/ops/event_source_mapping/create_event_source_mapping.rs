//! `CreateEventSourceMapping`. A queue must exist; of other sources that is not asked, since nothing is read of them.

use crate::{
    Core, Refusal, documents,
    mapping::{Claim, Mapping, claims, mapping_key, taken},
    mapping_settings::{self, Settings},
    naming::Target,
    tags::{self, TagSet},
};
use lambent_models::lambda::{CreateEventSourceMappingRequest, EventSourceMappingConfiguration};
use lambent_store::{CommitError, Condition, DocumentKey, Transaction};
use lambent_types::{
    FunctionKey, QueueKey, RevisionId,
    event_source_mapping::{EventSource, EventSourceMapping},
};
use lambent_wire::RequestContext;

pub(crate) async fn create_event_source_mapping(
    core: &Core,
    cx: &RequestContext,
    input: CreateEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    let ids = core.ids.as_ref();
    let source = mapping_settings::source(&input)?;
    let moment = input.starting_position_timestamp.map(|time| time.0);
    let start = mapping_settings::start(&source, input.starting_position.as_deref(), moment)?;
    let target = Target::read(cx, input.function_name.clone(), None)?;
    let function = existing_function(core, &target).await?;
    let bare = mapping_settings::defaults(EventSourceMapping {
        id: ids.uuid().to_string(),
        function,
        qualifier: target.qualifier.clone(),
        source,
        enabled: true,
        last_modified: core.clock.now(),
        batch_size: 0,
        batch_window: None,
        filters: Vec::new(),
        kms_key_arn: None,
        start,
        stream: None,
        on_failure: None,
        on_success: None,
        response_types: None,
        maximum_concurrency: None,
        access: None,
        consumer_group: None,
    });
    let mapping = Settings::from(&input).apply(bare)?;
    let tags: tags::Tags = input.tags.unwrap_or_default().into_iter().collect();
    tags::check(&tags)?;
    let key = mapping_key(&cx.scope, &mapping.mapping.id);
    let mut transaction = Transaction::of(documents::put(key, RevisionId::new(ids), &mapping)?);
    if !tags.is_empty() {
        let key = documents::key::<TagSet>(&cx.scope, "", &mapping.mapping.arn());
        transaction = transaction.and(documents::put(key, RevisionId::new(ids), &TagSet(tags))?);
    }
    let transaction = claim(core, transaction, &mapping, claims(&mapping.mapping))?;
    check_queue(core, &mapping.mapping).await?;
    commit(core, transaction, &mapping).await?;
    core.sources.board.changed();
    Ok(mapping.answered(core))
}

/// A queue must exist (recorded: `test_esm_with_not_existing_sqs_queue`).
async fn check_queue(core: &Core, mapping: &EventSourceMapping) -> Result<(), Refusal> {
    let EventSource::Sqs { arn, .. } = &mapping.source else {
        return Ok(());
    };
    let Some(key) = QueueKey::from_arn(arn) else {
        return Ok(());
    };
    match core.sources.missing(&key).await {
        Some(trouble) => Err(Refusal::InvalidParameter(trouble.told())),
        None => Ok(()),
    }
}

/// The function of a mapping, which must be there.
pub(crate) async fn existing_function(core: &Core, target: &Target) -> Result<FunctionKey, Refusal> {
    let found = core.find(target).await?;
    let record = found.ok_or_else(|| Refusal::InvalidParameter("Function does not exist".to_owned()))?;
    Ok(record.key.function.clone())
}

/// Claims what no other mapping may read for the same function.
pub(crate) fn claim(
    core: &Core,
    transaction: Transaction,
    mapping: &Mapping,
    wanted: Vec<DocumentKey>,
) -> Result<Transaction, Refusal> {
    let claim = Claim {
        mapping: mapping.mapping.id.clone(),
    };
    wanted.into_iter().try_fold(transaction, |transaction, key| {
        let put = documents::put(key.clone(), RevisionId::new(core.ids.as_ref()), &claim)?;
        Ok(transaction.and(put).when(Condition::DocumentAbsent(key)))
    })
}

/// Commits, and tells who else reads the same for the same function.
pub(crate) async fn commit(core: &Core, transaction: Transaction, mapping: &Mapping) -> Result<(), Refusal> {
    match core.store.commit(transaction).await {
        Err(CommitError::Condition(Condition::DocumentAbsent(key))) => {
            let holder = core.load::<Claim>(&key).await?;
            let holder = holder.map(|stored| stored.value.mapping).unwrap_or_default();
            Err(taken(&mapping.mapping, &holder))
        }
        // It was changed or deleted just now.
        Err(CommitError::Condition(_)) => Err(Refusal::MappingInUse("update")),
        committed => Ok(committed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            delete_event_source_mapping::delete_event_source_mapping,
            get_event_source_mapping::get_event_source_mapping, list_event_source_mappings::list_event_source_mappings,
            update_event_source_mapping::update_event_source_mapping,
        },
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{
        DeleteEventSourceMappingRequest, DestinationConfig, Filter, FilterCriteria, GetEventSourceMappingRequest,
        ListEventSourceMappingsRequest, OnFailure, SelfManagedEventSource, SourceAccessConfiguration,
        UpdateEventSourceMappingRequest,
    };

    const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:q";
    const TABLE: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/t/stream/s";

    fn request(arn: &str) -> CreateEventSourceMappingRequest {
        CreateEventSourceMappingRequest {
            event_source_arn: Some(arn.to_owned()),
            function_name: Some("f".to_owned()),
            ..CreateEventSourceMappingRequest::default()
        }
    }

    fn stream() -> CreateEventSourceMappingRequest {
        CreateEventSourceMappingRequest {
            starting_position: Some("LATEST".to_owned()),
            ..request(TABLE)
        }
    }

    fn kafka(brokers: &[&str], topic: &str) -> CreateEventSourceMappingRequest {
        let brokers = brokers.iter().map(|broker| (*broker).to_owned()).collect();
        CreateEventSourceMappingRequest {
            event_source_arn: None,
            self_managed_event_source: Some(SelfManagedEventSource {
                endpoints: Some([("KAFKA_BOOTSTRAP_SERVERS".to_owned(), brokers)].into_iter().collect()),
            }),
            topics: Some(vec![topic.to_owned()]),
            starting_position: Some("TRIM_HORIZON".to_owned()),
            source_access_configurations: Some(vec![SourceAccessConfiguration::default()]),
            ..request("")
        }
    }

    async fn with_function() -> Core {
        let core = core();
        core.given(record("f")).await;
        core
    }

    async fn create(
        core: &Core,
        input: CreateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Refusal> {
        create_event_source_mapping(core, &context(), input).await
    }

    async fn update(
        core: &Core,
        input: UpdateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Refusal> {
        update_event_source_mapping(core, &context(), input).await
    }

    #[tokio::test]
    async fn a_queue_is_shown_as_recorded() {
        let core = with_function().await;
        let created = create(&core, request(QUEUE)).await.unwrap();
        let uuid = created.uuid.clone();
        let expected = EventSourceMappingConfiguration {
            uuid: uuid.clone(),
            batch_size: Some(10),
            maximum_batching_window_in_seconds: Some(0),
            event_source_arn: Some(QUEUE.to_owned()),
            event_source_mapping_arn: uuid
                .as_ref()
                .map(|uuid| format!("arn:aws:lambda:us-east-1:111111111111:event-source-mapping:{uuid}")),
            function_arn: Some("arn:aws:lambda:us-east-1:111111111111:function:f".to_owned()),
            function_response_types: Some(Vec::new()),
            last_modified: Some(core.clock.now().into()),
            state: Some("Creating".to_owned()),
            state_transition_reason: Some("USER_INITIATED".to_owned()),
            ..EventSourceMappingConfiguration::default()
        };
        assert_eq!(created, expected);
        let get = GetEventSourceMappingRequest { uuid: uuid.clone() };
        let got = get_event_source_mapping(&core, &context(), get).await.unwrap();
        assert_eq!(got.state.as_deref(), Some("Enabled"));
        let text = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
        let larger = UpdateEventSourceMappingRequest {
            uuid: uuid.clone(),
            batch_size: Some(15),
            ..Default::default()
        };
        assert_eq!(refused(update(&core, larger).await).1, text);
        let off = UpdateEventSourceMappingRequest {
            uuid: uuid.clone(),
            enabled: Some(false),
            ..Default::default()
        };
        assert_eq!(update(&core, off).await.unwrap().state.as_deref(), Some("Disabling"));
        let window = UpdateEventSourceMappingRequest {
            uuid: uuid.clone(),
            batch_size: Some(15),
            maximum_batching_window_in_seconds: Some(1),
            ..Default::default()
        };
        assert_eq!(
            update(&core, window).await.unwrap().state.as_deref(),
            Some("Updating")
        );
        let delete = DeleteEventSourceMappingRequest { uuid };
        let deleted = delete_event_source_mapping(&core, &context(), delete.clone())
            .await
            .unwrap();
        assert_eq!(
            (deleted.state.as_deref(), deleted.batch_size),
            (Some("Deleting"), Some(15))
        );
        let gone = refused(delete_event_source_mapping(&core, &context(), delete).await);
        assert_eq!(
            gone,
            (
                "ResourceNotFoundException",
                "The resource you requested does not exist.".to_owned()
            )
        );
        create(&core, request(QUEUE)).await.unwrap();
    }

    #[tokio::test]
    async fn streams_and_kafka_are_shown_as_recorded() {
        let core = with_function().await;
        let created = create(&core, stream()).await.unwrap();
        assert_eq!(
            (
                created.batch_size,
                created.maximum_retry_attempts,
                created.parallelization_factor
            ),
            (Some(100), Some(-1), Some(1))
        );
        assert_eq!(
            created.destination_config.unwrap().on_failure,
            Some(OnFailure::default())
        );
        assert_eq!(created.last_processing_result.as_deref(), Some("No records processed"));
        assert_eq!(created.state_transition_reason.as_deref(), Some("User action"));
        let input = CreateEventSourceMappingRequest {
            starting_position: None,
            ..kafka(&["kafka:1000"], "topic")
        };
        let created = create(&core, input).await.unwrap();
        assert_eq!(created.starting_position.as_deref(), Some("TRIM_HORIZON"));
        assert_eq!(
            created
                .self_managed_kafka_event_source_config
                .unwrap()
                .consumer_group_id,
            created.uuid
        );
        assert_eq!(
            (
                created.batch_size,
                created.maximum_batching_window_in_seconds,
                created.function_response_types
            ),
            (Some(100), None, None)
        );
    }

    #[tokio::test]
    async fn nothing_is_read_twice_for_one_function() {
        let core = with_function().await;
        let uuid = create(&core, request(QUEUE)).await.unwrap().uuid.unwrap();
        assert_eq!(
            refused(create(&core, request(QUEUE)).await),
            (
                "ResourceConflictException",
                format!(
                    "An event source mapping with SQS arn (\" {QUEUE} \") and function (\" f \") already exists. Please update or delete the existing mapping with UUID {uuid}"
                )
            )
        );
        let uuid = create(&core, stream()).await.unwrap().uuid.unwrap();
        assert_eq!(
            refused(create(&core, stream()).await).1,
            format!(
                "The event source arn (\" {TABLE} \") and function (\" f \") provided mapping already exists. Please update or delete the existing mapping with UUID {uuid}"
            )
        );
        let uuid = create(&core, kafka(&["kafka:1000"], "topic"))
            .await
            .unwrap()
            .uuid
            .unwrap();
        create(&core, kafka(&["kafka:1000"], "topic_2")).await.unwrap();
        assert_eq!(
            refused(create(&core, kafka(&["kafka:1000", "kafka:2000"], "topic")).await).1,
            format!(
                "An event source mapping with event source (\"kafka:1000,kafka:2000\"), function (\"arn:aws:lambda:us-east-1:111111111111:function:f\"), topics (\"topic\") already exists. Please update or delete the existing mapping with UUID {uuid}"
            )
        );
        let mut listed = Vec::new();
        let mut marker = None;
        loop {
            let input = ListEventSourceMappingsRequest {
                max_items: Some(3),
                marker,
                ..Default::default()
            };
            let page = list_event_source_mappings(&core, &context(), input).await.unwrap();
            listed.extend(page.event_source_mappings.unwrap());
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(listed.len(), 4);
    }

    #[tokio::test]
    async fn what_does_not_fit_the_source_is_refused_as_recorded() {
        let core = with_function().await;
        let text = async |input| refused(create(&core, input).await).1;
        assert_eq!(
            text(CreateEventSourceMappingRequest {
                event_source_arn: None,
                ..request("")
            })
            .await,
            "Unrecognized event source."
        );
        let nobody = CreateEventSourceMappingRequest {
            function_name: Some("g".to_owned()),
            ..request(QUEUE)
        };
        assert_eq!(text(nobody).await, "Function does not exist");
        let on_failure = Some(OnFailure {
            destination: Some(QUEUE.to_owned()),
        });
        let destination_config = Some(DestinationConfig {
            on_failure,
            on_success: None,
        });
        assert_eq!(
            text(CreateEventSourceMappingRequest {
                destination_config,
                ..request(QUEUE)
            })
            .await,
            "Unsupported DestinationConfig parameter for given event source mapping type."
        );
        assert_eq!(
            text(request(TABLE)).await,
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."
        );
        let at = CreateEventSourceMappingRequest {
            starting_position: Some("AT_TIMESTAMP".to_owned()),
            ..request(TABLE)
        };
        assert_eq!(
            text(at).await,
            format!("Unsupported starting position for arn type: {TABLE}")
        );
        let bare = CreateEventSourceMappingRequest {
            source_access_configurations: None,
            ..kafka(&["k:1"], "t")
        };
        assert_eq!(
            text(bare).await,
            "Required 'sourceAccessConfigurations' parameter is missing."
        );
        let filters = Some(vec![Filter {
            pattern: Some("single-string".to_owned()),
        }]);
        let filter_criteria = Some(FilterCriteria { filters });
        assert_eq!(
            text(CreateEventSourceMappingRequest {
                filter_criteria,
                ..stream()
            })
            .await,
            "Invalid filter pattern definition."
        );
    }
}
