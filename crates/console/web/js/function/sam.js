// A function as an AWS SAM template, after the SAM specification's AWS::Serverless::Function.

import { all, lambda } from "../aws.js";

/** YAML of plain data: every text is quoted as JSON quotes, which YAML reads. */
export function yaml(value, indent = "") {
  if (Array.isArray(value)) return value.length ? value.map((each) => `\n${indent}- ${typeof each === "object" ? yaml(each, `${indent}  `).trimStart() : yaml(each)}`).join("") : " []";
  if (value && typeof value === "object") {
    const pairs = Object.entries(value).filter(([, each]) => each !== undefined && each !== null && !(typeof each === "object" && !Object.keys(each).length));
    return pairs.map(([key, each]) => `\n${indent}${/^[A-Za-z][A-Za-z0-9]*$/.test(key) ? key : JSON.stringify(key)}:${typeof each === "object" ? yaml(each, `${indent}  `) : ` ${yaml(each)}`}`).join("");
  }
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9 ._/-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value) ? value : JSON.stringify(value);
}

const SOURCES = { sqs: "SQS", kinesis: "Kinesis", dynamodb: "DynamoDB", kafka: "MSK", mq: "MQ" };

export async function sam({ configuration: c, fn, name }) {
  const mappings = await all("2015-03-31/event-source-mappings", "EventSourceMappings", { FunctionName: c.FunctionArn });
  const url = await lambda("GET", `2021-10-31/functions/${encodeURIComponent(name)}/url`).catch(() => null);
  const events = mappings.filter((each) => each.EventSourceArn).map((each, i) => {
    const Type = SOURCES[each.EventSourceArn.split(":")[2]] ?? "SQS";
    return [`Source${i + 1}`, { Type, Properties: { [Type === "SQS" ? "Queue" : "Stream"]: each.EventSourceArn, BatchSize: each.BatchSize, StartingPosition: each.StartingPosition, Enabled: each.State !== "Disabled" } }];
  });
  const dead = c.DeadLetterConfig?.TargetArn;
  const Properties = {
    FunctionName: name, Description: c.Description || undefined, CodeUri: `./${name}.zip`, Handler: c.Handler, Runtime: c.Runtime, Role: c.Role, Architectures: c.Architectures,
    MemorySize: c.MemorySize, Timeout: c.Timeout, EphemeralStorage: c.EphemeralStorage?.Size !== 512 ? c.EphemeralStorage : undefined,
    Environment: c.Environment?.Variables && { Variables: c.Environment.Variables }, Tags: fn.Tags, Layers: c.Layers?.map((each) => each.Arn),
    Tracing: c.TracingConfig?.Mode === "Active" ? "Active" : undefined, ReservedConcurrentExecutions: fn.Concurrency?.ReservedConcurrentExecutions,
    DeadLetterQueue: dead && { Type: dead.split(":")[2].toUpperCase(), TargetArn: dead }, FunctionUrlConfig: url && { AuthType: url.AuthType }, Events: Object.fromEntries(events),
  };
  const id = name.replace(/[^A-Za-z0-9]/g, "") || "Function";
  return `AWSTemplateFormatVersion: "2010-09-09"\nTransform: AWS::Serverless-2016-10-31${yaml({ Resources: { [id]: { Type: "AWS::Serverless::Function", Properties } } })}\n`.replace('"AWS::Serverless::Function"', "AWS::Serverless::Function");
}
