// What is attached to a function with operations of its own: triggers, concurrency, its URL, asynchronous invocation.

import { lambda, part } from "../aws.js";
import { h, put } from "../dom.js";
import { action, ask, card, check, copy, facts, field, form, input, select, toast } from "../ui.js";

const absent = (call) => call.catch((error) => { if (error.status === 404 || error.missing) return null; throw error; });
const functions = (year, cx, what) => `${year}/functions/${part(cx.name)}/${what}`;
const save = (title) => h("div", { class: "actions" }, h("button", { class: "primary", "aria-label": `Save: ${title}` }, "Save"));

/** Sources that the function reads itself, by an event source mapping, and services that are permitted to invoke it. */
const MAPPED = { sqs: "Amazon SQS queue", kinesis: "Amazon Kinesis stream", dynamodb: "Amazon DynamoDB stream" };
const PERMITTED = {
  "apigateway.amazonaws.com": "Amazon API Gateway", "s3.amazonaws.com": "Amazon S3", "sns.amazonaws.com": "Amazon SNS", "events.amazonaws.com": "Amazon CloudWatch Events", "logs.amazonaws.com": "Amazon CloudWatch Logs",
  "elasticloadbalancing.amazonaws.com": "Application Load Balancer", "iot.amazonaws.com": "AWS IoT", "codecommit.amazonaws.com": "AWS CodeCommit", "cognito-sync.amazonaws.com": "Amazon Cognito", "ses.amazonaws.com": "Amazon SES",
  "config.amazonaws.com": "AWS Config", "lex.amazonaws.com": "Amazon Lex", "alexa-appkit.amazon.com": "Alexa", "edgelambda.amazonaws.com": "Amazon CloudFront", "firehose.amazonaws.com": "Amazon Kinesis Data Firehose",
};

export function addTrigger(cx, mappings) {
  const change = (mapping, Enabled) => lambda("PUT", `2015-03-31/event-source-mappings/${mapping.UUID}`, { body: { Enabled } }).then(() => cx.again());
  return [
    mappings.map((each) => h("div", { class: "row between" }, h("span", { class: "break small" }, each.EventSourceArn), h("span", { class: "row" },
      action(each.State === "Disabled" ? "Enable" : "Disable", () => change(each, each.State === "Disabled"), { class: "small" }),
      action("Delete", () => lambda("DELETE", `2015-03-31/event-source-mappings/${each.UUID}`).then(() => cx.again()), { class: "small danger", "aria-label": `Delete the mapping of ${each.EventSourceArn}` })))),
    h("div", { class: "actions" }, h("button", { type: "button", onclick: () => choose(cx) }, "Add trigger")),
  ];
}

function choose(cx) {
  const detail = h("div", { class: "field" });
  const kind = select("kind", [...Object.entries(MAPPED), ...Object.entries(PERMITTED)], "sqs", { onchange: () => draw() });
  const draw = () => put(detail, kind.value in MAPPED ? [
    field("ARN of the source", input("arn", "", { required: true, placeholder: `arn:aws:${kind.value}:…` })),
    h("div", { class: "pair" }, field("Batch size", input("batch", kind.value === "sqs" ? "10" : "100", { type: "number", min: 1, max: 10000 })), kind.value !== "sqs" && field("Starting position", select("position", [["LATEST", "Latest"], ["TRIM_HORIZON", "Trim horizon"]]))),
    check("Enable the trigger", h("input", { type: "checkbox", name: "enabled", checked: true })),
  ] : [
    field("ARN of the source", input("arn", "", { placeholder: "arn:aws:…" }), "Whose calls are permitted. Empty: any of the service's."),
    field("Statement id", input("sid", `console-${kind.value.split(".")[0]}`, { required: true, pattern: "[A-Za-z0-9_\\-]{1,100}" })),
  ]);
  draw();
  return ask({
    title: "Add trigger", confirm: "Add", body: [field("Source", kind), detail],
    submit: async (data) => {
      if (data.get("kind") in MAPPED) await lambda("POST", "2015-03-31/event-source-mappings", { body: { FunctionName: cx.name, EventSourceArn: data.get("arn"), BatchSize: Number(data.get("batch")), StartingPosition: data.get("position") ?? undefined, Enabled: data.has("enabled") } });
      else await lambda("POST", `${cx.path}/policy`, { body: { Action: "lambda:InvokeFunction", Principal: data.get("kind"), StatementId: data.get("sid"), SourceArn: data.get("arn") || undefined } });
      toast("The trigger is added.");
      cx.again();
    },
  });
}

