// Everything that is set on a function, each part with a form of its own.

import { lambda, part } from "../aws.js";
import { RUNTIMES } from "../data/runtimes.js";
import { h, put } from "../dom.js";
import { roleField } from "../roles.js";
import { card, check, facts, field, form, input, notice, pairs, select, table, toast } from "../ui.js";
import { addTrigger, asynchronous, concurrency, url } from "./attachments.js";
import { triggers } from "./designer.js";


export async function show(body, cx) {
  const c = cx.configuration;
  if (!cx.editable) return put(body, card("Configuration", facts(["Runtime", c.Runtime], ["Handler", c.Handler], ["Memory", `${c.MemorySize} MB`], ["Timeout", `${c.Timeout} s`], ["Role", c.Role], ["Tracing", c.TracingConfig?.Mode],
    ["Environment variables", Object.entries(c.Environment?.Variables ?? {}).map(([key, value]) => h("div", { class: "mono" }, `${key}=${value}`))])), h("br"), h("div", { class: "columns" }, !/^\d+$/.test(cx.qualifier) && await url(cx), await asynchronous(cx)));
  const attached = await Promise.all([triggerCard(cx), concurrency(cx), url(cx), asynchronous(cx)]);
  put(body, h("div", { class: "columns" }, basic(cx), environment(cx), attached, await role(cx), debugging(cx), layers(cx), tags(cx), network(cx), audit(cx)));
  const wanted = new URLSearchParams(location.hash.split("?")[1]).get("section");
  if (wanted) body.querySelector(`[data-section="${CSS.escape(wanted)}"]`)?.scrollIntoView();
}

/** A card whose form changes the function's configuration. */
const section = (cx, title, make, ...content) => card(title, form({}, async (data) => {
  await lambda("PUT", `${cx.path}/configuration`, { body: make(data) });
  toast(`${title}: saved.`);
  cx.again();
}, ...content, h("div", { class: "actions" }, h("button", { class: "primary", "aria-label": `Save: ${title}` }, "Save"))));

function basic(cx) {
  const c = cx.configuration;
  const known = RUNTIMES.some(([id]) => id === c.Runtime);
  const memory = input("memory", String(c.MemorySize), { type: "number", min: 128, max: 10240, required: true });
  const slider = input("", String(c.MemorySize), { type: "range", min: 128, max: 3008, step: 64, "aria-label": "Memory in MB, by steps of 64", oninput: () => { memory.value = slider.value; } });
  memory.addEventListener("input", () => { slider.value = memory.value; });
  return section(cx, "Basic settings", (data) => ({
    Description: data.get("description"), Handler: data.get("handler") ?? undefined, Runtime: data.get("runtime") ?? undefined, MemorySize: Number(data.get("memory")),
    Timeout: Number(data.get("minutes")) * 60 + Number(data.get("seconds")), EphemeralStorage: { Size: Number(data.get("storage")) } }),
  field("Description", input("description", c.Description ?? "", { maxlength: 256 })),
  c.Runtime && h("div", { class: "pair" }, field("Runtime", select("runtime", known ? RUNTIMES : [c.Runtime, ...RUNTIMES], c.Runtime)), field("Handler", input("handler", c.Handler, { required: true }), "file.function")),
  h("div", { class: "pair" }, h("div", { class: "field" }, field("Memory (MB)", memory, "128 to 10,240. Processor time grows with it."), slider), field("Ephemeral storage (MB)", input("storage", String(c.EphemeralStorage?.Size ?? 512), { type: "number", min: 512, max: 10240 }), "The size of /tmp.")),
  h("div", { class: "pair" }, field("Timeout, minutes", input("minutes", String(Math.floor(c.Timeout / 60)), { type: "number", min: 0, max: 15 })), field("Timeout, seconds", input("seconds", String(c.Timeout % 60), { type: "number", min: 0, max: 59 }))));
}

function environment(cx) {
  const list = pairs("environment variable", cx.configuration.Environment?.Variables ?? {});
  return section(cx, "Environment variables", () => ({ Environment: { Variables: list.value() } }),
    h("p", { class: "muted small" }, "The function finds them in its environment. 4 KB together."), list.element,
    cx.configuration.KMSKeyArn && facts(["Encrypted at rest with", cx.configuration.KMSKeyArn]));
}

const role = async (cx) => section(cx, "Execution role", (data) => ({ Role: data.get("role") }), await roleField(cx.configuration.Role));

const debugging = (cx) => section(cx, "Debugging and error handling", (data) => ({ DeadLetterConfig: { TargetArn: data.get("dlq") }, TracingConfig: { Mode: data.get("tracing") ? "Active" : "PassThrough" } }),
  field("Dead-letter queue", input("dlq", cx.configuration.DeadLetterConfig?.TargetArn ?? "", { placeholder: "arn:aws:sqs:… or arn:aws:sns:…" }), "Gets asynchronous events that failed at every try. Empty: none."),
  check("Active tracing", h("input", { type: "checkbox", name: "tracing", checked: cx.configuration.TracingConfig?.Mode === "Active" }), "Samples requests for AWS X-Ray."));

const layers = (cx) => section(cx, "Layers", (data) => ({ Layers: data.get("layers").split(/\s+/).filter(Boolean) }),
  field("Layer versions", h("textarea", { name: "layers", class: "short", value: (cx.configuration.Layers ?? []).map((each) => each.Arn).join("\n") }), "ARNs, one a line, at most five. Later ones win."));

const network = (cx) => card("Network", h("p", { class: "muted" }, cx.configuration.VpcConfig?.VpcId ? `VPC ${cx.configuration.VpcConfig.VpcId}` : "No VPC. Inside its sandbox the function reaches this server's AWS endpoint."));
const audit = () => card("Auditing and compliance", h("p", { class: "muted" }, "The server writes what it is asked for in its own log. AWS CloudTrail is not part of it."));

function tags(cx) {
  const before = cx.fn.Tags ?? {};
  const list = pairs("tag", before);
  const path = `2017-03-31/tags/${part(cx.configuration.FunctionArn)}`;
  return card("Tags", form({}, async () => {
    const after = list.value();
    const gone = Object.keys(before).filter((key) => !(key in after));
    if (gone.length) await lambda("DELETE", path, { query: { tagKeys: gone } });
    if (Object.keys(after).length) await lambda("POST", path, { body: { Tags: after } });
    toast("Tags: saved.");
    cx.again();
  }, list.element, h("div", { class: "actions" }, h("button", { class: "primary", "aria-label": "Save: Tags" }, "Save"))));
}

async function triggerCard(cx) {
  const sources = await triggers(cx);
  const mappings = await lambda("GET", "2015-03-31/event-source-mappings", { query: { FunctionName: cx.configuration.FunctionArn } }).catch(() => ({}));
  const element = card("Triggers",
    table("Triggers", [["Kind", ([kind]) => kind], ["Source", ([, source]) => h("span", { class: "break" }, source)], ["State", ([, , note]) => note ?? ""]], sources, "Nothing invokes this function by itself."),
    addTrigger(cx, mappings.EventSourceMappings ?? []), !sources.length && notice("", "Any client of the Lambda API can invoke it, and the button Test."));
  element.dataset.section = "triggers";
  return element;
}
