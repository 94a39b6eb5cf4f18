// What the console computes in the browser, without one.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ceiling } from "../../crates/console/web/js/chart.js";
import { BLUEPRINTS } from "../../crates/console/web/js/data/blueprints.js";
import { EVENTS } from "../../crates/console/web/js/data/events.js";
import { yaml } from "../../crates/console/web/js/function/sam.js";
import { hmac, sha256 } from "../../crates/console/web/js/sign.js";
import { unzip, zip } from "../../crates/console/web/js/zip.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("hashes are those of everybody else", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const data = Buffer.alloc(length, length + 3);
    assert.equal(hex(sha256(data)), createHash("sha256").update(data).digest("hex"), `${length} bytes`);
    assert.equal(hex(hmac(data, "text")), createHmac("sha256", data).update("text").digest("hex"), `a key of ${length} bytes`);
  }
});

test("what is zipped can be unzipped, by us and by others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lambent-zip."));
  const data = new TextEncoder().encode("print('hello')\n".repeat(100));
  const made = new Uint8Array(await zip([{ path: "lib/a.py", data }, { path: "bootstrap", data, mode: 0o755 }]).arrayBuffer());
  writeFileSync(join(folder, "ours.zip"), made);
  const told = execFileSync("python3", ["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print([(i.filename, i.file_size, oct(i.external_attr >> 16)) for i in z.infolist()])", join(folder, "ours.zip")]);
  assert.equal(told.toString().trim(), "[('lib/a.py', 1500, '0o100644'), ('bootstrap', 1500, '0o100755')]");
  assert.deepEqual((await unzip(made)).map(({ path, mode }) => [path, mode]), [["lib/a.py", 0o644], ["bootstrap", 0o755]]);
  execFileSync("python3", ["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED); z.writestr('x/', ''); z.writestr('x/y', 'z' * 5000); z.close()", join(folder, "theirs.zip")]);
  const { readFileSync } = await import("node:fs");
  const [file, ...more] = await unzip(new Uint8Array(readFileSync(join(folder, "theirs.zip"))));
  assert.deepEqual([file.path, file.data.length, more.length], ["x/y", 5000, 0]);
  await assert.rejects(() => unzip(new Uint8Array(100)), /not a zip/);
  rmSync(folder, { recursive: true });
});

test("every blueprint works with the sample event of its source", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lambent-blueprints."));
  for (const { name, source, family, code } of BLUEPRINTS) {
    const event = EVENTS.find(([, each]) => each === source)?.[2];
    assert.ok(event, `${name} has a sample event`);
    const text = JSON.stringify(event);
    const file = join(folder, family === "python" ? "run.py" : `${name}.mjs`);
    // What would call the network is only parsed.
    const dry = name.startsWith("cloudformation");
    if (family === "python") {
      writeFileSync(file, dry ? code : `${code}\nimport json, sys\njson.dumps(lambda_handler(json.loads(sys.stdin.read()), None))\n`);
      execFileSync("python3", dry ? ["-m", "py_compile", file] : [file], { input: text, stdio: ["pipe", "ignore", "pipe"] });
    } else {
      writeFileSync(file, dry ? code : `${code}\nconsole.log = () => {};\nJSON.stringify(await handler(${text}));\n`);
      execFileSync(process.execPath, [file], { stdio: ["ignore", "ignore", "pipe"] });
    }
  }
  rmSync(folder, { recursive: true });
});

test("axes end at round figures", () => {
  assert.deepEqual([0, 0.3, 1, 1.1, 23, 99, 101, 4000].map(ceiling), [1, 0.5, 1, 2, 25, 100, 200, 5000]);
});

test("templates are YAML that says what it should", () => {
  const text = yaml({ A: { Text: "yes", Number: 3, List: ["a: b", { K: "v w", L: [1] }], None: undefined, Empty: {} } });
  assert.equal(text, '\nA:\n  Text: "yes"\n  Number: 3\n  List:\n    - "a: b"\n    - K: v w\n      L:\n        - 1');
});
