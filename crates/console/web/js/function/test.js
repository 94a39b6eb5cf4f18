// Trying a function: saved events, and what came of the last invocation.

import { invoke } from "../aws.js";
import { EVENTS, text } from "../data/events.js";
import { h, put } from "../dom.js";
import { choose, chosen, forget, MOST, saved, store } from "../testevents.js";
import { action, ask, card, facts, field, input, notice, select, toast, trouble } from "../ui.js";

/** What came of the last invocation of each function, so that it can be seen on the tab after it was run from another. */
const results = new Map();

/** The choice of an event and the button that runs it, beside the function's name. */
export function testBar(cx) {
  const list = h("span");
  const draw = () => {
    const events = saved(cx.name);
    put(list, events.length > 0 && select("event", [...events.map((each) => each.name), ["", "Configure test events"]], chosen(cx.name)?.name, {
      "aria-label": "Test event", onchange: ({ target }) => { if (target.value) choose(cx.name, target.value); else { target.value = chosen(cx.name).name; configure(cx, chosen(cx.name)).then(draw); } },
    }));
  };
  draw();
  addEventListener("lambent-events", draw, { signal: cx.signal });
  return h("span", { class: "row" }, list, action("Test", async () => {
    const event = chosen(cx.name);
    if (!event) return configure(cx);
    results.set(cx.name, await run(cx, event.body));
    if (location.hash === cx.href("test")) dispatchEvent(new Event("lambent-result"));
    else location.hash = cx.href("test");
  }, { class: "primary" }));
}

async function run(cx, body) {
  try {
    return { ...(await invoke(cx.name, body, cx.qualifier)), configuration: cx.configuration };
  } catch (error) {
    return { error };
  }
}

const tell = () => dispatchEvent(new Event("lambent-events"));

/** The dialog for an event: a new one, or one that is saved. */
function configure(cx, event) {
  const events = saved(cx.name);
  const start = EVENTS.find(([, source]) => cx.template && source === cx.template) ?? EVENTS[0];
  const body = h("textarea", { name: "body", spellcheck: "false", required: true, value: event?.body ?? text(start[2]) });
  const template = select("template", EVENTS.map(([name]) => name), start[0], { onchange: () => { body.value = text(EVENTS.find(([name]) => name === template.value)[2]); } });
  return ask({
    title: "Configure test event", confirm: event ? "Save" : "Create", wide: true,
    more: event ? [
      (close) => h("button", { type: "button", onclick: () => { close(null); configure(cx); } }, "New event"),
      (close) => h("button", { type: "button", class: "danger", onclick: () => { forget(cx.name, event.name); tell(); close(true); } }, "Delete"),
    ] : [],
    body: [
      h("div", { class: "pair" },
        field("Event name", input("name", event?.name ?? "", { required: true, pattern: "[A-Za-z0-9_\\-]{1,64}", readonly: Boolean(event) }), `Letters, digits, hyphens and underscores. ${events.length} of ${MOST} are saved, in this browser.`),
        !event && field("Event template", template)),
      field("Event (JSON)", body),
    ],
    submit: (data) => {
      try { JSON.parse(data.get("body")); } catch (error) { throw Object.assign(error, { code: "Not JSON" }); }
      store(cx.name, { name: data.get("name"), body: data.get("body") });
      choose(cx.name, data.get("name"));
      tell();
      toast("The test event is saved.");
    },
  });
}

export async function show(body, cx) {
  const outcome = h("div", { "aria-live": "polite" }), list = h("div", { class: "row" });
  const draw = () => put(outcome, results.has(cx.name) ? result(results.get(cx.name), cx) : card("Execution result", h("p", { class: "muted" }, "Choose Test to run the function with a saved event, and wait for its answer.")));
  const offer = () => put(list, saved(cx.name).map((event) => h("button", { type: "button", onclick: () => configure(cx, event) }, event.name)), h("button", { type: "button", onclick: () => configure(cx) }, "Create new test event"));
  draw();
  offer();
  addEventListener("lambent-result", draw, { signal: cx.signal });
  addEventListener("lambent-events", offer, { signal: cx.signal });
  put(body, outcome, h("br"), card("Test events", h("p", { class: "muted small" }, `Up to ${MOST} for each function. They are kept in this browser: nobody else sees them.`), list));
}

/** The figures of the REPORT line. */
export function report(log) {
  const line = log.split("\n").reverse().find((each) => each.startsWith("REPORT RequestId:")) ?? "";
  const find = (name) => line.match(new RegExp(`\\t${name}: ([^\\t]+)`))?.[1];
  return { requestId: line.match(/RequestId: (\S+)/)?.[1], duration: find("Duration"), billed: find("Billed Duration"), memory: find("Memory Size"), used: find("Max Memory Used"), init: find("Init Duration") };
}

function pretty(payload) {
  try { return JSON.stringify(JSON.parse(payload), null, 2); } catch { return payload; }
}

function result(outcome, cx) {
  if (outcome.error) return card("Execution result", trouble(outcome.error));
  const figures = report(outcome.log);
  const logs = `${cx.href("monitoring")}${figures.requestId ? `&q=${encodeURIComponent(`"${figures.requestId}"`)}` : ""}`;
  return h("section", { class: "card result" }, h("h2", { class: "hidden" }, "Execution result"),
    notice(outcome.failed ? "bad" : "good", h("strong", {}, `Execution result: ${outcome.failed ? "failed" : "succeeded"}`), " (", h("a", { href: logs }, "logs"), ")"),
    outcome.failed ? failure(outcome) : [h("h3", {}, "Returned by the function"), h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Returned by the function" }, pretty(outcome.payload))],
    h("h3", {}, "Summary"),
    facts(["Request ID", h("span", { class: "mono" }, figures.requestId ?? outcome.requestId)], ["Duration", figures.duration], ["Billed duration", figures.billed], ["Init duration", figures.init ?? "none: the environment was warm"],
      ["Resources configured", figures.memory ?? `${outcome.configuration.MemorySize} MB`], ["Max memory used", figures.used], ["Executed version", outcome.version], ["Code SHA-256", h("span", { class: "mono" }, outcome.configuration.CodeSha256)]),
    h("h3", {}, "Log output"),
    h("p", { class: "muted small" }, "The last 4 KB of this invocation's log. All of it: ", h("a", { href: logs }, "click here"), "."),
    h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Log output" }, outcome.log.replace(/\r\n?/g, "\n") || "(no log)"));
}

function failure({ payload }) {
  let said = {};
  try { said = JSON.parse(payload) ?? {}; } catch { /* It is shown as it is. */ }
  const trace = said.stackTrace ?? said.trace;
  return [
    h("h3", {}, said.errorType ?? "Error"), h("p", { class: "break" }, said.errorMessage ?? payload),
    trace?.length > 0 && [h("h3", {}, "Stack trace"), h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Stack trace" }, [].concat(trace).flat().map((line) => String(line).replace(/\n$/, "")).join("\n"))],
  ];
}
