// What can be done with a function as a whole.

import { all, download, lambda } from "../aws.js";
import { h, put } from "../dom.js";
import { remove } from "../pages/functions.js";
import { action, ask, field, input, menu, toast } from "../ui.js";
import { save } from "../zip.js";
import { editAlias } from "./aliases.js";
import { sam } from "./sam.js";

/** The versions and aliases, to be looked at one by one. */
export function qualifiers(cx, tab) {
  const list = h("div", {}, h("p", { class: "muted small" }, "Loading…"));
  const element = menu(cx.qualifier ? `Version: ${cx.qualifier}` : "Qualifiers", list);
  element.addEventListener("toggle", async () => {
    if (!element.open) return;
    try {
      const [versions, aliases] = await Promise.all([all(`${cx.path}/versions`, "Versions"), all(`${cx.path}/aliases`, "Aliases")]);
      const link = (text, version) => h("a", { href: cx.href(tab, version) }, text);
      put(list, h("p", { class: "group" }, "Aliases"), aliases.length ? aliases.map(({ Name, FunctionVersion }) => h("div", {}, link(`${Name} → ${FunctionVersion}`, Name))) : h("p", { class: "muted small" }, "No aliases"),
        h("p", { class: "group" }, "Versions"), versions.reverse().map(({ Version }) => h("div", {}, link(Version, Version === "$LATEST" ? "" : Version))));
    } catch (error) { put(list, h("p", {}, error.message)); }
  });
  return element;
}

export function actions(cx) {
  const { name, path, fn, configuration: c } = cx;
  const throttled = fn.Concurrency?.ReservedConcurrentExecutions === 0;
  return menu("Actions",
    cx.editable && h("button", { type: "button", onclick: () => publish(cx) }, "Publish new version"),
    h("button", { type: "button", onclick: () => editAlias(cx) }, "Create alias"),
    action(throttled ? "Stop throttling" : "Throttle", () => throttle(cx, throttled)),
    h("p", { class: "group" }, "Export function"),
    action("Download deployment package", async () => save(`${name}.zip`, new Blob([await download(fn.Code.Location)], { type: "application/zip" })), { disabled: !fn.Code?.Location }),
    action("Download AWS SAM file", async () => save(`${name}.yaml`, new Blob([await sam(cx)], { type: "application/yaml" }))),
    h("p", { class: "group" }, "Delete"),
    /^\d+$/.test(cx.qualifier)
      ? h("button", { type: "button", class: "danger", onclick: () => ask({ title: `Delete version ${cx.qualifier}?`, confirm: "Delete", danger: true, submit: async () => { await lambda("DELETE", path, { query: { Qualifier: c.Version } }); location.hash = cx.href("versions", ""); } }) }, `Delete version ${cx.qualifier}`)
      : h("button", { type: "button", class: "danger", onclick: () => remove(name, () => { location.hash = "#/functions"; }) }, "Delete function"));
}

async function throttle({ path, again, name }, throttled) {
  const at = path.replace("2015-03-31", "2017-10-31");
  if (throttled) {
    await lambda("DELETE", path.replace("2015-03-31", "2017-10-31") + "/concurrency");
    toast("The function uses unreserved concurrency again.");
    return again();
  }
  await ask({
    title: `Throttle ${name}?`, confirm: "Throttle", danger: true, body: h("p", {}, "Its reserved concurrency becomes 0: every invocation is refused until you change that."),
    submit: async () => { await lambda("PUT", `${at}/concurrency`, { body: { ReservedConcurrentExecutions: 0 } }); again(); },
  });
}

/** Publishes the code and configuration of now. */
export const publish = (cx) => ask({
  title: "Publish new version", confirm: "Publish",
  body: field("Version description", input("description", "", { maxlength: 256 }), "Code and configuration of $LATEST become a version that does not change."),
  submit: async (data) => {
    const { Version } = await lambda("POST", `${cx.path}/versions`, { body: { Description: data.get("description") } });
    toast(`Version ${Version} is published.`);
    location.hash = cx.href("code", Version);
  },
});
