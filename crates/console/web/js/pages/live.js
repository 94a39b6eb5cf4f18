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
      const groups = grouped(report);
      const figures = groups.flatMap(({ title, lines }) => lines.map(([name, value]) => [`${title}.${name}`, name ? `${title.replace(/ by state$/, "")}: ${name}` : title, value]));
      history.push([Date.now(), Object.fromEntries(figures.map(([key, , value]) => [key, value]))]);
      while (history[0][0] < Date.now() - KEPT) history.shift();
      put(tiles, figures.map(([, name, value]) => h("dl", { class: "tile" }, h("dt", {}, name), h("dd", {}, count(value)))), h("dl", { class: "tile" }, h("dt", {}, "Version"), h("dd", {}, report.version)));
      const to = Date.now(), from = to - KEPT;
      put(charts, groups.map(({ title, lines }) => chart({ title, from, to, gap: 10_000, series: lines.map(([name]) => ({ name: name || title, points: history.filter(([, each]) => `${title}.${name}` in each).map(([time, each]) => [time, each[`${title}.${name}`]]) })) })));
    } catch {
      if (!signal.aborted) put(trouble, notice("bad", h("strong", {}, "The server does not answer. "), "Trying again."));
    }
    if (!signal.aborted) timer = setTimeout(next, PAUSE);
  };
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));
  await next();
}

/** The figures of a report: each alone, or those that belong together in one chart. */
function grouped(report) {
  return Object.entries(report).flatMap(([name, value]) => {
    if (typeof value === "number") return [{ title: words(name), lines: [["", value]] }];
    const lines = value && typeof value === "object" ? Object.entries(value).filter(([, each]) => typeof each === "number") : [];
    return lines.length ? [{ title: words(name.replace(/States$/, "sByState")), lines }] : [];
  });
}

const words = (name) => { const text = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase(); return text[0].toUpperCase() + text.slice(1); };
