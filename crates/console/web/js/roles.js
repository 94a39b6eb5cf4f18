// Execution roles: an existing one, a new one, or a new one from templates.

import { caller, iam } from "./aws.js";
import { policy, TEMPLATES, TRUST } from "./data/roles.js";
import { h, put } from "./dom.js";
import { check, field, input, notice, select } from "./ui.js";

const arn = (name) => `arn:aws:iam::${caller.account}:role/${name}`;

/** The roles there are, or `null` where the server keeps none. */
async function known() {
  try {
    const answer = await iam("ListRoles", {});
    return [...answer.querySelectorAll("Roles > member > Arn")].map((each) => each.textContent);
  } catch (error) {
    if (error.missing) return null;
    throw error;
  }
}

/** A fieldset, and `make(data)`, which answers the role's ARN and creates the role if it is to be new. */
export async function roleChoice() {
  const roles = await known();
  const detail = h("div", { class: "pair" });
  const show = (kind) => put(detail,
    kind === "existing" && field("Existing role", roles?.length ? select("role", roles) : input("role", arn("lambda-role"), { required: true }), roles?.length ? "" : "Its ARN."),
    kind !== "existing" && field("Role name", input("roleName", "", { required: true, pattern: "[A-Za-z0-9+=,.@_\\-]{1,64}" }), "Letters, digits and +=,.@-_"),
    kind === "template" && h("fieldset", {}, h("legend", {}, "Policy templates"), Object.keys(TEMPLATES).map((name) => check(name, h("input", { type: "checkbox", name: "template", value: name })))));
  const radio = (value, text, hint) => check(text, h("input", { type: "radio", name: "roleKind", value, checked: value === "template", onchange: () => show(value) }), hint);
  show("template");
  const element = h("fieldset", {}, h("legend", {}, "Role"),
    radio("template", "Create new role from template(s)", "May write logs, and what the templates add."),
    radio("new", "Create a new role", "May write logs."),
    radio("existing", "Choose an existing role"),
    roles === null && notice("", "This server does not keep roles yet: the role's name is set as it is, and nothing is created."), detail);
  return {
    element,
    make: async (data) => {
      if (data.get("roleKind") === "existing") return data.get("role");
      const RoleName = data.get("roleName");
      if (roles === null) return arn(RoleName);
      const made = await iam("CreateRole", { RoleName, Path: "/service-role/", AssumeRolePolicyDocument: TRUST });
      await iam("PutRolePolicy", { RoleName, PolicyName: "lambda-console", PolicyDocument: policy(data.getAll("template")) });
      return made.querySelector("Arn").textContent;
    },
  };
}
