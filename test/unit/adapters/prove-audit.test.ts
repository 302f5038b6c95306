import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditFile } from "../../../gateway/adapters/audit-file/audit-file.js";
import { proveAudit } from "../../../gateway/adapters/audit-file/prove-audit.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/processes.js";
import { sampleAudit } from "../../support/records.js";

async function written(t: TestContext, entries: number) {
  const folder = temporaryFolder("prove-audit");
  t.after(() => folder.remove());
  const deps = { clock: new FakeClock(), metrics: noMetrics, log: silentLog };
  const file = await AuditFile.open(deps, { folder: folder.path, maxBytes: 1_000 });
  for (let i = 0; i < entries; i++) await file.append(sampleAudit(i));
  const { head } = file;
  await file.close();
  const last = (): string => join(folder.path, readdirSync(folder.path).sort().at(-1) ?? "");
  return { folder: folder.path, head, last };
}

test("a chain over several files verifies, and its head is what the writer has", async (t) => {
  const { folder, head } = await written(t, 12);
  assert.ok(readdirSync(folder).length > 1);
  const proof = await proveAudit(folder, head);
  assert.deepEqual(proof, {
    ...{ verdict: "intact", records: 12, firstSeq: 1, lastSeq: 12, lastHash: head.hash, lost: 0 },
  });
  assert.deepEqual(await proveAudit(folder), proof);
});

test("a line that is just being written is no break where the head is known", async (t) => {
  const { folder, head, last } = await written(t, 3);
  appendFileSync(last(), '{"seq":4,"prev":"');
  assert.equal((await proveAudit(folder, head)).verdict, "intact");
  assert.equal((await proveAudit(folder)).verdict, "broken");
});

test("one changed letter, and an end that was cut off, are found", async (t) => {
  const { folder, head, last } = await written(t, 12);
  const text = readFileSync(last(), "utf8");
  writeFileSync(last(), text.replace("block.add", "block.adD"));
  const changed = await proveAudit(folder, head);
  assert.equal(changed.verdict, "broken");
  assert.match(changed.problem ?? "", /^hash-does-not-match in audit-\d+\.jsonl, line \d+$/);
  writeFileSync(last(), "");
  const cut = await proveAudit(folder, head);
  assert.deepEqual([cut.verdict, cut.problem], ["broken", "record 12 was there and is cut off"]);
  assert.equal((await proveAudit(folder)).verdict, "intact", "without the head nothing shows it");
});

test("nothing there, and a folder that cannot be read, are said as what they are", async (t) => {
  const { folder } = await written(t, 0);
  assert.equal((await proveAudit(folder, { seq: 0, hash: "" })).verdict, "absent");
  assert.equal((await proveAudit(folder)).verdict, "absent");
  assert.match((await proveAudit(join(folder, "nowhere"))).verdict, /absent|unread/);
});
