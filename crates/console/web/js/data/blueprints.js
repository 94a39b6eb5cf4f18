// Functions to begin with: one to greet, and one for each event source, in Python and in Node.js.

/** `[name, what it does, words to find it by, the sample event's source, body in Python, body in JavaScript]`. The bodies are of the handler. */
const IDEAS = [
  ["hello-world", "Greets, and shows how an event's values are read.", "starter", "",
    `    print("value1 =", event["key1"])
    print("value2 =", event["key2"])
    print("value3 =", event["key3"])
    return event["key1"]`,
    `  console.log("value1 =", event.key1);
  console.log("value2 =", event.key2);
  console.log("value3 =", event.key3);
  return event.key1;`],
  ["s3-object-created", "Says what was put into a bucket of Amazon S3, or removed from it.", "storage bucket", "s3",
    `    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        print(f"{record['eventName']}: {key} in {bucket}")
    return len(event["Records"])`,
    `  for (const record of event.Records) {
    const key = decodeURIComponent(record.s3.object.key.replaceAll("+", " "));
    console.log(\`\${record.eventName}: \${key} in \${record.s3.bucket.name}\`);
  }
  return event.Records.length;`, "from urllib.parse import unquote_plus"],
  ["sns-message", "Logs a notification of an Amazon SNS topic and returns it.", "notification topic", "sns",
    `    message = event["Records"][0]["Sns"]["Message"]
    print("From SNS:", message)
    return message`,
    `  const message = event.Records[0].Sns.Message;
  console.log("From SNS:", message);
  return message;`],
  ["sqs-poller", "Works on messages of an Amazon SQS queue, and names those that failed, so that only they come again.", "queue messages batch", "sqs",
    `    failed = []
    for record in event["Records"]:
        try:
            print("Message:", record["body"])
        except Exception as problem:
            print("Failed:", record["messageId"], problem)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}`,
    `  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      console.log("Message:", record.body);
    } catch (problem) {
      console.error("Failed:", record.messageId, problem);
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };`],
  ["kinesis-process-record", "Decodes the records of an Amazon Kinesis stream.", "stream", "kinesis",
    `    for record in event["Records"]:
        data = base64.b64decode(record["kinesis"]["data"]).decode()
        print(record["kinesis"]["partitionKey"], data)
    return f"{len(event['Records'])} records"`,
    `  for (const { kinesis } of event.Records) {
    console.log(kinesis.partitionKey, Buffer.from(kinesis.data, "base64").toString());
  }
  return \`\${event.Records.length} records\`;`, "import base64"],
  ["dynamodb-process-stream", "Shows what changed in an Amazon DynamoDB table.", "table stream database", "dynamodb",
    `    for record in event["Records"]:
        change = record["dynamodb"]
        print(record["eventName"], change["Keys"], change.get("OldImage"), "->", change.get("NewImage"))
    return f"{len(event['Records'])} changes"`,
    `  for (const { eventName, dynamodb } of event.Records) {
    console.log(eventName, JSON.stringify(dynamodb.Keys), JSON.stringify(dynamodb.OldImage), "->", JSON.stringify(dynamodb.NewImage));
  }
  return \`\${event.Records.length} changes\`;`],
  ["scheduled-event", "Runs at set times, by a rule of Amazon CloudWatch Events.", "cron canary eventbridge timer", "events",
    `    print("It is", event["time"], "by", event["resources"])
    return "done"`,
    `  console.log("It is", event.time, "by", event.resources);
  return "done";`],
  ["cloudwatch-logs-process-data", "Unpacks what a subscription filter of Amazon CloudWatch Logs sends.", "log subscription", "logs",
    `    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    for line in data["logEvents"]:
        print(data["logGroup"], line["timestamp"], line["message"])
    return len(data["logEvents"])`,
    `  const data = JSON.parse(gunzipSync(Buffer.from(event.awslogs.data, "base64")));
  for (const line of data.logEvents) console.log(data.logGroup, line.timestamp, line.message);
  return data.logEvents.length;`, "import base64\nimport gzip\nimport json", `import { gunzipSync } from "node:zlib";`],
  ["microservice-http-endpoint", "Answers requests of Amazon API Gateway.", "rest http proxy", "api gateway",
    `    query = event.get("queryStringParameters") or {}
    answer = {"method": event["httpMethod"], "path": event["path"], "query": query}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(answer),
    }`,
    `  const { httpMethod: method, path, queryStringParameters: query } = event;
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ method, path, query: query ?? {} }),
  };`, "import json"],
  ["function-url-page", "Answers a browser at a function URL with a page.", "http html web", "url",
    `    name = (event.get("queryStringParameters") or {}).get("name", "world")
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/html; charset=utf-8"},
        "body": f"<h1>Hello, {escape(name)}</h1>",
    }`,
    `  const name = event.queryStringParameters?.name ?? "world";
  const safe = name.replace(/[<>&"]/g, (char) => \`&#\${char.charCodeAt(0)};\`);
  return {
    statusCode: 200,
    headers: { "Content-Type": "text/html; charset=utf-8" },
    body: \`<h1>Hello, \${safe}</h1>\`,
  };`, "from html import escape"],
  ["load-balancer-target", "Answers requests of an Application Load Balancer.", "http alb elb", "elb",
    `    return {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "isBase64Encoded": False,
        "headers": {"Content-Type": "text/plain"},
        "body": f"{event['httpMethod']} {event['path']}",
    }`,
    `  return {
    statusCode: 200,
    statusDescription: "200 OK",
    isBase64Encoded: false,
    headers: { "Content-Type": "text/plain" },
    body: \`\${event.httpMethod} \${event.path}\`,
  };`],
  ["cloudformation-custom-resource", "Is a resource of your own for AWS CloudFormation.", "stack template", "cloudformation",
    `    print(event["RequestType"], event["LogicalResourceId"])
    body = json.dumps({
        "Status": "SUCCESS",
        "PhysicalResourceId": event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }).encode()
    urlopen(Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}))`,
    `  console.log(event.RequestType, event.LogicalResourceId);
  const { LogicalResourceId, StackId, RequestId } = event;
  const body = JSON.stringify({ Status: "SUCCESS", PhysicalResourceId: LogicalResourceId, StackId, RequestId, LogicalResourceId });
  await fetch(event.ResponseURL, { method: "PUT", body, headers: { "Content-Type": "" } });`, "import json\nfrom urllib.request import Request, urlopen"],
  ["ses-received-mail", "Decides what becomes of mail that Amazon SES receives.", "email", "ses",
    `    mail = event["Records"][0]["ses"]
    print("From", mail["mail"]["source"], ":", mail["mail"]["commonHeaders"]["subject"])
    wanted = mail["receipt"]["spamVerdict"]["status"] == "PASS"
    return {"disposition": "CONTINUE" if wanted else "STOP_RULE"}`,
    `  const { mail, receipt } = event.Records[0].ses;
  console.log("From", mail.source, ":", mail.commonHeaders.subject);
  return { disposition: receipt.spamVerdict.status === "PASS" ? "CONTINUE" : "STOP_RULE" };`],
  ["cognito-sync-trigger", "Looks at data of Amazon Cognito before it is stored.", "identity", "cognito",
    `    for name, record in event["datasetRecords"].items():
        print(name, record["op"], record.get("newValue"))
    return event`,
    `  for (const [name, record] of Object.entries(event.datasetRecords)) console.log(name, record.op, record.newValue);
  return event;`],
  ["lex-fulfil-intent", "Does what was asked of an Amazon Lex bot.", "chat bot", "lex",
    `    slots = event["currentIntent"]["slots"]
    content = f"Done: {event['currentIntent']['name']} for {slots}"
    return {"dialogAction": {"type": "Close", "fulfillmentState": "Fulfilled",
                             "message": {"contentType": "PlainText", "content": content}}}`,
    `  const { name, slots } = event.currentIntent;
  const content = \`Done: \${name} for \${JSON.stringify(slots)}\`;
  return { dialogAction: { type: "Close", fulfillmentState: "Fulfilled", message: { contentType: "PlainText", content } } };`],
  ["cloudfront-viewer-request", "Changes requests on their way into Amazon CloudFront.", "edge http", "cloudfront",
    `    request = event["Records"][0]["cf"]["request"]
    if request["uri"].endswith("/"):
        request["uri"] += "index.html"
    return request`,
    `  const { request } = event.Records[0].cf;
  if (request.uri.endsWith("/")) request.uri += "index.html";
  return request;`],
  ["config-rule-change-triggered", "Judges a changed resource for AWS Config.", "compliance", "config",
    `    item = json.loads(event["invokingEvent"])["configurationItem"]
    wanted = json.loads(event["ruleParameters"])["tag"]
    compliant = wanted in item["tags"]
    print(item["resourceType"], item["resourceId"], "COMPLIANT" if compliant else "NON_COMPLIANT")
    return compliant`,
    `  const item = JSON.parse(event.invokingEvent).configurationItem;
  const wanted = JSON.parse(event.ruleParameters).tag;
  const compliant = wanted in item.tags;
  console.log(item.resourceType, item.resourceId, compliant ? "COMPLIANT" : "NON_COMPLIANT");
  return compliant;`, "import json"],
  ["iot-button", "Hears a button of AWS IoT being pressed.", "device", "iot",
    `    print(event["serialNumber"], "was pressed:", event["clickType"])
    return event["clickType"]`,
    `  console.log(event.serialNumber, "was pressed:", event.clickType);
  return event.clickType;`],
  ["kinesis-firehose-process-record", "Changes records on their way through Amazon Kinesis Data Firehose.", "stream transformation", "firehose",
    `    records = []
    for record in event["records"]:
        text = base64.b64decode(record["data"]).decode().upper()
        data = base64.b64encode(text.encode()).decode()
        records.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": records}`,
    `  const records = event.records.map(({ recordId, data }) => {
    const text = Buffer.from(data, "base64").toString().toUpperCase();
    return { recordId, result: "Ok", data: Buffer.from(text).toString("base64") };
  });
  return { records };`, "import base64"],
  ["codecommit-push", "Logs what was pushed to an AWS CodeCommit repository.", "git repository", "codecommit",
    `    for record in event["Records"]:
        for reference in record["codecommit"]["references"]:
            print(record["eventSourceARN"], reference["ref"], reference["commit"])`,
    `  for (const { eventSourceARN, codecommit } of event.Records) {
    for (const { ref, commit } of codecommit.references) console.log(eventSourceARN, ref, commit);
  }`],
  ["alexa-skill", "Answers a question to an Alexa skill.", "voice", "alexa",
    `    intent = event["request"].get("intent", {}).get("name", "launch")
    return {"version": "1.0", "response": {
        "outputSpeech": {"type": "PlainText", "text": f"You asked for {intent}."},
        "shouldEndSession": True,
    }}`,
    `  const intent = event.request.intent?.name ?? "launch";
  return { version: "1.0", response: { outputSpeech: { type: "PlainText", text: \`You asked for \${intent}.\` }, shouldEndSession: true } };`],
];

const python = (body, head) => `${head ? `${head}\n\n\n` : ""}def lambda_handler(event, context):\n${body}\n`;
const node = (body, head) => `${head ? `${head}\n\n` : ""}export const handler = async (event) => {\n${body}\n};\n`;

/** `{ name, family, label, description, words, source, file, handler, code }` */
export const BLUEPRINTS = IDEAS.flatMap(([name, description, words, source, py, js, pyHead, jsHead]) => [
  { name: `${name}-python`, family: "python", label: "Python", description, words: `${words} ${source}`, source, file: "lambda_function.py", handler: "lambda_function.lambda_handler", code: python(py, pyHead) },
  { name: `${name}-nodejs`, family: "node", label: "Node.js", description, words: `${words} ${source}`, source, file: "index.mjs", handler: "index.handler", code: node(js, jsHead) },
]);
