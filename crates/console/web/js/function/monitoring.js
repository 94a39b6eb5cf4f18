// How a function has been doing: charts, its traces, and its log.

import { h, put } from "../dom.js";
import { logBrowser } from "../logs.js";
import { FUNCTION, monitor } from "../metrics.js";
import { traceList, tracesOf } from "../traces.js";

export async function show(body, cx) {
  const c = cx.configuration;
  const dimensions = { FunctionName: cx.name, ...(cx.qualifier && { Resource: `${cx.name}:${cx.qualifier}` }) };
  const q = new URLSearchParams(location.hash.split("?")[1]).get("q") ?? "";
  const traced = c.TracingConfig?.Mode === "Active" ? "No traces in this time." : "No traces in this time. Lambda traces a function by itself when its tracing mode is Active; this one follows its callers.";
  put(body, monitor(FUNCTION, dimensions, cx.signal), h("br"), traceList(tracesOf(cx.name), traced, cx.signal), h("br"), logBrowser(c.LoggingConfig?.LogGroup ?? `/aws/lambda/${cx.name}`, q, cx.signal));
}
