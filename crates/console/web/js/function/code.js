// The function's code: an editor with a tree and tabs, where saving deploys, and a way to upload a package instead.

import { download, lambda } from "../aws.js";
import { h, put } from "../dom.js";
import { moment, size } from "../format.js";
import { action, ask, card, copy, facts, field, form, input, notice, toast, trouble } from "../ui.js";
import { base64, unzip, zip } from "../zip.js";

/** As the guide says: larger packages are not edited here. */
const LARGEST = 3 << 20;

export async function show(body, cx) {
  const { configuration: c, fn } = cx;
  const editor = h("div", {}, h("p", { class: "muted", role: "status" }, "Loading the code…"));
  const section = card("Function code", editor);
  const about = h("div");
  cx.deployed = () => put(about, facts(["Size", size(c.CodeSize)], ["Handler", c.Handler], ["Runtime", c.Runtime], ["Changed", moment(c.LastModified)?.toLocaleString()],
    ["SHA-256", h("span", {}, h("span", { class: "mono" }, c.CodeSha256), copy(c.CodeSha256, "the hash"))]));
  cx.deployed();
  put(body, section, h("br"), h("div", { class: "columns" }, cx.editable && upload(cx), card("Package", about)));
  if (c.PackageType === "Image") return put(editor, notice("", "The code is in a container image: ", fn.Code.ImageUri));
  if (c.CodeSize > LARGEST) return put(editor, notice("", `The package is larger than ${size(LARGEST)}, which is the most that is edited here. Upload a new one, or download it from Actions.`));
  try {
    const files = await unzip(await download(fn.Code.Location));
    if (!cx.signal.aborted) await workbench(editor, cx, files);
  } catch (error) {
    put(editor, trouble(error));
  }
}

const decode = (data) => { try { return new TextDecoder("utf-8", { fatal: true }).decode(data); } catch { return null; } };

/** Deploys files. What is not text is sent as it came. */
async function deploy(cx, source) {
  const done = await lambda("PUT", `${cx.path}/code`, { body: { ZipFile: await base64(source) } });
  Object.assign(cx.configuration, done);
  cx.deployed();
  return done;
}

