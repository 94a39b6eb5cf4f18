// The developer guide's chapter "Create a Simple Lambda Function and Explore the Console", step by step.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browse, lambda, open, PYTHON, serve, shoot } from "./kit.mjs";

let server, browser, page, faults;
before(async () => {
  server = await serve();
  browser = await browse();
  ({ page, faults } = await browser.page(server));
});
after(async () => { await browser?.close(); await server?.stop(); });

test("a browser that opens the server lands on the page for beginners", async () => {
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Get started" }).waitFor();
  assert.match(page.url(), /\/console\//);
  await shoot(page, "started");
  await page.getByRole("link", { name: "Create a function" }).click();
});

test("blueprints can be filtered", async () => {
  await page.getByRole("radio", { name: /Blueprints/ }).check();
  await page.getByLabel("Filter").fill("s3");
  assert.deepEqual(await page.locator("button.choice strong").allTextContents(), ["s3-object-created-python", "s3-object-created-nodejs"]);
  await page.getByLabel("Filter").fill("dynamodb");
  assert.deepEqual(await page.locator("button.choice strong").allTextContents(), ["dynamodb-process-stream-python", "dynamodb-process-stream-nodejs"]);
  await shoot(page, "blueprints");
});

test("a function is created from scratch", async () => {
  await page.getByRole("radio", { name: /from scratch/ }).check();
  await page.getByLabel("Name", { exact: true }).fill("my-function");
  await page.getByLabel("Runtime").selectOption(PYTHON);
  await page.getByRole("radio", { name: /template/ }).check();
  await page.getByLabel("Role name").fill("my-role");
  await shoot(page, "create");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByRole("heading", { name: "my-function" }).waitFor();
  const { Configuration } = await lambda(server, "GET", "2015-03-31/functions/my-function");
  assert.equal(Configuration.Handler, "lambda_function.lambda_handler");
  assert.equal(Configuration.Role, "arn:aws:iam::000000000000:role/service-role/my-role");
  await page.getByLabel(/Code: lambda_function.py/).waitFor();
});

test("its code is edited inline, and saving deploys", async () => {
  const code = page.getByLabel(/Code: lambda_function.py/);
  await code.click();
  await page.keyboard.press("Control+A");
  // Chromium styles what replaces styled text, and the policy refuses that; the editor draws its own colours in any case.
  await page.keyboard.press("Delete");
  await page.keyboard.insertText('def lambda_handler(event, context):\n    print("value1 =", event["key1"])\n    return event["key1"]\n');
  await page.getByText("Not saved").waitFor();
  await page.keyboard.press("Control+S");
  await page.getByText("Saved and deployed.").waitFor();
  await page.locator(".status").getByText("Deployed", { exact: true }).waitFor();
  await shoot(page, "code");
});

test("a test event is configured", async () => {
  await page.getByRole("button", { name: "Test", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Configure test event" });
  assert.equal(await dialog.getByLabel("Event template").inputValue(), "Hello World");
  assert.deepEqual(JSON.parse(await dialog.getByLabel("Event (JSON)").inputValue()), { key1: "value1", key2: "value2", key3: "value3" });
  await dialog.getByLabel("Event name").fill("hello");
  await shoot(page, "event");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.waitFor({ state: "detached" });
});

test("the function is run, and its result and log are shown", async () => {
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Execution result: succeeded").waitFor();
  assert.equal(await page.getByLabel("Returned by the function").textContent(), '"value1"');
  const log = await page.getByLabel("Log output").textContent();
  assert.match(log, /START RequestId[^]*value1 = value1\n[^]*REPORT RequestId/);
  const summary = await page.locator(".result .facts").textContent();
  for (const part of ["Request ID", "Billed duration", "Init duration", "128 MB", "Code SHA-256"]) assert.ok(summary.includes(part), part);
  await shoot(page, "result");
});

test("a failure is shown with its stack trace", async () => {
  await page.getByRole("button", { name: "hello" }).click();
  await page.getByRole("dialog").getByLabel("Event (JSON)").fill("{}");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Execution result: failed").waitFor();
  await page.getByRole("heading", { name: "KeyError" }).waitFor();
  assert.match(await page.getByLabel("Stack trace").textContent(), /lambda_function.py/);
  await shoot(page, "failed");
});

test("the logs and the charts show what happened", async () => {
  await page.getByRole("link", { name: "Monitoring", exact: true }).click();
  await page.getByRole("heading", { name: "Metrics" }).waitFor();
  await page.locator(".log").getByText("value1 = value1").waitFor();
  await page.locator(".log").getByText("KeyError").waitFor();
  await page.getByRole("img", { name: /^Invocations, latest: Invocations [1-9]/ }).waitFor({ timeout: 120_000 });
  await page.getByLabel("Filter pattern").fill("KeyError");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("1 event, following").waitFor();
  await shoot(page, "monitoring");
});

test("a function is created from a blueprint, and its sample event fits", async () => {
  await open(page, server, "/create?from=blueprint");
  await page.getByLabel("Filter").fill("sqs python");
  await page.getByRole("button", { name: /sqs-poller-python/ }).click();
  await page.getByLabel("Name", { exact: true }).fill("poller");
  await page.getByLabel("Runtime").selectOption(PYTHON);
  await page.getByLabel("Role name").fill("poller-role");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByRole("heading", { name: "poller" }).waitFor();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.getByLabel("Event template").inputValue(), /SQS/);
  await dialog.getByLabel("Event name").fill("messages");
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Execution result: succeeded").waitFor();
  assert.match(await page.getByLabel("Log output").textContent(), /Aurora arrives/);
});

test("existing roles are offered, for a new function and for one that is there", async () => {
  const made = ["arn:aws:iam::000000000000:role/service-role/my-role", "arn:aws:iam::000000000000:role/service-role/poller-role"];
  const offered = () => page.locator("datalist#roles option").evaluateAll((options) => options.map((option) => option.value));
  await open(page, server, "/create");
  await page.getByLabel("Name", { exact: true }).fill("third");
  await page.getByLabel("Runtime").selectOption(PYTHON);
  await page.getByRole("radio", { name: /existing role/ }).check();
  assert.deepEqual(await offered(), made);
  await page.getByLabel("Existing role", { exact: true }).fill(made[1]);
  await shoot(page, "roles");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByRole("heading", { name: "third" }).waitFor();
  await open(page, server, "/functions/third?tab=configuration");
  assert.equal(await page.getByLabel("Role", { exact: true }).inputValue(), made[1]);
  assert.deepEqual(await offered(), made);
  await page.getByLabel("Role", { exact: true }).fill(made[0]);
  await page.getByRole("button", { name: "Save: Execution role" }).click();
  await page.getByText("Execution role: saved.").waitFor();
  const { Configuration } = await lambda(server, "GET", "2015-03-31/functions/third");
  assert.equal(Configuration.Role, made[0]);
});

test("nothing left the server, and nothing went wrong unseen", () => assert.deepEqual(faults, []));
