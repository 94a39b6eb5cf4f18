// The way from an address to a page. Addresses are fragments, `#/functions/hello?tab=code`, so the server has one page to serve.

import { caller, logout, standing } from "./aws.js";
import { h, put } from "./dom.js";
import { account } from "./account.js";
import { trouble } from "./ui.js";

const PAGES = [
  [/^\/?$/, () => import("./pages/dashboard.js"), "Dashboard"],
  [/^\/functions$/, () => import("./pages/functions.js"), "Functions"],
  [/^\/create$/, () => import("./pages/create.js"), "Create function"],
  [/^\/functions\/([^/]+)$/, () => import("./pages/function.js"), null],
  [/^\/traces\/([^/]+)$/, () => import("./pages/trace.js"), "Trace"],
  [/^\/layers$/, () => import("./pages/layers.js"), "Layers"],
  [/^\/live$/, () => import("./pages/live.js"), "Live"],
];
const MENU = [["#/", "Dashboard", /^\/?$/], ["#/functions", "Functions", /^\/(functions|create)/], ["#/layers", "Layers", /^\/layers/], ["#/live", "Live", /^\/live/]];

const content = document.getElementById("content");
let leaving = new AbortController();

function bar(path) {
  put(document.getElementById("bar"),
    h("a", { class: "brand", href: "#/" }, h("img", { src: "icon.svg", alt: "" }), "Lambent"),
    h("nav", { "aria-label": "Main" }, MENU.map(([href, text, own]) => h("a", { href, "aria-current": own.test(path) && "page" }, text))),
    h("div", { class: "who" },
      caller.ready && account(render),
      h("button", { type: "button", "aria-label": "Switch between light and dark", onclick: theme }, "◐"),
      caller.loginRequired && caller.accessKey && h("button", { type: "button", onclick: async () => { await logout(); render(); } }, "Sign out")));
}

function theme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("lambent.theme", next); } catch { /* It then holds until the page is left. */ }
  dispatchEvent(new CustomEvent("lambent-theme", { detail: next }));
}

async function render(focus = false) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [path, query = ""] = location.hash.slice(1).split("?");
  bar(path);
  const [pattern, load, title] = PAGES.find(([pattern]) => pattern.test(path)) ?? [/(?:)/, null, "Not found"];
  const name = decodeURIComponent(path.match(pattern)?.[1] ?? "");
  document.title = `${title ?? name} · Lambent`;
  try {
    const page = !caller.ready ? await import("./pages/login.js") : await load?.();
    if (signal.aborted) return;
    if (!page) put(content, h("h1", {}, "Not found"), h("p", {}, "There is no such page. ", h("a", { href: "#/" }, "Go to the dashboard")));
    else await page.show(content, { name, query: new URLSearchParams(query), signal, again: render });
  } catch (error) {
    if (!signal.aborted) put(content, h("h1", {}, title ?? name), trouble(error));
  }
  content.dataset.ready = path;
  if (focus && !signal.aborted) content.focus({ preventScroll: false });
}

let before = location.hash.split("?")[0];
addEventListener("hashchange", () => {
  const here = location.hash.split("?")[0];
  // Within a page the focus stays where it is.
  render(here !== before);
  before = here;
});
addEventListener("lambent-signed-out", () => render());
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); content.focus(); });

standing().catch(() => {}).then(() => render());
