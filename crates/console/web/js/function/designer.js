// What invokes a function, and where its results go: from event source mappings, permissions, its URL and its settings.

import { all, lambda } from "../aws.js";
import { h } from "../dom.js";

const none = (call, fallback) => call.catch((error) => { if (error.status === 404 || error.missing) return fallback; throw error; });
const last = (arn) => arn?.split(":").pop() ?? "";

/** Everything that can invoke the function, as `[what, which, note]`. */
export async function triggers({ path, qualifier, configuration }) {
  const query = { Qualifier: qualifier };
  const [mappings, policy, url] = await Promise.all([
    none(all("2015-03-31/event-source-mappings", "EventSourceMappings", { FunctionName: configuration.FunctionArn }), []),
    none(lambda("GET", `${path}/policy`, { query }), null),
    // A published version has no URL of its own; the function and its aliases may.
    /^\d+$/.test(qualifier) ? null : none(lambda("GET", `2021-10-31/functions/${path.split("/").pop()}/url`, { query: { Qualifier: qualifier === "$LATEST" ? "" : qualifier } }), null),
  ]);
  const statements = policy ? JSON.parse(policy.Policy).Statement : [];
  return [
    ...mappings.map((each) => [each.EventSourceArn?.split(":")[2] ?? "stream", last(each.EventSourceArn), `${each.State} · batches of ${each.BatchSize}`]),
    ...statements.map(({ Principal, Condition, Sid }) => {
      const source = Object.values(Condition?.ArnLike ?? Condition?.ArnEquals ?? {})[0];
      return [Principal?.Service ?? Principal?.AWS ?? "anyone", source ? last(source) : Sid, `permission ${Sid}`];
    }),
    ...(url ? [["Function URL", url.FunctionUrl, url.AuthType === "NONE" ? "open to all" : "signed requests"]] : []),
  ];
}

export async function designer(cx) {
  const { configuration: c, path, qualifier, name } = cx;
  const [sources, settings] = await Promise.all([triggers(cx), none(lambda("GET", `2019-09-25/functions/${path.split("/").pop()}/event-invoke-config`, { query: { Qualifier: qualifier } }), null)]);
  const goals = [
    settings?.DestinationConfig?.OnSuccess?.Destination && ["On success", last(settings.DestinationConfig.OnSuccess.Destination)],
    settings?.DestinationConfig?.OnFailure?.Destination && ["On failure", last(settings.DestinationConfig.OnFailure.Destination)],
    c.DeadLetterConfig?.TargetArn && ["Dead-letter queue", last(c.DeadLetterConfig.TargetArn)],
    ["CloudWatch Logs", c.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`],
  ].filter(Boolean);
  const node = ([what, which, note]) => h("div", { class: "node" }, h("strong", {}, what), h("small", { class: "break" }, which), note && h("small", {}, note));
  return h("div", { class: "designer" },
    h("div", { class: "side triggers", role: "group", "aria-label": "Triggers" }, sources.length ? sources.map(node) : h("div", { class: "node none" }, "No triggers"), cx.editable && h("a", { class: "small", href: cx.href("configuration") + "&section=triggers" }, "Add trigger")),
    h("div", { class: "node self" }, h("strong", {}, name), h("small", {}, c.Runtime ?? c.PackageType), c.Layers?.length > 0 && h("small", {}, `${c.Layers.length} layer${c.Layers.length === 1 ? "" : "s"}`)),
    h("div", { class: "side destinations", role: "group", "aria-label": "Destinations" }, goals.map(node)));
}
