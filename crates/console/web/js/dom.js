// Elements, made and replaced. Text is always text: nothing here parses HTML.

/** `h("button", { class: "primary", onclick }, "Save")`. False, null and undefined children are left out. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same in SVG. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "checked") element.checked = value;
    else if (name === "value" && tagged(element)) continue;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  // Once the bounds of an input and the options of a list are there.
  if (tagged(element) && properties.value !== undefined && properties.value !== null) element.value = properties.value;
  return element;
}

const tagged = (element) => ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Replaces what is in an element. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

let ids = 0;
/** An id that no other element has. */
export const freshId = (what = "id") => `${what}-${++ids}`;
