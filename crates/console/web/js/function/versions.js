// The function's versions and aliases.

import { all, lambda, part } from "../aws.js";
import { h, put } from "../dom.js";
import { ago, size } from "../format.js";
import { action, ask, table, toast } from "../ui.js";
import { editAlias } from "./aliases.js";
import { publish } from "./menus.js";

export async function show(body, cx) {
  const [versions, aliases] = await Promise.all([all(`${cx.path}/versions`, "Versions"), all(`${cx.path}/aliases`, "Aliases")]);
  const weights = (alias) => Object.entries(alias.RoutingConfig?.AdditionalVersionWeights ?? {}).map(([version, weight]) => `${Math.round(weight * 100)} % ${version}`).join(", ");
  const drop = (alias) => ask({ title: `Delete alias ${alias.Name}?`, confirm: "Delete", danger: true, submit: async () => { await lambda("DELETE", `${cx.path}/aliases/${part(alias.Name)}`); toast("The alias is deleted."); cx.again(); } });
  put(body,
    h("section", { class: "card flush" },
      h("header", {}, h("h2", {}, "Aliases"), h("button", { type: "button", onclick: () => editAlias(cx) }, "Create alias")),
      table("Aliases", [
        ["Name", (row) => h("a", { href: cx.href("code", row.Name) }, row.Name)],
        ["Version", (row) => row.FunctionVersion], ["Shares with", (row) => weights(row) || "–"], ["Description", (row) => row.Description || "–"],
        ["Actions", (row) => h("span", { class: "row" }, action("Edit", () => editAlias(cx, row), { class: "plain small", "aria-label": `Edit ${row.Name}` }), action("Delete", () => drop(row), { class: "plain small", "aria-label": `Delete ${row.Name}` }))],
      ], aliases, "An alias is a name for a version, which can be moved.")),
    h("br"),
    h("section", { class: "card flush" },
      h("header", {}, h("h2", {}, "Versions"), h("button", { type: "button", onclick: () => publish(cx) }, "Publish new version")),
      table("Versions", [
        ["Version", (row) => h("a", { href: cx.href("code", row.Version === "$LATEST" ? "" : row.Version) }, row.Version)],
        ["Description", (row) => row.Description || "–"], ["Code size", (row) => size(row.CodeSize), "figure"],
        ["Code SHA-256", (row) => h("span", { class: "mono break" }, row.CodeSha256)], ["Changed", (row) => ago(row.LastModified), "nowrap"],
      ], versions.reverse())));
}
