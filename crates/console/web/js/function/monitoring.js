// How a function has been doing: charts, and its log.

import { h, put } from "../dom.js";
import { logBrowser } from "../logs.js";
import { FUNCTION, monitor } from "../metrics.js";

export async function show(body, cx) {
  const c = cx.configuration;
  const dimensions = { FunctionName: cx.name, ...(cx.qualifier && { Resource: `${cx.name}:${cx.qualifier}` }) };
  const q = new URLSearchParams(location.hash.split("?")[1]).get("q") ?? "";
  put(body, monitor(FUNCTION, dimensions, cx.signal), h("br"), logBrowser(c.LoggingConfig?.LogGroup ?? `/aws/lambda/${cx.name}`, q, cx.signal));
}
