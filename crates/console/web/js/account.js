// Whose functions are shown, and of which region.

import { caller } from "./aws.js";
import { h } from "./dom.js";
import { ask, field, input, select } from "./ui.js";

const REGIONS = ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1"];

/** A button that says both and lets them be changed. */
export function account(changed) {
  const choose = () => ask({
    title: "Account and region", confirm: "Use",
    body: h("div", { class: "pair" },
      field("Account", input("account", caller.account, { pattern: "[0-9]{12}", required: true, disabled: caller.loginRequired }), caller.loginRequired ? "The account of your access key." : "Twelve digits. Each account has functions of its own."),
      field("Region", select("region", REGIONS.includes(caller.region) ? REGIONS : [caller.region, ...REGIONS], caller.region))),
    submit: (data) => {
      if (!caller.loginRequired) caller.account = data.get("account");
      caller.region = data.get("region");
      try {
        localStorage.setItem("lambent.region", caller.region);
        if (!caller.loginRequired) localStorage.setItem("lambent.account", caller.account);
      } catch { /* It then holds until the page is left. */ }
      changed();
    },
  });
  return h("button", { type: "button", onclick: choose }, h("span", { class: "hidden" }, "Account and region: "), `${caller.account} · ${caller.region}`);
}
