// Policy templates of new roles: the actions a function with such a trigger or target needs.

const LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
export const TEMPLATES = {
  "Basic: write logs": [],
  "Kinesis: poll streams": ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams"],
  "DynamoDB: poll table streams": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
  "SQS: poll queues": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  "SQS: send failed events": ["sqs:SendMessage"],
  "SNS: publish failed events": ["sns:Publish"],
  "S3: read objects": ["s3:GetObject"],
  "DynamoDB: simple microservice": ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"],
  "X-Ray: write traces": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
  "KMS: decrypt": ["kms:Decrypt"],
};

/** AWS's policy that lets a function write its log. */
export const BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
export const TRUST = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] });
export const policy = (templates) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: [...LOGS, ...templates.flatMap((name) => TEMPLATES[name] ?? [])], Resource: "*" }] });
