// Every page: for everybody, in both themes, on a phone, and small.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, browse, lambda, open, PYTHON, serve, shoot, xray } from "./kit.mjs";

const PAGES = {
  dashboard: "/", functions: "/functions", create: "/create", blueprints: "/create?from=blueprint", code: "/functions/harbour?tab=code", test: "/functions/harbour?tab=test",
  monitoring: "/functions/harbour?tab=monitoring", trace: "/traces/1-67891233-abcdef012345678912345678", untraced: "/traces/1-67891233-000000000000000000000000", configuration: "/functions/harbour?tab=configuration", versions: "/functions/harbour?tab=versions",
  version: "/functions/harbour?tab=configuration&qualifier=1", alias: "/functions/harbour?tab=configuration&qualifier=prod", latest: "/functions/harbour?tab=test&qualifier=%24LATEST", layers: "/layers", live: "/live", missing: "/nowhere",
};

/** What a function and its SDK told of a request, which ended badly. */
const NOW = Math.floor(Date.now() / 1000) - 60;
const VOYAGE = {
  id: "70de5b6f19ff9a0a", trace_id: "1-67891233-abcdef012345678912345678", name: "harbour", origin: "AWS::Lambda::Function", start_time: NOW, end_time: NOW + 2.5, fault: true,
  subsegments: [{ id: "70de5b6f19ff9a0b", name: "Initialization", start_time: NOW, end_time: NOW + 0.4 }, { id: "70de5b6f19ff9a0c", name: "Invocation", start_time: NOW + 0.4, end_time: NOW + 2.5, fault: true, cause: { exceptions: [{ type: "Storm", message: "no berth" }] } }],
};
const MOORING = { id: "70de5b6f19ff9a0d", trace_id: VOYAGE.trace_id, parent_id: "70de5b6f19ff9a0c", type: "subsegment", name: "tides", namespace: "remote", start_time: NOW + 1, end_time: NOW + 2, annotations: { berth: 12 }, metadata: { default: { wind: "north" } } };