async function workbench(host, cx, files) {
  const { createEditor } = await import("../../vendor/editor.js");
  if (cx.signal.aborted) return;
  const open = [];
  let current = null;
  const tree = h("ul", {}), strip = h("div", { class: "files" }), canvas = h("div", { class: "canvas" }), place = h("span");
  const save = action("Save", () => deployAll(), { class: "primary" });
  const editor = createEditor(canvas, { label: "Code", changed: () => mark(), save: () => save.click() });
  cx.signal.addEventListener("abort", () => editor.destroy());

  const keep = () => { if (current) current.state = editor.state(); };
  const text = (file) => (file === current ? editor.text(editor.state()) : file.state ? editor.text(file.state) : file.text);
  const changed = (file) => (file.text !== undefined && text(file) !== file.text) || file.added;
  const dirty = () => files.some(changed) || files.removed;
  const mark = () => { place.textContent = dirty() ? "Not saved: Ctrl+S deploys" : "Deployed"; save.classList.toggle("waiting", dirty()); names(); };
  const names = () => {
    for (const button of [...tree.querySelectorAll("button"), ...strip.querySelectorAll("button.name")]) {
      const file = files.find((each) => each.path === button.dataset.path);
      if (file) button.textContent = (changed(file) ? "● " : "") + (button.classList.contains("name") ? file.path.split("/").pop() : file.path);
    }
  };
  const choose = (file) => {
    keep();
    file.text ??= decode(file.data) ?? undefined;
    if (file.text === undefined) return toast(`${file.path} is not text.`, "warn");
    if (!open.includes(file)) open.push(file);
    current = file;
    file.state ??= editor.open(file.path, file.text);
    editor.show(file.state);
    draw();
  };
  const close = (file) => {
    keep();
    open.splice(open.indexOf(file), 1);
    if (file !== current) return draw();
    current = null;
    if (open.length) choose(open.at(-1));
    else { editor.show(editor.open("", "")); draw(); }
  };
  const draw = () => {
    files.sort((a, b) => a.path.localeCompare(b.path));
    put(tree, files.map((file) => h("li", {}, h("button", { type: "button", class: "file", "data-path": file.path, "aria-current": file === current && "true", onclick: () => choose(file) }, file.path))));
    put(strip, open.map((file) => h("span", { class: file === current ? "chosen" : "" },
      h("button", { type: "button", class: "name", "data-path": file.path, onclick: () => choose(file) }, file.path.split("/").pop()),
      h("button", { type: "button", class: "close", "aria-label": `Close ${file.path}`, onclick: () => close(file) }, "×"))));
    mark();
  };
  async function deployAll() {
    keep();
    for (const file of files) {
      if (changed(file)) { file.text = text(file); file.data = new TextEncoder().encode(file.text); }
      file.added = false;
    }
    await deploy(cx, zip(files));
    files.removed = false;
    toast("Saved and deployed.");
    mark();
  }
  const name = (title, value, then) => ask({ title, confirm: title, body: field("Path", input("path", value, { required: true })), submit: (data) => {
    const path = data.get("path").trim().replace(/^\/+/, "");
    if (!path || path.split("/").includes("..") || files.some((each) => each.path === path)) throw Object.assign(new Error("There is such a file already, or this is no path."), { code: "Not possible" });
    then(path);
  } });
  const add = () => name("New file", "", (path) => { const file = { path, text: "", data: new Uint8Array(), mode: 0o644, added: true }; files.push(file); choose(file); });
  const rename = () => current && name("Rename", current.path, (path) => { keep(); current.path = path; current.added = true; current.state = editor.open(path, editor.text(editor.state())); const file = current; current = null; choose(file); });
  const drop = () => current && ask({ title: `Remove ${current.path}?`, confirm: "Remove", danger: true, submit: () => { const file = current; files.splice(files.indexOf(file), 1); files.removed = true; close(file); } });
  const bench = h("div", { class: "workbench" },
    h("div", { class: "tree", role: "group", "aria-label": "Files" },
      cx.editable && h("div", { class: "tools" }, [["New file", add], ["Rename", rename], ["Remove", drop]].map(([label, run]) => h("button", { type: "button", class: "plain small", onclick: run }, label))), tree),
    h("div", { class: "stage" }, strip, canvas, h("div", { class: "status" }, place, h("span", {}, "Esc, then Tab: leave the editor"))));
  const full = h("button", { type: "button", "aria-pressed": "false", onclick: () => { const on = bench.classList.toggle("full"); full.setAttribute("aria-pressed", on); full.textContent = on ? "Leave full screen" : "Full screen"; if (on) bench.querySelector(".files").append(full); else tools.append(full); } }, "Full screen");
  const tools = h("div", { class: "actions" }, cx.editable && save, full);
  put(host, tools, bench);
  host.classList.add("field");
  const [file] = (cx.configuration.Handler ?? "").split(/\.(?=[^.]*$)/);
  draw();
  const first = files.find((each) => each.path.replace(/\.[^.]*$/, "") === file) ?? files.find((each) => decode(each.data) !== null);
  if (first) choose(first);
  addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); }, { signal: cx.signal });
}

function upload(cx) {
  const file = h("input", { type: "file", name: "package", accept: ".zip,.jar", required: true });
  return card("Upload a package", form({}, async (data) => { await deploy(cx, data.get("package")); toast("The package is deployed."); cx.again(); },
    field("Package", file, ".zip or .jar. It replaces all of the code."), h("div", { class: "actions" }, h("button", {}, "Upload and deploy"))),
  h("details", {}, h("summary", {}, "From Amazon S3"), form({}, async (data) => {
    await lambda("PUT", `${cx.path}/code`, { body: { S3Bucket: data.get("bucket"), S3Key: data.get("key"), S3ObjectVersion: data.get("version") || undefined } });
    toast("The package is deployed.");
    cx.again();
  }, h("div", { class: "pair" }, field("Bucket", input("bucket", "", { required: true })), field("Key", input("key", "", { required: true })), field("Version", input("version"))), h("div", { class: "actions" }, h("button", {}, "Deploy from S3")))));
}