export async function concurrency(cx) {
  const settings = await lambda("GET", "2016-08-19/account-settings");
  const reserved = cx.fn.Concurrency?.ReservedConcurrentExecutions;
  const number = input("number", String(reserved ?? 100), { type: "number", min: 0, "aria-label": "Reserved concurrent executions" });
  const radio = (value, text) => check(text, h("input", { type: "radio", name: "kind", value, checked: (reserved !== undefined) === (value === "reserve") }));
  return card("Concurrency", form({}, async (data) => {
    const path = functions("2017-10-31", cx, "concurrency");
    if (data.get("kind") === "reserve") await lambda("PUT", path, { body: { ReservedConcurrentExecutions: Number(data.get("number")) } });
    else await lambda("DELETE", path);
    toast("Concurrency: saved.");
    cx.again();
  }, h("fieldset", {}, h("legend", {}, "Concurrent executions"),
    radio("none", `Use unreserved concurrency (${settings.AccountLimit.UnreservedConcurrentExecutions} now)`), radio("reserve", "Reserve concurrency"), number), save("Concurrency")));
}

export async function url(cx) {
  const path = functions("2021-10-31", cx, "url");
  const query = { Qualifier: cx.qualifier === "$LATEST" ? "" : cx.qualifier };
  const there = await absent(lambda("GET", path, { query }));
  const drop = () => ask({ title: "Delete the function URL?", confirm: "Delete", danger: true, submit: async () => { await lambda("DELETE", path, { query }); cx.again(); } });
  const auth = (value) => field("Who may call it", select("auth", [["AWS_IAM", "Who signs requests (AWS_IAM)"], ["NONE", "Everybody (NONE)"]], value));
  return card("Function URL",
    there && facts(["URL", h("span", {}, h("a", { href: there.FunctionUrl, target: "_blank", rel: "noreferrer" }, there.FunctionUrl), copy(there.FunctionUrl, "the URL"))], ["Reached here by path", `${location.origin}/_lambent/url/${new URL(there.FunctionUrl).hostname.split(".")[0]}/`]),
    form({}, async (data) => {
      const body = { AuthType: data.get("auth"), Cors: data.get("cors") ? { AllowOrigins: data.get("cors").split(/[\s,]+/) } : undefined };
      await lambda(there ? "PUT" : "POST", path, { query, body });
      if (body.AuthType === "NONE") await lambda("POST", `${cx.path}/policy`, { query, body: { Action: "lambda:InvokeFunctionUrl", Principal: "*", StatementId: "FunctionURLAllowPublicAccess", FunctionUrlAuthType: "NONE" } }).catch((error) => { if (error.status !== 409) throw error; });
      toast("Function URL: saved.");
      cx.again();
    }, auth(there?.AuthType ?? "AWS_IAM"), field("Origins that may call it", input("cors", there?.Cors?.AllowOrigins?.join(", ") ?? ""), "For pages of other sites (CORS). Separated by commas."),
    h("div", { class: "actions" }, h("button", { class: "primary", "aria-label": there ? "Save: Function URL" : undefined }, there ? "Save" : "Create function URL"), there && h("button", { type: "button", class: "danger", onclick: drop }, "Delete"))));
}

export async function asynchronous(cx) {
  const path = functions("2019-09-25", cx, "event-invoke-config");
  const query = { Qualifier: cx.qualifier };
  const now = (await absent(lambda("GET", path, { query }))) ?? {};
  const goal = (which) => now.DestinationConfig?.[which]?.Destination ?? "";
  const hint = "ARN of a function, queue, topic or event bus.";
  return card("Asynchronous invocation", form({}, async (data) => {
    const destination = (name) => ({ Destination: data.get(name) || undefined });
    await lambda("PUT", path, { query, body: { MaximumRetryAttempts: Number(data.get("retries")), MaximumEventAgeInSeconds: Number(data.get("age")), DestinationConfig: { OnSuccess: destination("success"), OnFailure: destination("failure") } } });
    toast("Asynchronous invocation: saved.");
    cx.again();
  },
  h("div", { class: "pair" }, field("Maximum age of an event (seconds)", input("age", String(now.MaximumEventAgeInSeconds ?? 21600), { type: "number", min: 60, max: 21600 })), field("Retries", input("retries", String(now.MaximumRetryAttempts ?? 2), { type: "number", min: 0, max: 2 }))),
  field("Destination on success", input("success", goal("OnSuccess")), hint), field("Destination on failure", input("failure", goal("OnFailure")), hint), save("Asynchronous invocation")));
}
