// X-Ray's traces: a list by GetTraceSummaries, and what happened in one by BatchGetTraces.

import { xray } from "./aws.js";
import { h, put, s } from "./dom.js";
import { clock, day } from "./format.js";
import { action, badge, field, input, select, table, trouble } from "./ui.js";

/** X-Ray lets nobody look at more than six hours at once. */
const SPANS = [[900_000, "15 minutes"], [3_600_000, "1 hour"], [10_800_000, "3 hours"], [21_600_000, "6 hours"]];

/** A text within an expression. */
const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
/** The expression for all traces of a function. */
export const tracesOf = (name) => `service(${quoted(name)})`;

/** Seconds, as people read them. */
export const lasting = (seconds) => {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds >= 100) return `${Math.round(seconds)} s`;
  return seconds >= 1 ? `${+seconds.toFixed(2)} s` : `${Math.round(seconds * 1000)} ms`;
};

/** How it went: the worst of what is known. */
export function state(trace) {
  if (trace.HasFault) return ["Fault", "bad"];
  if (trace.HasThrottle) return ["Throttled", "warn"];
  if (trace.HasError) return ["Error", "warn"];
  return trace.IsPartial ? ["In progress", ""] : ["OK", "good"];
}

/** A list of traces; `expression` is what all of them must be like. */
export function traceList(expression, hint, signal) {
  const body = h("div", {}, h("p", { class: "muted", role: "status" }, "Loading…"));
  const filter = input("filter", "", { type: "search", placeholder: 'fault = true, duration > 1, annotation.order = "7"' });
  const span = select("traces-span", SPANS, String(SPANS[1][0]));
  let NextToken, found = [], round = 0;
  const draw = async (more) => {
    const own = ++round;
    const own_filter = filter.value.trim();
    const asked = own_filter ? `${expression} AND (${own_filter})` : expression;
    if (!more) [NextToken, found] = [undefined, []];
    try {
      const to = Date.now();
      const page = await xray("TraceSummaries", { StartTime: (to - Number(span.value)) / 1000, EndTime: Math.ceil(to / 1000), FilterExpression: asked, NextToken }, signal);
      if (own !== round) return;
      found.push(...(page.TraceSummaries ?? []));
      NextToken = page.NextToken;
      put(body, rows(found, hint), NextToken && action("More traces", () => draw(true)));
    } catch (error) {
      if (own === round && !signal?.aborted) put(body, trouble(error, "X-Ray"));
    }
  };
  for (const control of [filter, span]) control.addEventListener("change", () => draw());
  draw();
  return h("section", { class: "card traces" }, h("h2", {}, "Traces"),
    h("div", { class: "row end" }, h("div", { class: "grow" }, field("Filter expression", filter)), field("Time range of traces", span), action("Refresh", () => draw())), body);
}

const rows = (found, hint) => table("Traces", [
  ["Trace", (trace) => h("a", { class: "mono break", href: `#/traces/${trace.Id}` }, trace.Id)],
  ["Began", (trace) => { const at = new Date(trace.StartTime * 1000); return h("time", { datetime: at.toISOString() }, `${day(at)} ${clock(at)}`); }],
  ["Duration", (trace) => lasting(trace.Duration), "right"],
  ["Response", (trace) => trace.Http?.HttpStatus ?? "–", "right"],
  ["State", (trace) => badge(...state(trace))],
], found, hint);

/** The segments of a trace, parts below those they are parts of: `[{ document, children }]`, in the order in which they began. */
export function tree(documents) {
  const nodes = new Map(), all = [];
  const add = (document, own) => {
    const node = { document, children: [], own };
    nodes.set(document.id, node);
    all.push(node);
    for (const part of document.subsegments ?? []) node.children.push(add(part, true));
    return node;
  };
  documents.forEach((document) => add(document, false));
  const roots = [];
  for (const node of all.filter((node) => !node.own)) {
    const parent = nodes.get(node.document.parent_id);
    // What is its own forebear stands for itself.
    if (parent && !within(parent, node)) parent.children.push(node); else roots.push(node);
  }
  const sort = (list) => { list.sort((a, b) => a.document.start_time - b.document.start_time); list.forEach((each) => sort(each.children)); return list; };
  return sort(roots);
}

const within = (node, root) => node === root || root.children.some((child) => within(node, child));

/** From when to when a tree reaches, in seconds. */
export function reach(roots) {
  let from = Infinity, to = -Infinity;
  const see = ({ document, children }) => {
    from = Math.min(from, document.start_time);
    to = Math.max(to, document.end_time ?? document.start_time);
    children.forEach(see);
  };
  roots.forEach(see);
  return [from, Math.max(to, from + 0.001)];
}

/** Bars below each other, each with what is told of it behind a click. */
export function waterfall(roots) {
  const [from, to] = reach(roots);
  const scale = h("div", { class: "span scale", "aria-hidden": "true" }, h("span", {}, "Segment"), h("span", { class: "ticks" }, [0, 0.5, 1].map((part) => h("span", {}, lasting((to - from) * part)))), h("span", { class: "took" }, "Duration"));
  return h("div", { class: "waterfall" }, scale, list(roots, from, to, 0));
}

const list = (nodes, from, to, depth) => h("ul", {}, nodes.map(({ document: it, children }) => {
  const kind = it.fault ? "bad" : it.error || it.throttle ? "warn" : it.in_progress ? "open" : "";
  const end = it.end_time ?? to, begins = 1000 * (it.start_time - from) / (to - from);
  const details = h("div", { class: "told", hidden: true });
  const took = it.in_progress ? "in progress" : lasting(end - it.start_time);
  const toggle = () => {
    const opening = details.hidden;
    if (opening && !details.firstChild) put(details, told(it));
    details.hidden = !opening;
    button.setAttribute("aria-expanded", String(opening));
  };
  const button = h("button", { type: "button", class: "span plain", "aria-expanded": "false", onclick: toggle },
    h("span", { class: `name d${Math.min(depth, 8)}` }, h("span", { class: "break" }, it.name), it.origin && h("span", { class: "muted small" }, ` ${it.origin}`), kind && kind !== "open" && h("span", { class: "hidden" }, it.fault ? ", fault" : ", error")),
    s("svg", { class: `bar ${kind}`, viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      s("rect", { x: Math.min(begins, 996), y: 0, width: Math.max(4, 1000 * (end - it.start_time) / (to - from)), height: 10 })),
    h("span", { class: "took" }, took));
  return h("li", {}, button, details, children.length > 0 && list(children, from, to, depth + 1));
}));

/** What is told of a segment. */
function told(it) {
  const at = new Date(it.start_time * 1000);
  const response = it.http?.response?.status, request = it.http?.request;
  const pairs = [
    ["Id", it.id], ["Began", `${day(at)} ${clock(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`], ["Kind", it.origin ?? it.namespace],
    ["Request", request && [request.method, request.url].filter(Boolean).join(" ")], ["Response", response], ["Request id", it.aws?.request_id],
    ["Operation", it.aws?.operation], ["Resource", it.resource_arn], ["User", it.user],
    ...(it.cause?.exceptions ?? []).map((exception) => ["Exception", [exception.type, exception.message].filter(Boolean).join(": ")]),
  ].filter(([, value]) => value !== undefined && value !== null && value !== "");
  return [
    h("dl", { class: "facts" }, pairs.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", { class: "break" }, String(value))))),
    block("Annotations", it.annotations), block("Metadata", it.metadata),
  ];
}

const block = (title, value) => value && Object.keys(value).length > 0 && [h("h3", {}, title), h("pre", { class: "output", tabindex: "0" }, JSON.stringify(value, null, 2))];
