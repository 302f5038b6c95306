import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuditFile } from "../../../../gateway/adapters/audit-file/audit-file.js";
import { auditFiles, verifyAuditLog } from "../../../../gateway/adapters/audit-file/audit-folder.js";
import { readAuditLine } from "../../../../gateway/adapters/audit-file/audit-line.js";
import { withSealedNumbers } from "../../../../gateway/adapters/audit-file/seal-numbers.js";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile, rotateKeys } from "../../../../gateway/adapters/vault/key-file.js";
import { SubjectKeys } from "../../../../gateway/adapters/vault/subject-keys.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { sampleAudit } from "../../../support/records.js";

const MARIA = "+12025550142";
const JOHN = "+12025550143";
const NAME_KEY = Buffer.alloc(32, 7);

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-subjects-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const keyFile = join(folder, "keys.json");
  const open = (at = folder): SubjectKeys =>
    new SubjectKeys(join(at, "subject-keys"), NAME_KEY, () => new AesVault(readKeyFile(keyFile, true)));
  return { folder, keyFile, open, keyFiles: () => readdirSync(join(folder, "subject-keys")) };
}

test("a subject's piece opens, also after a restart and a rotation of the installation's keys", (t) => {
  const { keyFile, open } = scene(t);
  const piece = open().seal(MARIA, MARIA, "audit:1");
  rotateKeys(keyFile);
  assert.equal(open().open(piece, "audit:1"), MARIA);
  const other = open().seal(JOHN, JOHN, "audit:1");
  assert.equal(open().open(other, "audit:1"), JOHN);
});

test("a piece tells nothing of the number, opens in its own place only, and not when a byte was changed", (t) => {
  const { open } = scene(t);
  const keys = open();
  const piece = keys.seal(MARIA, MARIA, "audit:1");
  assert.ok(!piece.includes("2025550142"));
  assert.ok(piece.startsWith(keys.nameOf(MARIA)));
  const isKeyError = (error: unknown): boolean => error instanceof GatewayError && error.code === "crypto.key";
  assert.throws(() => keys.open(piece, "audit:2"), isKeyError);
  assert.throws(() => keys.open(`${piece.slice(0, -4)}AAAA`, "audit:1"), isKeyError);
  assert.equal(keys.open("subject:x:y", "audit:1"), undefined);
});

test("a key's file is its owner's, sealed, and named by nothing of the number", (t) => {
  const { folder, open, keyFiles } = scene(t);
  open().seal(MARIA, MARIA, "c");
  const [name = ""] = keyFiles();
  assert.match(name, /^[0-9a-f]{32}\.key$/);
  const path = join(folder, "subject-keys", name);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path)[0], 1, "a sealed piece, not 32 bytes of key");
});

test("destroying a key makes every copy of what it sealed unreadable, at once and after a restart; others stay", (t) => {
  const { open } = scene(t);
  const keys = open();
  const [maria, john] = [keys.seal(MARIA, MARIA, "c"), keys.seal(JOHN, JOHN, "c")];
  assert.equal(keys.destroy(MARIA), true);
  assert.equal(keys.destroy(MARIA), false);
  for (const each of [keys, open()]) {
    assert.equal(each.open(maria, "c"), undefined);
    assert.equal(each.open(john, "c"), JOHN);
  }
  const again = keys.seal(MARIA, MARIA, "c");
  assert.equal(keys.open(again, "c"), MARIA, "a new call has a new key");
  assert.throws(() => keys.open(maria, "c"), GatewayError, "which does not open what the old one sealed");
});

test("a chain whose numbers are sealed verifies before and after a subject is forgotten; only the subject is gone", async (t) => {
  const { folder, open } = scene(t);
  const keys = open();
  const seal = (number: string, context: string): string => keys.seal(number, number, context);
  const log = await AuditFile.open(
    { clock: new FakeClock(), metrics: noMetrics, log: silentLog },
    { folder: join(folder, "audit") },
  );
  const entries = [
    sampleAudit(1, { action: "block.add", target: "block-1", detail: { called: JOHN, caller: MARIA, ttlMs: 60_000 } }),
    sampleAudit(2, { action: "trace.start", target: MARIA, detail: {} }),
    sampleAudit(3, {
      action: "calls.end",
      target: "a84b4c76e66710@192.0.2.1",
      detail: { reason: `asked by ${JOHN}.` },
    }),
  ];
  for (const entry of entries) await log.append(withSealedNumbers(entry, seal));
  await log.close();
  const files = (await auditFiles(join(folder, "audit"))).map(({ path }) => path);
  const text = readFileSync(files[0] ?? "", "utf8");
  assert.ok(!/2025550/.test(text), "no number stands in the chain");
  assert.ok(text.includes("a84b4c76e66710@192.0.2.1"), "what is no number stays");
  const before = await verifyAuditLog(files);
  cpSync(files[0] ?? "", join(folder, "copy"));

  assert.equal(keys.destroy(MARIA), true);
  assert.deepEqual(await verifyAuditLog(files), before);
  assert.ok(before.intact);
  for (const file of [files[0] ?? "", join(folder, "copy")]) {
    const [block, trace] = readFileSync(file, "utf8")
      .split("\n")
      .map((line) => readAuditLine(line));
    assert.ok(typeof block === "object" && typeof trace === "object");
    const opened = (piece: unknown, id: string) => open().open(String(piece), `audit:${id}`);
    assert.equal(opened(block.entry.detail["called"], block.entry.id), JOHN);
    assert.equal(opened(block.entry.detail["caller"], block.entry.id), undefined);
    assert.equal(opened(trace.entry.target, trace.entry.id), undefined);
    assert.equal(block.entry.detail["ttlMs"], 60_000);
  }
});

const TEXTS: readonly (readonly [text: string, sealed: string])[] = [
  ["+12025550142", "#"],
  ["12025550142", "#"],
  ["from +12025550142 to +12025550143, twice", "from # to #, twice"],
  ["call-+12025550142@192.0.2.1", "call-+12025550142@192.0.2.1"],
  ["+12025550142@192.0.2.1", "+12025550142@192.0.2.1"],
  ["1234567 bytes", "1234567 bytes"],
  ["+123456", "+123456"],
  ["A001", "A001"],
  ["+49 (30) 123456", "#"],
  ["tel:+49-30-123456", "#"],
  ["from tel:+4930123456 on", "from tel:# on"],
  ["00 49 30 123456", "#"],
  ["030 123456", "#"],
  ["2026-03-01", "2026-03-01"],
  ["192.0.2.101", "192.0.2.101"],
];
for (const [text, expected] of TEXTS) {
  test(`numbers in ${JSON.stringify(text)} become ${JSON.stringify(expected)}`, () => {
    const entry = withSealedNumbers(sampleAudit(1, { target: text, detail: { text } }), () => "#");
    assert.deepEqual([entry.target, entry.detail["text"]], [expected, expected]);
  });
}

const WRITTEN = ["+49 (30) 123456", "+49 (0) 30 123456", "tel:+49-30-123456", "0049 30 123456", "+4930123456"];
for (const text of WRITTEN) {
  test(`${JSON.stringify(text)} is sealed with the key that the number's deletion destroys`, () => {
    const sealed: string[] = [];
    withSealedNumbers(sampleAudit(1, { target: text, detail: {} }), (number) => {
      sealed.push(number);
      return "#";
    });
    assert.deepEqual(sealed, ["+4930123456"]);
  });
}
