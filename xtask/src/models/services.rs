//! The services that are generated, and where AWS's recorded answers differ from its published model.

/// A service and its differences from the model.
#[derive(Clone, Copy)]
pub(crate) struct ServiceSpec {
    /// The generated module, and the name of the trimmed model.
    pub(crate) module: &'static str,
    /// Its directory in botocore's `data`.
    pub(crate) botocore: &'static str,
    /// The operations that are generated; empty for all of them. The names of the others are kept: they answer NotImplemented.
    pub(crate) only: &'static [&'static str],
    /// Whether botocore's example requests are kept for tests.
    pub(crate) examples: bool,
    /// Protocols that AWS still answers though the model has left them out.
    pub(crate) also_speaks: &'static [&'static str],
    /// What the `__type` of an error starts with in JSON, before the `#`.
    pub(crate) error_namespace: Option<&'static str>,
    /// Codes of errors in the query protocol where the model, which has left it, does not have them.
    pub(crate) query_codes: &'static [(&'static str, &'static str)],
    /// Names of the items of lists and the entries of maps in the query protocol, which are flattened then; for the same reason.
    pub(crate) query_names: &'static [(&'static str, &'static str)],
    /// Operations whose bodies are handed on as they are: no typed payload, no trait method.
    pub(crate) raw: &'static [&'static str],
    /// Success statuses that AWS was seen to answer instead of the model's.
    pub(crate) statuses: &'static [(&'static str, u16)],
    /// The largest request body where it is not [`DEFAULT_MAX_BODY`].
    pub(crate) max_bodies: &'static [(&'static str, usize)],
    /// Enumerations that AWS prints in another order, or with other values, than the model has.
    pub(crate) printed_values: &'static [(&'static str, &'static [&'static str])],
    /// Patterns that AWS was seen to check instead of the model's.
    pub(crate) patterns: &'static [(&'static str, &'static str)],
    /// Lists whose refused items are worded otherwise than usual: the name of an `ItemWording`.
    pub(crate) wordings: &'static [(&'static str, &'static str)],
    /// Members whose enumeration the operation itself checks, with an error of its own.
    pub(crate) unchecked: &'static [(&'static str, &'static str)],
    /// Whether the service checks all enumerations itself, in words of its own.
    pub(crate) own_words: bool,
}

impl ServiceSpec {
    /// A service that is as its model says.
    const fn new(module: &'static str, botocore: &'static str) -> Self {
        Self {
            module,
            botocore,
            only: &[],
            examples: false,
            also_speaks: &[],
            error_namespace: None,
            query_codes: &[],
            query_names: &[],
            raw: &[],
            statuses: &[],
            max_bodies: &[],
            printed_values: &[],
            patterns: &[],
            wordings: &[],
            unchecked: &[],
            own_words: false,
        }
    }
}

/// 6 MiB: AWS's limit of a synchronous payload, taken for every document body that has no recorded limit of its own.
pub(crate) const DEFAULT_MAX_BODY: usize = 6_291_456;

/// "Request must be smaller than 70167211 bytes for the CreateFunction operation", recorded.
const CODE_UPLOAD: usize = 70_167_211;

/// The values AWS lists for `compatibleRuntime`, recorded in 2025 and 2026 in this order.
const RUNTIMES: &[&str] = &[
    "ruby3.5",
    "ruby2.6",
    "dotnetcore1.0",
    "python3.7",
    "nodejs8.10",
    "nasa",
    "ruby2.7",
    "python2.7-greengrass",
    "dotnetcore2.0",
    "python3.8",
    "java21",
    "dotnet6",
    "dotnetcore2.1",
    "python3.9",
    "java11",
    "nodejs6.10",
    "provided",
    "dotnetcore3.1",
    "dotnet8",
    "java25",
    "java17",
    "nodejs",
    "nodejs4.3",
    "java8.al2",
    "go1.x",
    "dotnet10",
    "nodejs20.x",
    "go1.9",
    "byol",
    "nodejs10.x",
    "provided.al2023",
    "nodejs22.x",
    "python3.10",
    "java8",
    "nodejs12.x",
    "python3.11",
    "nodejs24.x",
    "nodejs8.x",
    "python3.12",
    "nodejs14.x",
    "nodejs8.9",
    "nodejs26.x",
    "python3.13",
    "python3.14",
    "nodejs16.x",
    "python3.15",
    "provided.al2",
    "nodejs4.3-edge",
    "nodejs18.x",
    "ruby3.2",
    "python3.4",
    "ruby3.3",
    "ruby3.4",
    "ruby2.5",
    "python3.6",
    "python2.7",
];

