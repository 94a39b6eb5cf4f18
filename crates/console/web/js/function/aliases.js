// The form of an alias: the version it names, and another that gets a share of the invocations.

import { all, lambda, part } from "../aws.js";
import { h } from "../dom.js";
import { ask, field, input, select, toast } from "../ui.js";

/** Creates an alias, or changes the one that is given. */
export async function editAlias(cx, alias) {
  const versions = (await all(`${cx.path}/versions`, "Versions")).map((each) => each.Version);
  const [[other, weight] = ["", 0]] = Object.entries(alias?.RoutingConfig?.AdditionalVersionWeights ?? {});
  await ask({
    title: alias ? `Alias ${alias.Name}` : "Create alias", confirm: alias ? "Save" : "Create",
    body: [
      !alias && field("Name", input("name", "", { required: true, pattern: "(?![0-9]+$)[A-Za-z0-9_\\-]{1,128}" })),
      field("Description", input("description", alias?.Description ?? "", { maxlength: 256 })),
      field("Version", select("version", versions, alias?.FunctionVersion ?? cx.configuration.Version)),
      h("div", { class: "pair" },
        field("Additional version", select("other", [["", "None"], ...versions.filter((each) => each !== "$LATEST")], other), "Published versions can share an alias."),
        field("Its weight in percent", input("weight", String(Math.round(weight * 100)), { type: "number", min: 0, max: 100 }))),
    ],
    submit: async (data) => {
      const body = { Description: data.get("description"), FunctionVersion: data.get("version"), RoutingConfig: { AdditionalVersionWeights: data.get("other") ? { [data.get("other")]: data.get("weight") / 100 } : {} } };
      if (alias) await lambda("PUT", `${cx.path}/aliases/${part(alias.Name)}`, { body });
      else await lambda("POST", `${cx.path}/aliases`, { body: { ...body, Name: data.get("name") } });
      toast("The alias is saved.");
      cx.again();
    },
  });
}
