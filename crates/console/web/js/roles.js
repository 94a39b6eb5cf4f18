// Execution roles: an existing one, a new one, or a new one from templates.

import { caller, iam } from "./aws.js";
import { BASIC, policy, TEMPLATES, TRUST } from "./data/roles.js";
import { h, put } from "./dom.js";
import { check, field, input } from "./ui.js";

const arn = (name) => `arn:aws:iam::${caller.account}:role/${name}`;

/** The ARNs of the roles that Lambda may assume. */
async function known() {
  const found = [];
  let Marker;
  do {
    const page = await iam("ListRoles", Marker ? { Marker } : {});
    const roles = [...page.querySelectorAll("Roles > member")];
    const text = (role, name) => role.querySelector(name).textContent;
    found.push(...roles.filter((role) => decodeURIComponent(text(role, "AssumeRolePolicyDocument")).includes("lambda.amazonaws.com")).map((role) => text(role, "Arn")));
    Marker = page.querySelector("ListRolesResult > Marker")?.textContent;
  } while (Marker);
  return found;
}

/** A field for a role's ARN, which offers the roles that there are and takes any other one. */
export async function roleField(value, label = "Role", hint = "The ARN of the role whose permissions the function has.") {
  const roles = await known();
  const offered = h("datalist", { id: "roles" }, roles.map((role) => h("option", { value: role })));
  const control = input("role", value ?? roles[0] ?? arn("lambda-role"), { list: "roles", required: true, pattern: "arn:(aws[a-zA-Z\\-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_\\/]+" });
  return [field(label, control, hint), offered];
}

/** A fieldset, and `make(data)`, which answers the role's ARN and creates the role if it is to be new. */
export async function roleChoice() {
  const existing = await roleField(undefined, "Existing role", "One of the list, or any other ARN.");
  const detail = h("div", { class: "pair" });
  const show = (kind) => put(detail,
    kind === "existing" && existing,
    kind !== "existing" && field("Role name", input("roleName", "", { required: true, pattern: "[A-Za-z0-9+=,.@_\\-]{1,64}" }), "Letters, digits and +=,.@-_"),
    kind === "template" && h("fieldset", {}, h("legend", {}, "Policy templates"), Object.keys(TEMPLATES).map((name) => check(name, h("input", { type: "checkbox", name: "template", value: name })))));
  const radio = (value, text, hint) => check(text, h("input", { type: "radio", name: "roleKind", value, checked: value === "template", onchange: () => show(value) }), hint);
  show("template");
  const element = h("fieldset", {}, h("legend", {}, "Role"),
    radio("template", "Create new role from template(s)", "May write logs, and what the templates add."),
    radio("new", "Create a new role", "May write logs."),
    radio("existing", "Choose an existing role"), detail);
  return {
    element,
    make: async (data) => {
      if (data.get("roleKind") === "existing") return data.get("role");
      const RoleName = data.get("roleName");
      const made = await iam("CreateRole", { RoleName, Path: "/service-role/", AssumeRolePolicyDocument: TRUST });
      if (data.get("roleKind") === "new") await iam("AttachRolePolicy", { RoleName, PolicyArn: BASIC });
      else await iam("PutRolePolicy", { RoleName, PolicyName: "lambda-console", PolicyDocument: policy(data.getAll("template")) });
      return made.querySelector("Arn").textContent;
    },
  };
}
