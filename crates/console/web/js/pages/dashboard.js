// What there is, and how it is doing.

import { all, lambda } from "../aws.js";
import { h, put } from "../dom.js";
import { count, size } from "../format.js";
import { ACCOUNT, monitor, series } from "../metrics.js";
import { card, table, trouble } from "../ui.js";

export async function show(content, { signal }) {
  const settings = await lambda("GET", "2016-08-19/account-settings", { signal });
  const { AccountLimit: limit, AccountUsage: usage } = settings;
  if (!usage.FunctionCount) return started(content, limit);
  const running = h("dd", {}, "–"), meter = h("i");
  const share = (part) => { meter.style.width = `${Math.min(100, part * 100)}%`; };
  share(0);
  put(content,
    h("div", { class: "head" }, h("h1", {}, "Dashboard"), h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/create" }, "Create function"))),
    h("div", { class: "tiles" },
      tile("Functions", count(usage.FunctionCount), h("a", { href: "#/functions" }, "Show all")),
      tile("Code storage", size(usage.TotalCodeSize), `of ${size(limit.TotalCodeSize)}`),
      h("dl", { class: "tile" }, h("dt", {}, "Concurrent executions"), running, h("dd", {}, `of ${count(limit.ConcurrentExecutions)}`), h("dd", { class: "meter", "aria-hidden": "true" }, meter)),
      tile("Unreserved concurrency", count(limit.UnreservedConcurrentExecutions), `of ${count(limit.ConcurrentExecutions)}`)),
    monitor(ACCOUNT, {}, signal), await errors());
  const use = async () => {
    try {
      const to = Date.now();
      const { c } = await series([{ id: "c", metric: "ConcurrentExecutions", statistic: "Maximum", dimensions: {} }], to - 300_000, to, 60);
      const now = c.at(-1)?.[1] ?? 0;
      running.textContent = count(now);
      share(now / limit.ConcurrentExecutions);
    } catch { clearInterval(timer); }
  };
  const timer = setInterval(use, 10_000);
  signal.addEventListener("abort", () => clearInterval(timer));
  use();
}

const tile = (term, value, note) => h("dl", { class: "tile" }, h("dt", {}, term), h("dd", {}, value), h("dd", {}, note));

/** The functions with most errors of the last day. */
async function errors() {
  try {
    const functions = (await all("2015-03-31/functions", "Functions", {}, 200)).slice(0, 200);
    const to = Date.now(), from = to - 86_400_000;
    const wanted = functions.flatMap(({ FunctionName }, i) => ["Errors", "Invocations"].map((metric) => ({ id: `${metric[0].toLowerCase()}${i}`, metric, statistic: "Sum", dimensions: { FunctionName } })));
    const found = await series(wanted, from, to, 3600);
    const sum = (points) => points.reduce((total, [, value]) => total + value, 0);
    const rows = functions.map(({ FunctionName: name }, i) => ({ name, errors: sum(found[`e${i}`]), runs: sum(found[`i${i}`]) })).filter((row) => row.errors > 0);
    rows.sort((a, b) => b.errors - a.errors);
    return h("section", { class: "card flush" }, h("header", {}, h("h2", {}, "Errors of the last 24 hours")), table("Functions with errors", [
      ["Function", (row) => h("a", { href: `#/functions/${encodeURIComponent(row.name)}?tab=monitoring` }, row.name)],
      ["Errors", (row) => count(row.errors), "figure"], ["Invocations", (row) => count(row.runs), "figure"],
    ], rows.slice(0, 10), "No function has failed."));
  } catch (error) {
    return card("Errors of the last 24 hours", trouble(error, "CloudWatch metrics"));
  }
}

/** The page for those who have no functions yet. */
function started(content, limit) {
  put(content,
    h("div", { class: "head" }, h("h1", {}, "Get started")),
    card("How it works", h("p", {}, "Write a function, or take a blueprint. Lambent runs it in a sandbox of its own whenever it is invoked: by hand, by an event, or by any client of the AWS Lambda API."),
      h("pre", { class: "output" }, "def lambda_handler(event, context):\n    return \"Hello from Lambda\""),
      h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/create" }, "Create a function"))),
    h("div", { class: "columns" },
      card("With your own tools", h("p", {}, "The AWS CLI, SDKs, SAM and others work with this server as their endpoint:"), h("pre", { class: "output" }, `aws lambda list-functions --endpoint-url ${location.origin}`)),
      card("Limits", h("p", {}, `${count(limit.ConcurrentExecutions)} concurrent executions, ${size(limit.CodeSizeZipped)} for an uploaded package, ${size(limit.CodeSizeUnzipped)} unpacked.`))));
}
