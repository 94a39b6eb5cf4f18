// What the pages are made of.

import { freshId, h, put } from "./dom.js";

/** A control with its label, and a hint that is read with it. */
export function field(label, control, hint) {
  control.id ||= freshId("field");
  const note = hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

/** A checkbox or radio button with its label beside it. */
export function check(label, control, hint) {
  control.id ||= freshId("check");
  return h("div", { class: "check" }, control, h("div", {}, h("label", { for: control.id }, label), hint && h("p", { class: "muted small" }, hint)));
}

export const input = (name, value = "", more = {}) => h("input", { name, value, autocomplete: "off", spellcheck: "false", ...more });
export const select = (name, options, value, more = {}) =>
  h("select", { name, ...more, value }, options.map((option) => {
    const [key, text] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: key }, text);
  }));

export const notice = (kind, ...content) => h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : undefined }, h("p", {}, ...content));
export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);

/** What went wrong, plainly. */
export function trouble(error, what = "") {
  if (error.name === "AbortError") return h("span");
  if (error.missing) return notice("warn", h("strong", {}, "Not available. "), `This server does not have ${what || "this service"} (yet).`);
  return notice("bad", h("strong", {}, `${error.code ?? "Error"}: `), error.message);
}

export function toast(text, kind = "good") {
  const shown = h("div", { class: `notice ${kind}` }, h("p", {}, text));
  const shelf = document.getElementById("toasts");
  // News replace what was there; what went wrong stays for its time.
  if (kind === "good") shelf.querySelectorAll(".good").forEach((each) => each.remove());
  shelf.append(shown);
  setTimeout(() => shown.remove(), kind === "bad" ? 10_000 : 5_000);
}

/** A button that waits for what it began, and says when it fails. */
export function action(label, run, properties = {}) {
  const button = h("button", { type: "button", ...properties, onclick: () => busy(button, run) }, label);
  return button;
}

export async function busy(button, run) {
  button.disabled = true;
  try {
    return await run();
  } catch (error) {
    toast(`${error.code ?? error.name}: ${error.message}`, "bad");
  } finally {
    button.disabled = false;
  }
}

/** A form whose failure is shown in it. `submit` gets the form's data. */
export function form(properties, submit, ...children) {
  const failed = h("div");
  const element = h("form", {
    novalidate: false, ...properties,
    onsubmit: async (event) => {
      event.preventDefault();
      const buttons = [...element.querySelectorAll("button[type=submit], button:not([type])")];
      buttons.forEach((button) => { button.disabled = true; });
      put(failed);
      try {
        await submit(new FormData(element), event.submitter);
      } catch (error) {
        put(failed, trouble(error));
      } finally {
        buttons.forEach((button) => { button.disabled = false; });
      }
    },
  }, ...children, failed);
  return element;
}

/** Asks in a dialog. `submit` may refuse by throwing; the dialog then stays. */
export function ask({ title, body, confirm = "Save", danger = false, wide = false, more = [], submit }) {
  const heading = freshId("dialog");
  return new Promise((resolve) => {
    const close = (answer) => { dialog.close(); resolve(answer); };
    const dialog = h("dialog", { class: wide ? "wide" : undefined, "aria-labelledby": heading, onclose: () => { dialog.remove(); resolve(null); } },
      form({}, async (data) => close((await submit?.(data)) ?? true),
        h("h2", { id: heading }, title), body,
        h("footer", {}, more.map((make) => make(close)), h("button", { type: "button", onclick: () => close(null) }, "Cancel"),
          h("button", { class: danger ? "danger" : "primary" }, confirm))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A menu: a list of actions behind a button. */
export function menu(label, ...items) {
  const element = h("details", { class: "menu" }, h("summary", { class: "button" }, label), h("div", {}, ...items));
  const close = (event) => { if (!element.contains(event.target)) element.open = false; };
  element.addEventListener("toggle", () => document[element.open ? "addEventListener" : "removeEventListener"]("click", close));
  element.addEventListener("click", (event) => { if (event.target.closest("div button, div a")) element.open = false; });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape" && element.open) { element.open = false; element.firstChild.focus(); } });
  return element;
}

/** Tabs are links: they can be opened, kept and gone back from. */
export const tabs = (label, items, chosen) =>
  h("nav", { class: "tabs", "aria-label": label }, items.map(([key, text, href]) => h("a", { href, "aria-current": key === chosen && "page" }, text)));

/** `columns`: `[heading, cell, class]`. */
export function table(caption, columns, rows, empty = "Nothing here.") {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, h("table", { class: "stack" },
    h("caption", { class: "hidden" }, caption),
    h("thead", {}, h("tr", {}, columns.map(([heading, , kind]) => h("th", { scope: "col", class: kind }, heading)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map(([heading, cell, kind]) => h("td", { class: kind, "data-label": heading }, cell(row))))))));
}

export const facts = (...pairs) => h("dl", { class: "facts" }, pairs.filter(Boolean).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value ?? "–"))));
export const card = (title, ...content) => h("section", { class: "card" }, title && h("h2", {}, title), ...content);

/** Pairs of texts that can be added, changed and removed: variables, tags. */
export function pairs(what, initial, disabled = false) {
  const list = h("div", { class: "pairs" });
  const add = (key = "", value = "", focus = false) => {
    const n = list.children.length + 1;
    const first = input("", key, { "aria-label": `Key ${n} of ${what}`, placeholder: "Key", disabled });
    const row = h("div", {}, first, input("", value, { "aria-label": `Value ${n} of ${what}`, placeholder: "Value", disabled }),
      h("button", { type: "button", disabled, "aria-label": `Remove ${key || `row ${n}`}`, onclick: () => row.remove() }, "Remove"));
    list.append(row);
    if (focus) first.focus();
  };
  Object.entries(initial).forEach(([key, value]) => add(key, value));
  const element = h("div", { class: "field" }, list, h("div", { class: "row" }, h("button", { type: "button", class: "small", disabled, onclick: () => add("", "", true) }, `Add ${what}`)));
  const value = () => Object.fromEntries([...list.children].map((row) => [...row.querySelectorAll("input")].map((each) => each.value)).filter(([key]) => key !== ""));
  return { element, value };
}

export const copy = (text, what) => h("button", { type: "button", class: "plain small", "aria-label": `Copy ${what}`, onclick: async () => {
  try { await navigator.clipboard.writeText(text); toast(`Copied ${what}.`); } catch { toast("The browser does not let this page copy.", "bad"); }
} }, "Copy");
