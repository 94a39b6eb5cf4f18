// What happens right now, asked of the server each second.

import { health } from "../aws.js";
import { chart } from "../chart.js";
import { h, put } from "../dom.js";
import { count } from "../format.js";
import { notice } from "../ui.js";

const PAUSE = 1000, KEPT = 300_000;

export async function show(content, { signal }) {
  const tiles = h("div", { class: "tiles" }), charts = h("div", { class: "charts" }), trouble = h("div", { role: "status" });
  const history = [];
  put(content, h("div", { class: "head" }, h("h1", {}, "Live"), h("p", { class: "muted" }, "Of the whole server, each second.")), trouble, tiles, charts);
  const next = async () => {
    try {
      const report = await health();
      if (signal.aborted) return;
      put(trouble, report.status !== "ok" && notice("bad", h("strong", {}, "The server is not well: "), report.status));
      const figures = Object.entries(flat(report));
      history.push([Date.now(), Object.fromEntries(figures)]);
      while (history[0][0] < Date.now() - KEPT) history.shift();
      put(tiles, figures.map(([name, value]) => h("dl", { class: "tile" }, h("dt", {}, words(name)), h("dd", {}, count(value)))), h("dl", { class: "tile" }, h("dt", {}, "Version"), h("dd", {}, report.version)));
      const to = Date.now(), from = to - KEPT;
      put(charts, figures.map(([name]) => chart({ title: words(name), from, to, gap: 10_000, series: [{ name: words(name), points: history.filter(([, each]) => name in each).map(([time, each]) => [time, each[name]]) }] })));
    } catch {
      if (!signal.aborted) put(trouble, notice("bad", h("strong", {}, "The server does not answer. "), "Trying again."));
    }
    if (!signal.aborted) timer = setTimeout(next, PAUSE);
  };
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));
  await next();
}

/** The figures of a report, also those of groups in it. */
function flat(report, before = "") {
  return Object.assign({}, ...Object.entries(report).map(([name, value]) => {
    const key = before ? `${before} ${name}` : name;
    return typeof value === "number" ? { [key]: value } : value && typeof value === "object" ? flat(value, key) : {};
  }));
}

const words = (name) => { const text = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase(); return text[0].toUpperCase() + text.slice(1); };
