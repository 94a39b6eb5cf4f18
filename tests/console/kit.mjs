// A server, a browser, and what every page must keep to.

import axe from "axe-core";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const BINARY = process.env.LAMBENT_BIN ?? ["release", "debug"].map((kind) => join(ROOT, "target", kind, "lambent")).find(existsSync);
export const SHOTS = join(ROOT, ".cache/test/console");
mkdirSync(SHOTS, { recursive: true });

export const KEY = { accessKey: "AKIDCONSOLETEST", secretKey: "console+test/secret", account: "123456789012" };

/** The runtimes of this host's own interpreters. */
export const PYTHON = `python${execFileSync("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).toString().trim()}`;

/** A server on a free port with a data directory of its own. */
export async function serve({ credentials = false } = {}) {
  const data = mkdtempSync(join(tmpdir(), "lambent-console."));
  const flags = ["serve", "--listen", "127.0.0.1:0", "--data-dir", join(data, "data")];
  if (credentials) {
    const config = join(data, "lambent.toml");
    writeFileSync(config, `[[credentials]]\naccess-key = "${KEY.accessKey}"\nsecret-key = "${KEY.secretKey}"\naccount = "${KEY.account}"\n`);
    flags.push("--config", config);
  }
  const server = spawn(BINARY, flags, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const url = await new Promise((done, failed) => {
    server.stderr.on("data", (chunk) => {
      said += chunk;
      const found = said.match(/listening on (http:\/\/\S+)/);
      if (found) done(found[1]);
    });
    server.on("exit", () => failed(new Error(`the server ended: ${said}`)));
  });
  return {
    url,
    stop: async () => {
      const ended = new Promise((done) => server.once("exit", done));
      server.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A browser; `page` watches what each page does, and `faults` says what it must not have done. */
export async function browse() {
  const path = process.env.LAMBENT_CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const page = async (server, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: "light", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const faults = [];
    page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) faults.push(`a request left the server: ${request.url()}`); });
    page.on("pageerror", (error) => faults.push(`an error in the page: ${error.stack}`));
    page.on("console", (message) => { if (/Content Security Policy|Refused to/.test(message.text())) faults.push(`against the policy: ${message.text()} at ${JSON.stringify(message.location())}`); });
    return { page, faults };
  };
  return { page, close: () => browser.close() };
}

/** Opens a page of the console and waits until it is there. */
export async function open(page, server, path) {
  await page.goto(`${server.url}/console/#${path}`);
  await page.waitForFunction((path) => document.getElementById("content").dataset.ready === path, path.split("?")[0]);
}

/** A picture, for people to look at. */
export const shoot = (page, name) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true, caret: "initial" });

/** Whether everybody can use what is shown. */
export async function accessible(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  const told = violations.map((each) => `${name}: ${each.id} (${each.help}): ${each.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`);
  assert.deepEqual(told, []);
}

/** A call of the Lambda API as a client makes it. */
export async function lambda(server, method, path, body) {
  const headers = { authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0" };
  const answer = await fetch(`${server.url}/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}

/** The same of X-Ray. */
export async function xray(server, path, body) {
  const headers = { authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0" };
  const answer = await fetch(`${server.url}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}
