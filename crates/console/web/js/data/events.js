// Sample events, one for each source of the developer guide's chapter "Sample Event Data". The data is made up.

const REGION = "us-east-1", ACCOUNT = "111122223333", TIME = "2026-03-14T09:26:53.589Z", SECONDS = 1773480413;
const arn = (service, resource) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const base64 = (text) => btoa(text);

const s3 = (eventName) => ({ Records: [{
  eventVersion: "2.1", eventSource: "aws:s3", awsRegion: REGION, eventTime: TIME, eventName,
  userIdentity: { principalId: "AWS:AIDAEXAMPLE" }, requestParameters: { sourceIPAddress: "192.0.2.10" },
  responseElements: { "x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG" },
  s3: { s3SchemaVersion: "1.0", configurationId: "new-photos", bucket: { name: "harbour-photos", ownerIdentity: { principalId: "A1EXAMPLE" }, arn: "arn:aws:s3:::harbour-photos" },
    object: { key: "2026/lighthouse.jpg", ...(eventName.startsWith("ObjectCreated") && { size: 48213, eTag: "5d41402abc4b2a76b9719d911017c592" }), sequencer: "0055AED6DCD90281E5" } },
}] });

const dynamodb = (n, eventName, images) => ({
  eventID: `7f1c9e2a4b6d48${n}0`, eventName, eventVersion: "1.1", eventSource: "aws:dynamodb", awsRegion: REGION,
  dynamodb: { ApproximateCreationDateTime: SECONDS, Keys: { Boat: { S: "Aurora" } }, ...images, SequenceNumber: `10000000000000000000${n}`, SizeBytes: 59, StreamViewType: "NEW_AND_OLD_IMAGES" },
  eventSourceARN: arn("dynamodb", "table/Berths/stream/2026-03-14T00:00:00.000"),
});

const proxy = {
  resource: "/{proxy+}", path: "/tides/today", httpMethod: "POST", isBase64Encoded: false,
  headers: { Accept: "application/json", "Content-Type": "application/json", Host: "abc123.execute-api.us-east-1.amazonaws.com", "User-Agent": "console-test", "X-Forwarded-For": "192.0.2.10" },
  multiValueHeaders: { Accept: ["application/json"], "Content-Type": ["application/json"], Host: ["abc123.execute-api.us-east-1.amazonaws.com"] },
  queryStringParameters: { harbour: "north" }, multiValueQueryStringParameters: { harbour: ["north"] }, pathParameters: { proxy: "tides/today" }, stageVariables: { table: "tides" },
  requestContext: { accountId: ACCOUNT, apiId: "abc123", resourceId: "r1e2s3", resourcePath: "/{proxy+}", httpMethod: "POST", stage: "prod", requestId: "0b9c1c77-51d8-4c54-9d0a-2f0d8a3f7f11", requestTime: "14/Mar/2026:09:26:53 +0000", requestTimeEpoch: SECONDS * 1000, protocol: "HTTP/1.1", identity: { sourceIp: "192.0.2.10", userAgent: "console-test" } },
  body: JSON.stringify({ units: "metres" }),
};

const cloudfront = { Records: [{ cf: { config: { distributionId: "EDFDVBD6EXAMPLE", eventType: "viewer-request" },
  request: { clientIp: "192.0.2.10", method: "GET", uri: "/tides.html", querystring: "harbour=north", headers: { host: [{ key: "Host", value: "d111111abcdef8.cloudfront.net" }], "user-agent": [{ key: "User-Agent", value: "console-test" }] } } } }] };

/** What CloudWatch Logs sends is compressed; these are two events of the stream `north` of the group `harbour`. */
const LOG_DATA = "H4sIAAAAAAACA6WPQQuCQBCF/4rM2YPramY3IetUhxQ6RMRWmy3krsyuSYj/vanoWBC94/d48+b1UEtrRSXLWyNhAtOszHaLvCiyeQ4+mE5LJMxIIYmTCF9MNUfTNuScBe5Niy9YOJSiJqoNujMx2+7tAVXjlNEzdXESLUw20AnUSlcWts9YfpXaPYwe1JHSPIoDnkRpnISj4AdRoVO0x4maXmNJwqNxEDEej1P/vZPOr7PV0uuUPnongwfppTD4/zWzj81p+K2ZBTBshztr1uK8hAEAAA==";

