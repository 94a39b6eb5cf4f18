// A log group, searched and followed by CloudWatch Logs' FilterLogEvents.

import { logs } from "./aws.js";
import { h, put } from "./dom.js";
import { clock, day } from "./format.js";
import { action, check, field, input, select, trouble } from "./ui.js";

const SPANS = [[900_000, "15 minutes"], [3_600_000, "1 hour"], [86_400_000, "1 day"], [604_800_000, "1 week"]];
const MOST = 1000, PAUSE = 2000;
const PLATFORM = /^(START|END|REPORT|INIT_START|EXTENSION|TELEMETRY|XRAY) /;
const BAD = /\b(ERROR|Traceback|Exception|Task timed out|Status: (error|timeout))\b/;

/** The log of `group`; what is looked for can be said at once. */
export function logBrowser(group, pattern, signal) {
  const list = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": `Log of ${group}` });
  const search = input("pattern", pattern, { type: "search", placeholder: 'ERROR, "two words", { $.level = "error" }' });
  const span = select("span", SPANS, String(SPANS[1][0]));
  const live = h("input", { type: "checkbox", name: "live", checked: true });
  const state = h("p", { class: "muted small", role: "status" });
  let seen = new Map(), shown = 0, newest = 0, round = 0, timer = 0;

  const row = ({ timestamp, message, logStreamName }) => {
    const date = new Date(timestamp);
    const kind = PLATFORM.test(message) && !/Status: (error|timeout)/.test(message) ? "platform" : BAD.test(message) ? "bad" : "";
    return h("div", { class: kind, title: logStreamName }, h("time", { datetime: date.toISOString() }, `${day(date)} ${clock(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`), h("span", {}, message.trimEnd().replace(/\r\n?/g, "\n")));
  };
  const fetchFrom = async (startTime, own) => {
    const rows = [];
    let nextToken;
    do {
      const page = await logs("FilterLogEvents", { logGroupName: group, startTime, filterPattern: search.value || undefined, limit: MOST, nextToken }, signal);
      if (own !== round) return;
      for (const event of page.events ?? []) {
        if (seen.has(event.eventId)) continue;
        seen.set(event.eventId, event.timestamp);
        rows.push(event);
      }
      nextToken = page.nextToken;
    } while (nextToken && rows.length < 10 * MOST);
    const low = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    if (!shown && rows.length) put(list);
    for (const each of rows.slice(-MOST)) { newest = Math.max(newest, each.timestamp); list.append(row(each)); }
    shown += rows.length;
    // What is asked for again begins a little before the newest event; what is older need not be remembered.
    for (const [id, time] of seen) if (time < newest - 60_000) seen.delete(id);
    while (list.children.length > MOST) list.firstChild.remove();
    if (low) list.scrollTop = list.scrollHeight;
    state.textContent = `${shown} ${shown === 1 ? "event" : "events"}${live.checked ? ", following" : ""}`;
  };
  const begin = async () => {
    const own = ++round;
    clearTimeout(timer);
    seen = new Map();
    shown = 0;
    newest = Date.now() - Number(span.value);
    put(list, h("p", { class: "empty" }, "No log events in this time."));
    const next = async () => {
      try {
        // A little back: events of several streams may come late.
        await fetchFrom(Math.max(newest - 5_000, Date.now() - Number(span.value)), own);
      } catch (error) {
        if (signal.aborted || own !== round) return;
        if (error.code !== "ResourceNotFoundException") { put(list, trouble(error, "CloudWatch Logs")); if (error.missing) return; }
        else state.textContent = "The log group comes with the first invocation.";
      }
      if (live.checked && own === round && !signal.aborted) timer = setTimeout(next, PAUSE);
    };
    await next();
  };
  for (const control of [search, span, live]) control.addEventListener("change", begin);
  signal.addEventListener("abort", () => { round++; clearTimeout(timer); });
  begin();
  return h("section", { class: "card logs" },
    h("header", {}, h("h2", {}, "Logs"), h("span", { class: "mono muted break" }, group)),
    h("div", { class: "row end" }, h("div", { class: "grow" }, field("Filter pattern", search)), field("Time range", span), check("Live tail", live), action("Search", begin)),
    state, list);
}
