// One function: what it is, with the tabs that change, try and watch it.

import { lambda, part } from "../aws.js";
import { h, put } from "../dom.js";
import { designer } from "../function/designer.js";
import { actions, qualifiers } from "../function/menus.js";
import { testBar } from "../function/test.js";
import { ago } from "../format.js";
import { badge, copy, notice, tabs } from "../ui.js";

const TABS = {
  code: ["Code", () => import("../function/code.js")],
  test: ["Test", () => import("../function/test.js")],
  monitoring: ["Monitoring", () => import("../function/monitoring.js")],
  configuration: ["Configuration", () => import("../function/configuration.js")],
  versions: ["Versions and aliases", () => import("../function/versions.js")],
};

export async function show(content, { name, query, signal, again }) {
  const tab = query.get("tab") in TABS ? query.get("tab") : "code";
  const qualifier = query.get("qualifier") ?? "";
  const path = `2015-03-31/functions/${part(name)}`;
  const fn = await lambda("GET", path, { query: { Qualifier: qualifier }, signal });
  const href = (which, version = qualifier) => `#/functions/${encodeURIComponent(name)}?tab=${which}${version ? `&qualifier=${encodeURIComponent(version)}` : ""}`;
  const cx = { name, qualifier, path, fn, configuration: fn.Configuration, editable: !qualifier || qualifier === "$LATEST", signal, again, href, template: query.get("template") };
  const body = h("div", { class: "tab" });
  const c = cx.configuration;
  put(content,
    h("p", { class: "crumbs" }, h("a", { href: "#/functions" }, "Functions"), " / "),
    h("div", { class: "head" },
      h("div", {}, h("h1", {}, name, " ", qualifier && badge(qualifier)),
        h("p", { class: "muted small break" }, h("span", { class: "mono" }, c.FunctionArn), copy(c.FunctionArn, "the ARN"))),
      h("div", { class: "actions" }, qualifiers(cx, tab), actions(cx), testBar(cx))),
    !cx.editable && notice("", "This is ", qualifier, ". Code and configuration can be changed in ", h("a", { href: href(tab, "") }, "$LATEST"), "."),
    c.State && c.State !== "Active" && notice(c.State === "Failed" ? "bad" : "warn", h("strong", {}, `${c.State}. `), c.StateReason ?? ""),
    fn.Concurrency?.ReservedConcurrentExecutions === 0 && notice("warn", h("strong", {}, "Throttled. "), "The reserved concurrency is 0, so nothing is run. Change it under Configuration."),
    h("details", { class: "card", open: tab === "code" || tab === "configuration" },
      h("summary", {}, h("h2", { class: "row" }, "Designer", h("span", { class: "muted small" }, ` ${c.Runtime ?? c.PackageType} · changed ${ago(c.LastModified)}`))), await designer(cx)),
    tabs("Parts of the function", Object.entries(TABS).map(([key, [text]]) => [key, text, href(key)]), tab), body);
  const page = await TABS[tab][1]();
  await page.show(body, cx);
}