/// The values AWS lists for the items of `compatibleRuntimes`, recorded.
const LAYER_RUNTIMES: &[&str] = &[
    "nodejs20.x",
    "python3.14",
    "provided.al2023",
    "python3.12",
    "python3.13",
    "nodejs24.x",
    "nodejs22.x",
    "java25",
    "python3.10",
    "python3.11",
    "java21",
    "ruby3.3",
    "ruby3.4",
    "ruby3.2",
    "python3.8",
    "python3.9",
    "java17",
    "nodejs16.x",
    "dotnet10",
    "dotnet8",
    "java11",
    "dotnet6",
    "nodejs18.x",
    "provided.al2",
    "java8.al2",
];

/// A layer version's ARN, as AWS prints it; recorded in November 2025. The published model has it in parentheses.
const LAYER_VERSION: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)";

/// What AWS lets bear tags, as it prints it; recorded in November 2025. The published model does not name layers.
const TAGGABLE_RESOURCE: &str = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";

/// Lambda.
const LAMBDA: ServiceSpec = ServiceSpec {
    examples: true,
    raw: &["Invoke", "InvokeAsync", "InvokeWithResponseStream"],
    statuses: &[("DeleteFunction", 204)],
    max_bodies: &[
        ("CreateFunction", CODE_UPLOAD),
        ("PublishLayerVersion", CODE_UPLOAD),
        ("UpdateFunctionCode", CODE_UPLOAD),
    ],
    printed_values: &[
        ("RecursiveLoop", &["Terminate", "Allow"]),
        ("InvokeMode", &["RESPONSE_STREAM", "BUFFERED"]),
        ("EventSourcePosition", &["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"]),
        ("Runtime", RUNTIMES),
        ("CompatibleRuntimes", LAYER_RUNTIMES),
    ],
    patterns: &[
        ("LayerVersionArn", LAYER_VERSION),
        ("TaggableResource", TAGGABLE_RESOURCE),
    ],
    wordings: &[
        ("CompatibleRuntimes", "Bare"),
        ("SubnetIds", "WrappedNullable"),
        ("SecurityGroupIds", "WrappedNullable"),
    ],
    unchecked: &[
        ("CreateFunctionRequest", "Runtime"),
        ("UpdateFunctionConfigurationRequest", "Runtime"),
    ],
    ..ServiceSpec::new("lambda", "lambda/2015-03-31")
};