/** `[name, source, event]`; the first is the one to begin with. */
export const EVENTS = [
  ["Hello World", "", { key3: "value3", key2: "value2", key1: "value1" }],
  ["Amazon S3: object created", "s3", s3("ObjectCreated:Put")],
  ["Amazon S3: object removed", "s3", s3("ObjectRemoved:Delete")],
  ["Amazon SNS: notification", "sns", { Records: [{ EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: arn("sns", "storm-warnings:21be56ed-a058-49f5-8c98-aedd2564c486"),
    Sns: { Type: "Notification", MessageId: "95df01b4-ee98-5cb9-9903-4c221d41eb5e", TopicArn: arn("sns", "storm-warnings"), Subject: "Storm", Message: "Wind force 9 from the north-west", Timestamp: TIME, SignatureVersion: "1", Signature: "EXAMPLE", SigningCertUrl: "https://sns.us-east-1.amazonaws.com/EXAMPLE.pem", UnsubscribeUrl: "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe", MessageAttributes: { level: { Type: "String", Value: "red" } } } }] }],
  ["Amazon SQS: messages", "sqs", { Records: ["Aurora arrives at berth 4", "Borealis leaves berth 2"].map((body, n) => ({ messageId: `19dd0b57-b21e-4ac1-bd88-01bbb068cb7${n}`, receiptHandle: `EXAMPLE-HANDLE-${n}`, body, attributes: { ApproximateReceiveCount: "1", SentTimestamp: String(SECONDS * 1000 + n), SenderId: "AIDAEXAMPLE", ApproximateFirstReceiveTimestamp: String(SECONDS * 1000 + 10 + n) }, messageAttributes: {}, md5OfBody: "9a0364b9e99bb480dd25e1f0284c8555", eventSource: "aws:sqs", eventSourceARN: arn("sqs", "arrivals"), awsRegion: REGION })) }],
  ["Amazon Kinesis: records", "kinesis", { Records: ["level=3.21", "level=3.24"].map((text, n) => ({ kinesis: { kinesisSchemaVersion: "1.0", partitionKey: `gauge-${n}`, sequenceNumber: `4954511524349098501828006771497314458218003059324446${n}`, data: base64(text), approximateArrivalTimestamp: SECONDS + n }, eventSource: "aws:kinesis", eventVersion: "1.0", eventID: `shardId-000000000000:4954511524349098501828006771497314458218003059324446${n}`, eventName: "aws:kinesis:record", invokeIdentityArn: `arn:aws:iam::${ACCOUNT}:role/gauges`, awsRegion: REGION, eventSourceARN: arn("kinesis", "stream/gauges") })) }],
  ["Amazon DynamoDB: table update", "dynamodb", { Records: [
    dynamodb(1, "INSERT", { NewImage: { Boat: { S: "Aurora" }, Berth: { N: "4" } } }),
    dynamodb(2, "MODIFY", { OldImage: { Boat: { S: "Aurora" }, Berth: { N: "4" } }, NewImage: { Boat: { S: "Aurora" }, Berth: { N: "7" } } }),
    dynamodb(3, "REMOVE", { OldImage: { Boat: { S: "Aurora" }, Berth: { N: "7" } } })] }],
  ["Amazon CloudWatch Events: scheduled event", "events", { version: "0", id: "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", "detail-type": "Scheduled Event", source: "aws.events", account: ACCOUNT, time: "2026-03-14T09:26:53Z", region: REGION, resources: [arn("events", "rule/every-tide")], detail: {} }],
  ["Amazon CloudWatch Logs: log events", "logs", { awslogs: { data: LOG_DATA } }],
  ["Amazon API Gateway: proxy request", "api gateway", proxy],
  ["Function URL or HTTP API: request", "url", { version: "2.0", routeKey: "$default", rawPath: "/tides/today", rawQueryString: "harbour=north", cookies: ["theme=dark"], headers: { accept: "application/json", host: "abc123.lambda-url.us-east-1.on.aws" }, queryStringParameters: { harbour: "north" }, requestContext: { accountId: "anonymous", apiId: "abc123", domainName: "abc123.lambda-url.us-east-1.on.aws", domainPrefix: "abc123", http: { method: "GET", path: "/tides/today", protocol: "HTTP/1.1", sourceIp: "192.0.2.10", userAgent: "console-test" }, requestId: "0b9c1c77-51d8-4c54-9d0a-2f0d8a3f7f11", routeKey: "$default", stage: "$default", time: "14/Mar/2026:09:26:53 +0000", timeEpoch: SECONDS * 1000 }, isBase64Encoded: false }],
  ["Application Load Balancer: request", "elb", { requestContext: { elb: { targetGroupArn: arn("elasticloadbalancing", "targetgroup/tides/6d0ecf831eec9f09") } }, httpMethod: "GET", path: "/tides", queryStringParameters: { harbour: "north" }, headers: { accept: "text/html", host: "tides-846800462.us-east-1.elb.amazonaws.com", "x-forwarded-for": "192.0.2.10", "x-forwarded-port": "80", "x-forwarded-proto": "http" }, body: "", isBase64Encoded: false }],
  ["AWS CloudFormation: custom resource", "cloudformation", { RequestType: "Create", ResponseURL: "http://127.0.0.1:4566/pre-signed-url-for-the-answer", StackId: arn("cloudformation", "stack/harbour/5b918d10-cd98-11ea-90d5-0a9cd3354c10"), RequestId: "9f0d1a52-5b5b-4d9e-8f0e-0f4e2c6f1b10", ResourceType: "Custom::Buoy", LogicalResourceId: "NorthBuoy", ResourceProperties: { Colour: "green" } }],
  ["Amazon SES: received mail", "ses", { Records: [{ eventSource: "aws:ses", eventVersion: "1.0", ses: { mail: { timestamp: TIME, source: "captain@example.com", messageId: "o3vrnil0e2ic28trm7dfhrc2v0clambda", destination: ["harbour@example.com"], headersTruncated: false, headers: [{ name: "From", value: "Captain <captain@example.com>" }, { name: "Subject", value: "A berth for tonight" }], commonHeaders: { from: ["Captain <captain@example.com>"], to: ["harbour@example.com"], subject: "A berth for tonight" } }, receipt: { timestamp: TIME, processingTimeMillis: 574, recipients: ["harbour@example.com"], spamVerdict: { status: "PASS" }, virusVerdict: { status: "PASS" }, spfVerdict: { status: "PASS" }, dkimVerdict: { status: "PASS" }, action: { type: "Lambda", invocationType: "Event", functionArn: arn("lambda", "function:mail") } } } }] }],
  ["Amazon Cognito: sync trigger", "cognito", { version: 2, eventType: "SyncTrigger", region: REGION, identityPoolId: `${REGION}:0f4e2c6f-1b10-4d9e-8f0e-9f0d1a525b5b`, identityId: `${REGION}:5b5b9f0d-1a52-4d9e-8f0e-0f4e2c6f1b10`, datasetName: "settings", datasetRecords: { units: { oldValue: "feet", newValue: "metres", op: "replace" } } }],
  ["Amazon Lex: fulfil an intent", "lex", { messageVersion: "1.0", invocationSource: "FulfillmentCodeHook", userId: "user-1", sessionAttributes: {}, bot: { name: "HarbourMaster", alias: "prod", version: "3" }, outputDialogMode: "Text", currentIntent: { name: "ReserveBerth", slots: { Boat: "Aurora", Nights: "2" }, confirmationStatus: "None" } }],
  ["Amazon CloudFront: viewer request", "cloudfront", cloudfront],
  ["AWS Config: rule", "config", { version: "1.0", configRuleName: "tagged-boats", configRuleId: "config-rule-0123ab", configRuleArn: arn("config", "config-rule/config-rule-0123ab"), accountId: ACCOUNT, eventLeftScope: false, resultToken: "EXAMPLE-TOKEN", ruleParameters: JSON.stringify({ tag: "owner" }), executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/config`, invokingEvent: JSON.stringify({ messageType: "ConfigurationItemChangeNotification", notificationCreationTime: TIME, configurationItem: { resourceType: "AWS::EC2::Instance", resourceId: "i-00000000", configurationItemStatus: "OK", configurationItemCaptureTime: TIME, tags: {} } }) }],
  ["AWS IoT: button", "iot", { serialNumber: "G030JF05EXAMPLE", clickType: "SINGLE", batteryVoltage: "2000 mV" }],
  ["Amazon Kinesis Data Firehose: transformation", "firehose", { invocationId: "a7234216-12b6-4bc0-96d7-82606c0e80cf", deliveryStreamArn: arn("firehose", "deliverystream/gauges"), region: REGION, records: [{ recordId: "49578734086442259037497492980620233840400173390482112000000", approximateArrivalTimestamp: SECONDS * 1000, data: base64("level=3.21") }] }],
  ["AWS CodeCommit: push", "codecommit", { Records: [{ awsRegion: REGION, codecommit: { references: [{ commit: "5c4ef1049f1d27deadbeeff313e0730018be182b", ref: "refs/heads/main" }] }, customData: "", eventId: "31ade2c7-f889-47c5-a937-1cf99e2790e9", eventName: "ReferenceChanges", eventPartNumber: 1, eventSource: "aws:codecommit", eventSourceARN: arn("codecommit", "harbour"), eventTime: TIME, eventTotalParts: 1, eventTriggerConfigId: "545b101", eventTriggerName: "on-push", eventVersion: "1.0", userIdentityARN: `arn:aws:iam::${ACCOUNT}:user/harbour` }] }],
  ["Alexa: skill request", "alexa", { version: "1.0", session: { new: true, sessionId: "amzn1.echo-api.session.0000", application: { applicationId: "amzn1.ask.skill.example" }, attributes: {}, user: { userId: "amzn1.ask.account.example" } }, request: { type: "IntentRequest", requestId: "amzn1.echo-api.request.0000", timestamp: TIME, locale: "en-US", intent: { name: "TideIntent", slots: { Harbour: { name: "Harbour", value: "north" } } } } }],
];

export const text = (event) => JSON.stringify(event, null, 2);
