// One trace: what happened to a request, as a waterfall.

import { xray } from "../aws.js";
import { h, put } from "../dom.js";
import { clock, day } from "../format.js";
import { lasting, reach, tree, waterfall } from "../traces.js";
import { action, copy, facts, notice } from "../ui.js";

export async function show(content, { name, signal, again }) {
  const page = await xray("Traces", { TraceIds: [name] }, signal);
  const trace = page.Traces?.[0];
  const head = h("div", { class: "head" },
    h("div", {}, h("h1", {}, "Trace"), h("p", { class: "muted small break" }, h("span", { class: "mono" }, name), copy(name, "the trace id"))),
    h("div", { class: "actions" }, action("Refresh", () => again())));
  const crumbs = h("p", { class: "crumbs" }, h("a", { href: "#/functions" }, "Functions"), " / ");
  if (!trace) {
    put(content, crumbs, head, h("p", {}, "There is no such trace, or not yet: what functions tell arrives within a second."));
    return;
  }
  const documents = trace.Segments.map((segment) => JSON.parse(segment.Document));
  const roots = tree(documents), at = new Date(reach(roots)[0] * 1000);
  const functions = [...new Set(documents.filter((it) => it.origin === "AWS::Lambda::Function").map((it) => it.name))];
  put(content, crumbs, head,
    trace.LimitExceeded && notice("warn", h("strong", {}, "Not all of it. "), "More was told of this trace than one may keep."),
    h("section", { class: "card" }, facts(
      ["Began", h("time", { datetime: at.toISOString() }, `${day(at)} ${clock(at)}`)], ["Duration", lasting(trace.Duration)], ["Segments", String(documents.length)],
      functions.length > 0 && ["Functions", functions.map((each, i) => [i > 0 && ", ", h("a", { href: `#/functions/${encodeURIComponent(each)}?tab=monitoring` }, each)])])),
    h("section", { class: "card" }, h("h2", {}, "Timeline"), waterfall(roots)));
}