/// SQS. Its model has been JSON's alone since 2023; clients of before, Debian's awscli 2.9 among them, speak query. The names are those of
/// the API reference's query examples and of the last model that had them, which is in botocore 1.31.80.
const SQS: ServiceSpec = ServiceSpec {
    also_speaks: &["query"],
    error_namespace: Some("com.amazonaws.sqs"),
    query_codes: &[
        (
            "BatchEntryIdsNotDistinct",
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
        ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
        ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
        ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("QueueNameExists", "QueueAlreadyExists"),
        (
            "TooManyEntriesInBatchRequest",
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
    ],
    query_names: &[
        ("ActionNameList", "ActionName"),
        ("AttributeNameList", "AttributeName"),
        ("AWSAccountIdList", "AWSAccountId"),
        ("BatchResultErrorEntryList", "BatchResultErrorEntry"),
        ("BinaryList", "BinaryListValue"),
        (
            "ChangeMessageVisibilityBatchRequestEntryList",
            "ChangeMessageVisibilityBatchRequestEntry",
        ),
        (
            "ChangeMessageVisibilityBatchResultEntryList",
            "ChangeMessageVisibilityBatchResultEntry",
        ),
        ("DeleteMessageBatchRequestEntryList", "DeleteMessageBatchRequestEntry"),
        ("DeleteMessageBatchResultEntryList", "DeleteMessageBatchResultEntry"),
        ("ListMessageMoveTasksResultEntryList", "ListMessageMoveTasksResultEntry"),
        ("MessageAttributeNameList", "MessageAttributeName"),
        ("MessageBodyAttributeMap", "MessageAttribute"),
        ("MessageBodySystemAttributeMap", "MessageSystemAttribute"),
        ("MessageList", "Message"),
        ("MessageSystemAttributeList", "AttributeName"),
        ("MessageSystemAttributeMap", "Attribute"),
        ("QueueAttributeMap", "Attribute"),
        ("QueueUrlList", "QueueUrl"),
        ("SendMessageBatchRequestEntryList", "SendMessageBatchRequestEntry"),
        ("SendMessageBatchResultEntryList", "SendMessageBatchResultEntry"),
        ("StringList", "StringListValue"),
        ("TagKeyList", "TagKey"),
        ("TagMap", "Tag"),
    ],
    own_words: true,
    ..ServiceSpec::new("sqs", "sqs/2012-11-05")
};

/// CloudWatch Logs.
const LOGS: ServiceSpec = ServiceSpec {
    only: &[
        "CreateLogGroup",
        "CreateLogStream",
        "DeleteLogGroup",
        "DeleteLogStream",
        "DeleteMetricFilter",
        "DeleteRetentionPolicy",
        "DeleteSubscriptionFilter",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "DescribeMetricFilters",
        "DescribeSubscriptionFilters",
        "FilterLogEvents",
        "GetLogEvents",
        "ListTagsForResource",
        "ListTagsLogGroup",
        "PutLogEvents",
        "PutMetricFilter",
        "PutRetentionPolicy",
        "PutSubscriptionFilter",
        "StartLiveTail",
        "TagLogGroup",
        "TagResource",
        "TestMetricFilter",
        "UntagLogGroup",
        "UntagResource",
    ],
    ..ServiceSpec::new("logs", "logs/2014-03-28")
};

/// CloudWatch's metrics.
const CLOUDWATCH: ServiceSpec = ServiceSpec {
    only: &["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"],
    error_namespace: Some("com.amazonaws.cloudwatch"),
    ..ServiceSpec::new("cloudwatch", "cloudwatch/2010-08-01")
};

/// SNS: topics and their subscribers, without phones.
const SNS: ServiceSpec = ServiceSpec {
    only: &[
        "AddPermission",
        "ConfirmSubscription",
        "CreateTopic",
        "DeleteTopic",
        "GetSubscriptionAttributes",
        "GetTopicAttributes",
        "ListSubscriptions",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "ListTopics",
        "Publish",
        "PublishBatch",
        "RemovePermission",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "TagResource",
        "Unsubscribe",
        "UntagResource",
    ],
    ..ServiceSpec::new("sns", "sns/2010-03-31")
};

/// EventBridge: buses, rules and their targets.
const EVENTS: ServiceSpec = ServiceSpec {
    only: &[
        "CreateEventBus",
        "DeleteEventBus",
        "DeleteRule",
        "DescribeEventBus",
        "DescribeRule",
        "DisableRule",
        "EnableRule",
        "ListEventBuses",
        "ListRuleNamesByTarget",
        "ListRules",
        "ListTagsForResource",
        "ListTargetsByRule",
        "PutEvents",
        "PutPermission",
        "PutRule",
        "PutTargets",
        "RemovePermission",
        "RemoveTargets",
        "TagResource",
        "TestEventPattern",
        "UntagResource",
    ],
    ..ServiceSpec::new("eventbridge", "events/2015-10-07")
};

/// IAM: roles, and policies that are attached to them.
const IAM: ServiceSpec = ServiceSpec {
    only: &[
        "AttachRolePolicy",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "GetUser",
        "ListAccountAliases",
        "ListAttachedRolePolicies",
        "ListEntitiesForPolicy",
        "ListInstanceProfilesForRole",
        "ListPolicies",
        "ListPolicyVersions",
        "ListRolePolicies",
        "ListRoleTags",
        "ListRoles",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ],
    ..ServiceSpec::new("iam", "iam/2010-05-08")
};

/// STS: who somebody is, and temporary credentials.
const STS: ServiceSpec = ServiceSpec {
    only: &["AssumeRole", "GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken"],
    ..ServiceSpec::new("sts", "sts/2011-06-15")
};

/// Every generated service.
pub(crate) const SERVICES: &[ServiceSpec] = &[LAMBDA, CLOUDWATCH, EVENTS, IAM, LOGS, SNS, SQS, STS];
