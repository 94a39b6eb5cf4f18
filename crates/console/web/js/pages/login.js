// Signing in, where the server wants signed requests.

import { login } from "../aws.js";
import { h, put } from "../dom.js";
import { field, form, input } from "../ui.js";

export async function show(content, { again }) {
  document.title = "Sign in · Lambent";
  put(content, h("section", { class: "card login" },
    h("h1", {}, "Sign in"),
    h("p", { class: "muted" }, "With an access key of this server. The secret key signs one request in your browser; it is neither sent nor kept."),
    form({}, async (data) => { await login(data.get("access").trim(), data.get("secret").trim()); again(true); },
      field("Access key ID", input("access", "", { required: true, autocomplete: "username" })),
      field("Secret access key", input("secret", "", { type: "password", required: true, autocomplete: "current-password" })),
      h("div", { class: "actions" }, h("button", { class: "primary" }, "Sign in")))));
}