let server, browser;
before(async () => {
  server = await serve();
  browser = await browse();
  const { zip, base64 } = await import("../../crates/console/web/js/zip.js");
  const code = "def lambda_handler(event, context):\n    return 'moored'\n";
  const ZipFile = await base64(zip([{ path: "lambda_function.py", data: new TextEncoder().encode(code) }, { path: "lib/tides.py", data: new TextEncoder().encode("HIGH = 3.2\n") }]));
  for (const name of ["harbour", "buoys", "tides"]) {
    await lambda(server, "POST", "2015-03-31/functions", { FunctionName: name, Runtime: PYTHON, Role: "arn:aws:iam::000000000000:role/r", Handler: "lambda_function.lambda_handler", Description: `Looks after ${name}`, Code: { ZipFile }, Tags: { owner: name }, Environment: { Variables: { BERTHS: "12" } } });
  }
  const harbour = "2015-03-31/functions/harbour";
  await lambda(server, "POST", `${harbour}/versions`, { Description: "The first" });
  await lambda(server, "POST", `${harbour}/aliases`, { Name: "prod", FunctionVersion: "1" });
  await lambda(server, "POST", `${harbour}/policy`, { Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", StatementId: "bucket", SourceArn: "arn:aws:s3:::harbour-photos" });
  await lambda(server, "PUT", "2019-09-25/functions/harbour/event-invoke-config", { DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:000000000000:failed" } } });
  await lambda(server, "POST", "2021-10-31/functions/harbour/url", { AuthType: "NONE" });
  await xray(server, "TraceSegments", { TraceSegmentDocuments: [JSON.stringify(VOYAGE), JSON.stringify(MOORING)] });
  for (let run = 0; run < 3; run++) await lambda(server, "POST", `${harbour}/invocations`, {});
});
after(async () => { await browser?.close(); await server?.stop(); });

const LOOKS = { light: {}, dark: { colorScheme: "dark" }, phone: { viewport: { width: 390, height: 780 } } };
for (const [look, options] of Object.entries(LOOKS)) {
  for (const [name, path] of Object.entries(PAGES)) {
    test(`${name}, ${look}`, async () => {
      const { page, faults } = await browser.page(server, options);
      await open(page, server, path);
      if (name === "code") await page.getByLabel(/Code: lambda_function.py/).waitFor();
      if (name === "live") await page.locator(".tile").nth(1).waitFor();
      if (name === "monitoring") await page.locator(".charts figure, .charts .notice").first().waitFor();
      assert.deepEqual(await page.locator("main .notice.bad").allTextContents(), []);
      await accessible(page, `${name}, ${look}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide`);
      await shoot(page, `${name}-${look}`);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}

test("a trace is found by its function, opened, and looked into by the keyboard", async () => {
  const { page, faults } = await browser.page(server);
  await open(page, server, "/functions/harbour?tab=monitoring");
  const traces = page.locator("section.traces");
  await traces.getByLabel("Filter expression").fill("annotation.berth = 12");
  await traces.getByLabel("Filter expression").press("Enter");
  const link = traces.getByRole("link", { name: VOYAGE.trace_id });
  await link.waitFor();
  assert.deepEqual(await traces.locator("tbody tr").count(), 1);
  assert.match(await traces.locator("tbody tr").textContent(), /2\.5 s.*Fault/);
  await link.press("Enter");
  const names = page.locator(".waterfall button .name");
  await names.nth(3).waitFor();
  assert.deepEqual((await names.allTextContents()).map((text) => text.split(" ")[0].replace(",", "")), ["harbour", "Initialization", "Invocation", "tides"]);
  await page.getByRole("button", { name: /^Invocation/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Storm: no berth").waitFor();
  await page.getByRole("button", { name: /^tides/ }).press("Space");
  await page.getByText('"wind": "north"').waitFor();
  await accessible(page, "an open trace");
  await page.keyboard.press("Space");
  await page.getByText('"wind": "north"').waitFor({ state: "hidden" });
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("dialogs and menus are for everybody, too", async () => {
  const { page, faults } = await browser.page(server);
  await open(page, server, "/functions/harbour?tab=configuration");
  await page.locator("summary", { hasText: "Actions" }).click();
  await accessible(page, "menu");
  await page.keyboard.press("Escape");
  await page.locator("summary", { hasText: "Qualifiers" }).click();
  await page.getByRole("link", { name: "prod → 1" }).waitFor();
  await accessible(page, "qualifiers");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Add trigger" }).click();
  await accessible(page, "trigger");
  await shoot(page, "trigger");
  await page.keyboard.press("Escape");
  assert.deepEqual(faults, []);
});

test("the settings of a function are changed as any client changes them", async () => {
  const { page, faults } = await browser.page(server);
  const told = () => lambda(server, "GET", "2015-03-31/functions/buoys");
  const saved = async (part) => { await page.getByRole("button", { name: `Save: ${part}` }).click(); await page.getByText(`${part}: saved.`).waitFor(); await page.getByText(`${part}: saved.`).waitFor({ state: "detached" }); };
  await open(page, server, "/functions/buoys?tab=configuration");
  await page.getByLabel("Memory (MB)").fill("256");
  await page.getByLabel("Timeout, minutes").fill("1");
  await saved("Basic settings");
  await page.getByRole("button", { name: "Add environment variable" }).click();
  await page.getByLabel("Key 2 of environment variable").fill("COLOUR");
  await page.getByLabel("Value 2 of environment variable").fill("green");
  await saved("Environment variables");
  await page.getByRole("button", { name: "Remove owner" }).click();
  await page.getByRole("button", { name: "Add tag" }).click();
  await page.getByLabel("Key 1 of tag").fill("crew");
  await page.getByLabel("Value 1 of tag").fill("north");
  await saved("Tags");
  await page.getByRole("radio", { name: "Reserve concurrency" }).check();
  await page.getByLabel("Reserved concurrent executions").fill("7");
  await saved("Concurrency");
  await page.getByLabel("Retries").fill("1");
  await saved("Asynchronous invocation");
  const { Configuration: c, Tags, Concurrency } = await told();
  assert.deepEqual([c.MemorySize, c.Timeout % 120 >= 60, c.Environment.Variables, Tags, Concurrency], [256, true, { BERTHS: "12", COLOUR: "green" }, { crew: "north" }, { ReservedConcurrentExecutions: 7 }]);
  await page.locator("summary", { hasText: "Actions" }).click();
  await page.getByRole("button", { name: "Throttle" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Throttle" }).click();
  await page.getByText("Throttled.").waitFor();
  await page.locator("summary", { hasText: "Actions" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download AWS SAM file" }).click()]);
  assert.equal(file.suggestedFilename(), "buoys.yaml");
  assert.deepEqual(faults, []);
});

test("a function is uploaded, published, given an alias and deleted", async () => {
  const { page, faults } = await browser.page(server);
  await open(page, server, "/functions/buoys?tab=code");
  const { zip } = await import("../../crates/console/web/js/zip.js");
  const data = new TextEncoder().encode("def lambda_handler(event, context):\n    return 'uploaded'\n");
  const buffer = Buffer.from(await zip([{ path: "lambda_function.py", data }]).arrayBuffer());
  await page.getByLabel("Package", { exact: true }).setInputFiles({ name: "new.zip", mimeType: "application/zip", buffer });
  await page.getByRole("button", { name: "Upload and deploy" }).click();
  await page.getByLabel(/Code: lambda_function.py/).getByText("'uploaded'").waitFor();

  // Another file, under another name, and the first one gone.
  await page.getByRole("button", { name: "New file" }).click();
  await page.getByRole("dialog").getByLabel("Path").fill("lib/depth.py");
  await page.getByRole("dialog").getByRole("button", { name: "New file" }).click();
  await page.getByLabel(/Code: lib\/depth.py/).click();
  await page.keyboard.insertText("DEPTH = 7\n");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("dialog").getByLabel("Path").fill("lib/depths.py");
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await page.getByLabel(/Code: lib\/depths.py/).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved and deployed.").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "lib/depths.py", exact: true }).click();
  await page.getByLabel(/Code: lib\/depths.py/).getByText("DEPTH").waitFor();

  await open(page, server, "/functions/buoys?tab=versions");
  for (const n of [1, 2]) {
    await page.getByRole("button", { name: "Publish new version" }).first().click();
    await page.getByRole("dialog").getByLabel("Version description").fill(`Number ${n}`);
    await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
    await page.getByRole("heading", { name: `buoys ${n}` }).waitFor();
    await lambda(server, "PUT", "2015-03-31/functions/buoys/configuration", { Description: `After ${n}` });
    await open(page, server, "/functions/buoys?tab=versions");
  }
  await page.getByRole("button", { name: "Create alias" }).last().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("live");
  await dialog.getByLabel("Version", { exact: true }).selectOption("1");
  await dialog.getByLabel("Additional version").selectOption("2");
  await dialog.getByLabel("Its weight in percent").fill("25");
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByText("25 % 2").waitFor();
  const alias = await lambda(server, "GET", "2015-03-31/functions/buoys/aliases/live");
  assert.deepEqual([alias.FunctionVersion, alias.RoutingConfig.AdditionalVersionWeights], ["1", { 2: 0.25 }]);

  await page.locator("summary", { hasText: "Actions" }).click();
  await page.getByRole("button", { name: "Delete function" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("2 of 2 functions").waitFor();
  assert.deepEqual(faults, []);
});

test("everything is reached by the keyboard", async () => {
  const { page } = await browser.page(server);
  await open(page, server, "/functions/harbour?tab=code");
  await page.getByLabel(/Code: lambda_function.py/).waitFor();
  const focused = () => page.evaluate(() => (document.activeElement.shadowRoot?.activeElement ?? document.activeElement).textContent.trim());
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  await page.locator("summary", { hasText: "Actions" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Publish new version");
  await page.keyboard.press("Escape");
  assert.match(await focused(), /^Actions/);
  await page.getByLabel(/Code: lambda_function.py/).focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assert.equal(await page.locator("summary", { hasText: "From Amazon S3" }).count(), 1);
  assert.notEqual(await page.evaluate(() => document.activeElement.className), "canvas", "the editor can be left");
});

test("functions are found by name, runtime and tag", async () => {
  const { page } = await browser.page(server);
  await open(page, server, "/functions");
  const names = () => page.locator("tbody td:first-child").allTextContents();
  await page.getByLabel("Search").fill("tid");
  assert.deepEqual(await names(), ["tides"]);
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Tag").fill("owner=har");
  await page.getByText(/^1 of \d functions/).waitFor();
  assert.deepEqual(await names(), ["harbour"]);
});

test("the log is searched and followed", async () => {
  const { page, faults } = await browser.page(server);
  const asked = [];
  const event = (n, message) => ({ eventId: `e${n}`, timestamp: Date.now() - 10_000 + n, logStreamName: "s", message });
  // Answers of CloudWatch Logs: two pages at first, then one event more each time.
  await page.route("**/", async (route, request) => {
    if (request.headers()["x-amz-target"] !== "Logs_20140328.FilterLogEvents") return route.fallback();
    const input = request.postDataJSON();
    asked.push(input);
    const first = [event(1, "START RequestId: 1"), event(2, "ERROR too deep")];
    const body = asked.length === 1 ? { events: first, nextToken: "more" } : { events: [...first, ...Array.from({ length: asked.length - 1 }, (_, n) => event(n + 3, `line ${n + 3}\n`))] };
    return route.fulfill({ status: 200, contentType: "application/x-amz-json-1.1", body: JSON.stringify(body) });
  });
  await open(page, server, "/functions/harbour?tab=monitoring&q=deep");
  await page.locator(".log").getByText("line 4").waitFor();
  assert.equal(await page.locator(".log").getByText("START RequestId: 1").count(), 1, "an event is shown once");
  assert.equal(await page.locator(".log .bad").textContent().then((text) => text.includes("too deep")), true);
  assert.deepEqual([asked[0].logGroupName, asked[0].filterPattern, asked[1].nextToken], ["/aws/lambda/harbour", "deep", "more"]);
  assert.ok(asked[0].startTime < Date.now() - 3_000_000);
  await accessible(page, "log");
  await shoot(page, "log");
  assert.deepEqual(faults, []);
});

test("the first load is under 300 KB", async () => {
  const { page } = await browser.page(server);
  const sizes = [];
  page.on("response", (response) => sizes.push(response.request().sizes().then((size) => size.responseBodySize, () => 0)));
  await open(page, server, "/functions");
  await page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  assert.ok(bytes > 10_000 && bytes < 300 << 10, `${bytes} bytes`);
  console.log(`# the first load is ${bytes} bytes`);
});
