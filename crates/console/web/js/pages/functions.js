// All functions, found by name, description, runtime or tag.

import { all, lambda, part } from "../aws.js";
import { h, put } from "../dom.js";
import { ago, count, moment, size } from "../format.js";
import { action, ask, badge, field, input, select, table, toast } from "../ui.js";

export async function show(content, { query, signal, again }) {
  const functions = await all("2015-03-31/functions", "Functions");
  functions.sort((a, b) => a.FunctionName.localeCompare(b.FunctionName));
  const runtimes = [...new Set(functions.map((each) => each.Runtime).filter(Boolean))].sort();
  const search = input("search", query.get("q") ?? "", { type: "search", placeholder: "Name or description" });
  const runtime = select("runtime", [["", "Any runtime"], ...runtimes], query.get("runtime") ?? "");
  const tag = input("tag", query.get("tag") ?? "", { placeholder: "key or key=value" });
  const list = h("div"), found = h("p", { class: "muted small", role: "status" });
  const tags = new Map();
  const draw = async () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let rows = functions.filter((each) => (!runtime.value || each.Runtime === runtime.value) && words.every((word) => `${each.FunctionName} ${each.Description ?? ""}`.toLowerCase().includes(word)));
    const [key, value] = tag.value.split("=").map((each) => each.trim());
    if (key) {
      await Promise.all(rows.filter((each) => !tags.has(each.FunctionName)).map(async (each) => tags.set(each.FunctionName, (await lambda("GET", `2017-03-31/tags/${part(each.FunctionArn)}`)).Tags ?? {})));
      rows = rows.filter((each) => Object.entries(tags.get(each.FunctionName)).some(([k, v]) => k.toLowerCase() === key.toLowerCase() && (!value || v.toLowerCase().includes(value.toLowerCase()))));
    }
    if (signal.aborted) return;
    found.textContent = `${count(rows.length)} of ${count(functions.length)} functions`;
    put(list, table("Functions", COLUMNS(again), rows.slice(0, 500), functions.length ? "No function is like this." : "There are no functions yet."));
  };
  for (const control of [search, runtime, tag]) control.addEventListener("input", draw);
  put(content,
    h("div", { class: "head" }, h("h1", {}, "Functions"), h("div", { class: "actions" }, h("a", { class: "button primary", href: "#/create" }, "Create function"))),
    h("section", { class: "card flush" },
      h("header", {}, h("search", { class: "row grow" }, h("div", { class: "grow" }, field("Search", search)), h("div", { class: "grow" }, field("Runtime", runtime)), h("div", { class: "grow" }, field("Tag", tag)))),
      h("header", {}, found), list));
  await draw();
}

const COLUMNS = (again) => [
  ["Name", (row) => h("a", { href: `#/functions/${encodeURIComponent(row.FunctionName)}` }, row.FunctionName)],
  ["Description", (row) => row.Description || h("span", { class: "muted" }, "–")],
  ["Runtime", (row) => [row.Runtime ?? row.PackageType, " ", row.State && row.State !== "Active" && badge(row.State, row.State === "Failed" ? "bad" : "warn")]],
  ["Code size", (row) => size(row.CodeSize), "figure"],
  ["Memory", (row) => `${row.MemorySize} MB`, "figure"],
  ["Changed", (row) => h("time", { title: moment(row.LastModified)?.toLocaleString() }, ago(row.LastModified)), "nowrap"],
  ["Actions", (row) => h("span", { class: "row" },
    h("a", { href: `#/functions/${encodeURIComponent(row.FunctionName)}?tab=test`, "aria-label": `Test ${row.FunctionName}` }, "Test"),
    action("Delete", () => remove(row.FunctionName, again), { class: "plain small", "aria-label": `Delete ${row.FunctionName}` }))],
];

/** Deletes a function after asking. */
export const remove = (name, done) => ask({
  title: `Delete ${name}?`, confirm: "Delete", danger: true,
  body: h("p", {}, "Its code, versions, aliases and triggers go with it. This cannot be undone."),
  submit: async () => { await lambda("DELETE", `2015-03-31/functions/${part(name)}`); toast(`${name} is deleted.`); done(); },
});
