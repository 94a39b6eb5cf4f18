// Layers: what several functions share.

import { all, lambda, part } from "../aws.js";
import { RUNTIMES } from "../data/runtimes.js";
import { h, put } from "../dom.js";
import { ago } from "../format.js";
import { action, ask, copy, field, input, select, table, toast } from "../ui.js";
import { base64 } from "../zip.js";

export async function show(content, { again }) {
  const layers = await all("2018-10-31/layers", "Layers");
  const latest = (row) => row.LatestMatchingVersion ?? {};
  put(content,
    h("div", { class: "head" }, h("h1", {}, "Layers"), h("div", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: () => publish(again) }, "Create layer"))),
    h("section", { class: "card flush" }, table("Layers", [
      ["Name", (row) => row.LayerName],
      ["Version", (row) => String(latest(row).Version ?? "–"), "figure"],
      ["Description", (row) => latest(row).Description || "–"],
      ["Runtimes", (row) => latest(row).CompatibleRuntimes?.join(", ") || "any"],
      ["Created", (row) => ago(latest(row).CreatedDate), "nowrap"],
      ["ARN", (row) => h("span", {}, h("span", { class: "mono break" }, latest(row).LayerVersionArn), copy(latest(row).LayerVersionArn, `the ARN of ${row.LayerName}`))],
      ["Actions", (row) => h("span", { class: "row" }, h("button", { type: "button", class: "plain small", "aria-label": `New version of ${row.LayerName}`, onclick: () => publish(again, row.LayerName) }, "New version"), action("Delete version", () => drop(row, again), { class: "plain small", "aria-label": `Delete the latest version of ${row.LayerName}` }))],
    ], layers, "There are no layers. A layer is a package that is unpacked below /opt.")));
}

const publish = (again, name = "") => ask({
  title: name ? `New version of ${name}` : "Create layer", confirm: "Publish",
  body: [
    field("Name", input("name", name, { required: true, pattern: "[A-Za-z0-9_\\-]{1,140}", readonly: Boolean(name) })),
    field("Description", input("description", "", { maxlength: 256 })),
    field("Package", h("input", { type: "file", name: "package", accept: ".zip", required: true }), ".zip, unpacked below /opt"),
    field("Compatible runtime", select("runtime", [["", "Any"], ...RUNTIMES], "")), field("License", input("license", "", { maxlength: 512 })),
  ],
  submit: async (data) => {
    const { LayerVersionArn } = await lambda("POST", `2018-10-31/layers/${part(data.get("name"))}/versions`, { body: {
      Description: data.get("description"), LicenseInfo: data.get("license") || undefined, CompatibleRuntimes: data.get("runtime") ? [data.get("runtime")] : undefined, Content: { ZipFile: await base64(data.get("package")) } } });
    toast(`Published ${LayerVersionArn}`);
    again();
  },
});

const drop = ({ LayerName, LatestMatchingVersion: { Version } }, again) => ask({
  title: `Delete version ${Version} of ${LayerName}?`, confirm: "Delete", danger: true, body: h("p", {}, "Functions that have it keep it."),
  submit: async () => { await lambda("DELETE", `2018-10-31/layers/${part(LayerName)}/versions/${Version}`); toast("The version is deleted."); again(); },
});

