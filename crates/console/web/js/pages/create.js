// A new function, from scratch or from a blueprint.

import { lambda } from "../aws.js";
import { BLUEPRINTS } from "../data/blueprints.js";
import { greeting, runtime as details, RUNTIMES } from "../data/runtimes.js";
import { h, put } from "../dom.js";
import { roleChoice } from "../roles.js";
import { badge, field, form, input, notice, select, toast } from "../ui.js";
import { base64, zip } from "../zip.js";

const FAMILY = { python: "python3.12", node: "nodejs22.x" };
const lastUsed = (family) => { try { return localStorage.getItem(`lambent.runtime.${family}`) ?? FAMILY[family]; } catch { return FAMILY[family]; } };

export async function show(content, { query }) {
  const kind = query.get("from") === "blueprint" ? "blueprint" : "scratch";
  const body = h("div", { class: "card" });
  const choice = (value, title, text) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "from", value, checked: value === kind, onchange: () => fill(value) }), h("span", {}, h("strong", {}, title), h("small", {}, text)));
  const fill = async (value) => put(body, value === "blueprint" ? blueprints(body) : await newFunction(null));
  put(content, h("h1", {}, "Create function"),
    h("fieldset", {}, h("legend", { class: "hidden" }, "How to begin"), h("div", { class: "choices" },
      choice("scratch", "Author from scratch", "Begin with a simple Hello World."),
      choice("blueprint", "Blueprints", "Begin with code for an event source."))),
    body);
  await fill(kind);
}

/** The blueprints, found by their words. */
function blueprints(body) {
  const filter = input("filter", "", { type: "search", placeholder: "s3, dynamodb, python …" });
  const list = h("div", { class: "choices" }), found = h("p", { class: "muted small", role: "status" });
  const draw = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = BLUEPRINTS.filter((each) => words.every((word) => `${each.name} ${each.description} ${each.words} ${each.label}`.toLowerCase().includes(word)));
    found.textContent = `${rows.length} blueprints`;
    put(list, rows.map((each) => h("button", { type: "button", class: "choice", onclick: async () => { put(body, await newFunction(each)); body.querySelector("input").focus(); } },
      h("span", { class: "grow break" }, h("strong", {}, each.name), h("small", {}, each.description)), badge(each.label))));
  };
  filter.addEventListener("input", draw);
  draw();
  return [h("h2", {}, "Blueprints"), field("Filter", filter), found, list];
}

/** The form for a new function. */
async function newFunction(blueprint) {
  const role = await roleChoice();
  const offered = blueprint ? RUNTIMES.filter(([, , each]) => each.family === blueprint.family && each.file === blueprint.file) : RUNTIMES;
  const runtime = select("runtime", offered, lastUsed(blueprint?.family ?? "python"));
  const advice = h("div");
  const advise = () => put(advice, !blueprint && details(runtime.value).family === "compiled" && notice("", "Functions of this runtime are compiled. Upload a package here."), package_());
  const upload = h("input", { type: "file", name: "package", accept: ".zip,.jar" });
  const package_ = () => !blueprint && details(runtime.value).family === "compiled" && h("div", { class: "pair" }, field("Package", upload, ".zip or .jar"), field("Handler", input("handler", details(runtime.value).handler)));
  runtime.addEventListener("change", advise);
  advise();
  return [
    h("h2", {}, blueprint ? blueprint.name : "Author from scratch"), blueprint && h("p", { class: "muted" }, blueprint.description),
    form({}, (data) => create(data, blueprint, role),
      h("div", { class: "pair" },
        field("Name", input("name", "", { required: true, pattern: "[A-Za-z0-9_\\-]{1,64}", maxlength: 64 }), "Letters, digits, hyphens and underscores."),
        field("Runtime", runtime)),
      advice, role.element,
      blueprint && h("div", { class: "field" }, h("h3", {}, "Code"), h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Code of the blueprint" }, blueprint.code)),
      h("div", { class: "actions" }, h("button", { class: "primary" }, "Create function"), h("a", { class: "button", href: "#/functions" }, "Cancel"))),
  ];
}

async function create(data, blueprint, role) {
  const name = data.get("name"), Runtime = data.get("runtime");
  const base = details(Runtime);
  const given = data.get("package");
  const { file, handler, code } = blueprint ?? { ...base, code: greeting(base) };
  if (!file && !given?.size) throw Object.assign(new Error("Choose a package to upload."), { code: "No package" });
  const source = file ? zip([{ path: file, data: new TextEncoder().encode(code), mode: file === "bootstrap" ? 0o755 : 0o644 }]) : given;
  const Role = await role.make(data);
  await lambda("POST", "2015-03-31/functions", { body: { FunctionName: name, Runtime, Role, Handler: data.get("handler") || handler, Description: blueprint?.description ?? "", Code: { ZipFile: await base64(source) } } });
  try { localStorage.setItem(`lambent.runtime.${base.family}`, Runtime); } catch { /* Only a convenience. */ }
  toast(`Congratulations! Your function ${name} is there.`);
  const event = blueprint?.source ? `&template=${encodeURIComponent(blueprint.source)}` : "";
  location.hash = `#/functions/${encodeURIComponent(name)}?tab=code${event}`;
}
