// Line charts in SVG, with one figure for those who do not see them and a cursor for those who do.

import { h, s } from "./dom.js";
import { clock, day } from "./format.js";

const WIDTH = 360, HEIGHT = 150, LEFT = 40, BOTTOM = 20, TOP = 8, RIGHT = 6;
const COLOURS = ["one", "two", "three", "four"];

/** A round number at least as large as `value`, so that the axis can be read. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value);
}

const short = (value) => (value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : String(+value.toFixed(value < 10 ? 2 : 0)));

/**
 * `series`: `[{ name, points: [[milliseconds, value]] }]`, oldest first. What was not measured is no point; points further apart than
 * `gap` milliseconds are not joined.
 */
export function chart({ title, series, from, to, unit = "", most, gap = Infinity }) {
  const values = series.flatMap((each) => each.points.map(([, value]) => value));
  const top = most ?? ceiling(Math.max(0, ...values)), whole = values.every(Number.isInteger);
  const x = (time) => LEFT + ((time - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const latest = values.length ? series.map((each) => `${each.name} ${short(each.points.at(-1)?.[1] ?? 0)}${unit}`).join(", ") : "no data";
  const readout = h("output", {}, values.length ? "" : "No data");
  const cursor = s("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}, latest: ${latest}` },
    (whole && top % 2 ? [0, 1] : [0, 0.5, 1]).map((part) => [
      s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(top * part), y2: y(top * part) }),
      s("text", { x: LEFT - 5, y: y(top * part) + 3, "text-anchor": "end" }, short(top * part) + (unit === "%" ? "%" : "")),
    ]),
    [0, 0.5, 1].map((part, i) => s("text", { x: x(from + (to - from) * part), y: HEIGHT - 5, "text-anchor": ["start", "middle", "end"][i] }, label(from + (to - from) * part, to - from))),
    series.map((each, i) => paths(each.points, COLOURS[i % 4], x, y, gap, series.length === 1)), cursor);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const time = from + ((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * (to - from);
    const times = series.flatMap((each) => each.points.map(([at]) => at));
    if (!times.length) return;
    const nearest = times.reduce((best, at) => (Math.abs(at - time) < Math.abs(best - time) ? at : best));
    cursor.setAttribute("x1", x(nearest));
    cursor.setAttribute("x2", x(nearest));
    cursor.setAttribute("visibility", "visible");
    const shown = series.map((each) => each.points.find(([at]) => at === nearest)).map((point, i) => point && `${series.length > 1 ? `${series[i].name} ` : ""}${short(point[1])}${unit}`);
    readout.textContent = `${clock(new Date(nearest), false)} · ${shown.filter(Boolean).join(" · ")}`;
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); readout.textContent = ""; });
  const keys = series.length > 1 && h("ul", { class: "keys" }, series.map((each, i) => h("li", {}, s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, s("circle", { class: `dot ${COLOURS[i % 4]}`, cx: 5, cy: 5, r: 5 })), each.name)));
  return h("figure", {}, h("figcaption", {}, h("span", {}, title), readout), svg, keys);
}

const label = (time, span) => (span > 2 * 86_400_000 ? day(new Date(time)).slice(5) : clock(new Date(time), false));

function paths(points, colour, x, y, gap, filled) {
  const runs = [];
  for (const point of points) {
    const last = runs.at(-1);
    if (last && point[0] - last.at(-1)[0] <= gap) last.push(point);
    else runs.push([point]);
  }
  return runs.map((run) => {
    const line = run.map(([time, value]) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
    if (run.length === 1) return s("circle", { class: `dot ${colour}`, cx: x(run[0][0]), cy: y(run[0][1]), r: 2.5 });
    return [filled && s("path", { class: `area ${colour}`, d: `M${x(run[0][0]).toFixed(1)} ${y(0)}L${line}L${x(run.at(-1)[0]).toFixed(1)} ${y(0)}Z` }), s("path", { class: `line ${colour}`, d: `M${line}` })];
  });
}
