// Charts of the functions' metrics, by CloudWatch's GetMetricData.

import { cloudwatch } from "./aws.js";
import { chart } from "./chart.js";
import { h, put } from "./dom.js";
import { select, trouble } from "./ui.js";

const HOUR = 3_600_000;
/** What can be looked back at: milliseconds, and the period of a point in seconds. */
const SPANS = { "1h": [HOUR, 60, "1 hour"], "3h": [3 * HOUR, 60, "3 hours"], "12h": [12 * HOUR, 300, "12 hours"], "1d": [24 * HOUR, 300, "1 day"], "3d": [72 * HOUR, 900, "3 days"], "1w": [168 * HOUR, 3600, "1 week"] };

/** Charts of an account or of a function: each `[title, unit, [[name, metric, statistic]], gapless]`. */
export const ACCOUNT = [
  ["Invocations", "", [["Invocations", "Invocations", "Sum"]]],
  ["Errors", "", [["Errors", "Errors", "Sum"]]],
  ["Duration", " ms", [["Average", "Duration", "Average"], ["Maximum", "Duration", "Maximum"]]],
  ["Throttles", "", [["Throttles", "Throttles", "Sum"]]],
  ["Concurrent executions", "", [["Concurrent", "ConcurrentExecutions", "Maximum"]]],
];
export const FUNCTION = [
  ["Invocations", "", [["Invocations", "Invocations", "Sum"]]],
  ["Duration", " ms", [["Minimum", "Duration", "Minimum"], ["Average", "Duration", "Average"], ["Maximum", "Duration", "Maximum"], ["p99", "Duration", "p99"]]],
  ["Errors", "", [["Errors", "Errors", "Sum"]]],
  ["Success rate", "%", "rate"],
  ["Throttles", "", [["Throttles", "Throttles", "Sum"]]],
  ["Concurrent executions", "", [["Concurrent", "ConcurrentExecutions", "Maximum"]]],
  ["Iterator age", " ms", [["Maximum", "IteratorAge", "Maximum"]]],
  ["Dead-letter errors", "", [["Errors", "DeadLetterErrors", "Sum"]]],
];

/** Points of several series at once: `[{ id, metric, statistic, dimensions }]` to `{ id: [[milliseconds, value]] }`. */
export async function series(wanted, from, to, period) {
  const MetricDataQueries = wanted.map(({ id, metric, statistic, dimensions }) => ({
    Id: id, ReturnData: true,
    MetricStat: { Period: period, Stat: statistic, Metric: { Namespace: "AWS/Lambda", MetricName: metric, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) } },
  }));
  const found = Object.fromEntries(wanted.map(({ id }) => [id, []]));
  let NextToken;
  do {
    const page = await cloudwatch("GetMetricData", { MetricDataQueries, StartTime: Math.floor(from / 1000), EndTime: Math.ceil(to / 1000), ScanBy: "TimestampAscending", NextToken });
    for (const { Id, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      found[Id]?.push(...Timestamps.map((time, i) => [typeof time === "number" ? time * 1000 : Date.parse(time), Values[i]]));
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

/** Charts with a choice of the span; they move by themselves. */
export function monitor(charts, dimensions, signal) {
  const body = h("div", { class: "charts" }, h("p", { class: "muted", role: "status" }, "Loading…"));
  const span = select("span", Object.entries(SPANS).map(([key, [, , text]]) => [key, text]), "1h", { "aria-label": "Time range", onchange: () => draw() });
  const draw = async () => {
    try { put(body, await drawn(charts, dimensions, SPANS[span.value])); } catch (error) { put(body, h("div", { class: "all" }, trouble(error, "CloudWatch metrics"))); clearInterval(timer); }
  };
  const timer = setInterval(draw, 10_000);
  signal?.addEventListener("abort", () => clearInterval(timer));
  draw();
  return h("section", {}, h("div", { class: "head" }, h("h2", {}, "Metrics"), h("div", { class: "actions" }, span)), h("br"), body);
}

async function drawn(charts, dimensions, [length, period]) {
  const to = Math.ceil(Date.now() / 60_000) * 60_000, from = to - length;
  const lines = charts.flatMap(([, , lines], c) => (lines === "rate" ? [] : lines.map(([, metric, statistic], l) => ({ id: `m${c}x${l}`, metric, statistic, dimensions }))));
  const rated = charts.some(([, , lines]) => lines === "rate");
  if (rated) for (const metric of ["Invocations", "Errors"]) lines.push({ id: metric.toLowerCase(), metric, statistic: "Sum", dimensions });
  const found = await series(lines, from, to, period);
  const rate = () => {
    const errors = new Map(found.errors);
    return found.invocations.filter(([, runs]) => runs > 0).map(([time, runs]) => [time, 100 * (1 - (errors.get(time) ?? 0) / runs)]);
  };
  return charts.map(([title, unit, lines], c) => chart({
    title, unit, from, to, gap: period * 3000, most: unit === "%" ? 100 : undefined,
    series: lines === "rate" ? [{ name: "Success", points: rate() }] : lines.map(([name], l) => ({ name, points: found[`m${c}x${l}`] })),
  }));
}
