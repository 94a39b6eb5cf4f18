//! The services that are generated, and where AWS's recorded answers differ from its published model.

/// A service and its differences from the model.
pub(crate) struct ServiceSpec {
    /// The generated module, and the name of the trimmed model.
    pub(crate) module: &'static str,
    /// Its directory in botocore's `data`.
    pub(crate) botocore: &'static str,
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

/// Every generated service.
pub(crate) const SERVICES: &[ServiceSpec] = &[ServiceSpec {
    module: "lambda",
    botocore: "lambda/2015-03-31",
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
}];
