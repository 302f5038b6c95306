import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { AUDIT_INBOX, AuditInbox, leaveForAudit } from "../../../../gateway/adapters/audit-file/audit-inbox.js";
import { unixMs } from "../../../../gateway/core/time.js";
import type { AuditEntry } from "../../../../gateway/ports/records.js";
import { temporaryFolder } from "../../../support/processes.js";

const root = temporaryFolder("audit-inbox");
after(() => root.remove());
let folders = 0;
function store(): string {
  const folder = join(root.path, `${folders++}`);
  mkdirSync(folder);
  return folder;
}
const entry = (id: string, at: number, actor = "cli:somebody"): AuditEntry => ({
  ...{ id, at: unixMs(at), actor, role: "operator", action: "audio.export" },
  ...{ target: "call-1@192.0.2.1", outcome: "done", detail: { code: "x", count: 3 } },
});
async function taken(folder: string) {
  const entries: AuditEntry[] = [];
  const unreadable: string[] = [];
  const inbox = new AuditInbox(folder, (name) => void unreadable.push(name));
  await inbox.take((each) => {
    entries.push(each);
    return Promise.resolve();
  });
  return { entries, unreadable };
}

test("what commands have left is taken once, oldest first", async () => {
  const folder = store();
  leaveForAudit(folder, entry("b", 1_700_000_000_002));
  leaveForAudit(folder, entry("a", 1_700_000_000_001));
  for (const name of readdirSync(join(folder, AUDIT_INBOX))) {
    assert.equal(statSync(join(folder, AUDIT_INBOX, name)).mode & 0o077, 0);
  }
  const { entries } = await taken(folder);
  assert.deepEqual(entries, [entry("a", 1_700_000_000_001), entry("b", 1_700_000_000_002)]);
  assert.deepEqual((await taken(folder)).entries, []);
});

test("what could not be put on disk is there the next time", async () => {
  const folder = store();
  leaveForAudit(folder, entry("a", 1_700_000_000_001));
  const inbox = new AuditInbox(folder, () => undefined);
  await assert.rejects(inbox.take(() => Promise.reject(new Error("disk full"))));
  assert.equal((await taken(folder)).entries.length, 1);
});

test("what is no entry is set aside; nobody else's name can be used", async () => {
  const folder = store();
  const inbox = join(folder, AUDIT_INBOX);
  mkdirSync(inbox);
  const good = entry("a", 1_700_000_000_009, "policy");
  for (const [i, text] of [
    "no json",
    "null",
    JSON.stringify({ ...good, at: "now" }),
    JSON.stringify({ ...good, outcome: "maybe" }),
    JSON.stringify({ ...good, detail: { nested: {} } }),
    JSON.stringify({ ...good, target: "x".repeat(20_000) }),
    JSON.stringify(good),
  ].entries()) {
    writeFileSync(join(inbox, `170000000000${i}-x.json`), text);
  }
  writeFileSync(join(inbox, "half.json.part"), "{");
  const { entries, unreadable } = await taken(folder);
  assert.deepEqual(
    entries.map(({ actor }) => actor),
    ["cli:policy"],
  );
  assert.equal(unreadable.length, 6);
  assert.deepEqual((await taken(folder)).unreadable, []);
});

test("a folder that cannot be written: nothing is done without an entry", () => {
  const folder = store();
  writeFileSync(join(folder, AUDIT_INBOX), "a file is in the way");
  assert.throws(() => leaveForAudit(folder, entry("a", 1)), { code: "store.unavailable" });
});
