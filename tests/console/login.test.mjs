// A server that wants signed requests: signing in, and what keeps others out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, browse, KEY, open, PYTHON, serve, shoot } from "./kit.mjs";

let server, browser, page, faults, context;
before(async () => {
  server = await serve({ credentials: true });
  browser = await browse();
  ({ page, faults } = await browser.page(server));
  context = page.context();
});
after(async () => { await browser?.close(); await server?.stop(); });

const signIn = async (secret) => {
  await page.getByLabel("Access key ID").fill(KEY.accessKey);
  await page.getByLabel("Secret access key").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
};

test("nothing is shown before somebody signs in", async () => {
  await open(page, server, "/functions");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await accessible(page, "login");
  await shoot(page, "login");
});

test("a wrong secret is refused", async () => {
  await signIn("wrong");
  await page.getByText(/InvalidSignatureException/).waitFor();
});

test("the right one opens a session, and does not travel", async () => {
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData()}`));
  await signIn(KEY.secretKey);
  await page.getByRole("heading", { name: "Functions" }).waitFor();
  assert.ok(sent.length && sent.every((each) => !each.includes(KEY.secretKey)));
  const [cookie] = await context.cookies(`${server.url}/_lambent/console/`);
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/_lambent/console/"]);
  await page.getByRole("button", { name: new RegExp(KEY.account) }).waitFor();
});

test("the session calls the API for its account", async () => {
  await open(page, server, "/create");
  await page.getByLabel("Name", { exact: true }).fill("mine");
  await page.getByLabel("Runtime").selectOption(PYTHON);
  await page.getByLabel("Role name").fill("r");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByText(`arn:aws:lambda:us-east-1:${KEY.account}:function:mine`).first().waitFor();
  await page.getByLabel(/Code: lambda_function.py/).waitFor();
  await page.reload();
  await page.getByLabel(/Code: lambda_function.py/).waitFor();
});

test("a call needs the cookie and the header", async () => {
  const [{ name, value }] = await context.cookies(`${server.url}/_lambent/console/`);
  const call = (headers) => fetch(`${server.url}/_lambent/console/api/2015-03-31/functions`, { headers }).then((answer) => answer.status);
  const cookie = `${name}=${value}`, header = "lambda/us-east-1";
  assert.equal(await call({ cookie, "x-lambent-console": header }), 200);
  assert.equal(await call({ cookie }), 403);
  assert.equal(await call({ "x-lambent-console": header }), 403);
  assert.equal(await call({ cookie: `${name}=0${value.slice(1)}x`, "x-lambent-console": header }), 403);
  const elsewhere = await fetch(`${server.url}/2015-03-31/functions`, { headers: { cookie, "x-lambent-console": header } });
  assert.equal(elsewhere.status, 403);
});

test("a page of a function has an origin of its own", async () => {
  const answer = await fetch(`${server.url}/_lambent/url/0000000000000000000000000000000000000000/`);
  assert.match(answer.headers.get("content-security-policy"), /^sandbox (?!.*allow-same-origin)/);
});

test("signing out ends the session", async () => {
  const [{ name, value }] = await context.cookies(`${server.url}/_lambent/console/`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const answer = await fetch(`${server.url}/_lambent/console/api/2015-03-31/functions`, { headers: { cookie: `${name}=${value}`, "x-lambent-console": "lambda/us-east-1" } });
  assert.equal(answer.status, 403);
  assert.deepEqual(faults, []);
});
