import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile, rotateKeys } from "../../../../gateway/adapters/vault/key-file.js";
import { SubjectKeys } from "../../../../gateway/adapters/vault/subject-keys.js";
import { SubjectVault } from "../../../../gateway/adapters/vault/subject-vault.js";
import { unixMs } from "../../../../gateway/core/time.js";

const [MARIA, JOHN] = ["+12025550142", "+12025550143"] as const;
const TEXT = Buffer.from("said between two");
const FORGOTTEN = { code: "subject.forgotten" };
const BROKEN = { code: "crypto.key" };

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-subject-vault-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const keyFile = join(folder, "keys.json");
  const installation = (): AesVault => new AesVault(readKeyFile(keyFile, true));
  const open = () => {
    const keys = new SubjectKeys(join(folder, "subject-keys"), Buffer.alloc(32, 7), installation);
    return { keys, vault: new SubjectVault(keys, installation) };
  };
  return { folder, keyFile, installation, open, keyFiles: () => readdirSync(join(folder, "subject-keys")) };
}

test("what two have said opens while both have keys, in whatever order they are named, after a restart and a rotation", (t) => {
  const { keyFile, open } = scene(t);
  const piece = open().vault.seal([MARIA, JOHN], TEXT, "c");
  rotateKeys(keyFile);
  assert.deepEqual(Buffer.from(open().vault.open(piece, "c")), TEXT);
  assert.ok(!Buffer.from(piece).includes("said") && !Buffer.from(piece).includes("2025550142"));
  const other = open().vault.seal([JOHN, MARIA], TEXT, "c");
  assert.deepEqual(Buffer.from(other.subarray(0, 34)), Buffer.from(piece.subarray(0, 34)), "the same two");
});

for (const gone of [MARIA, JOHN]) {
  test(`without the key of ${gone} nobody opens it, nor the installation's keys; what the other has alone stays`, (t) => {
    const { installation, open } = scene(t);
    const { keys, vault } = open();
    const both = vault.seal([MARIA, JOHN], TEXT, "c");
    const alone = vault.seal([gone === MARIA ? JOHN : MARIA], TEXT, "c");
    const nobody = vault.seal([undefined, ""], TEXT, "c");
    keys.destroy(gone);
    for (const each of [vault, open().vault]) {
      assert.throws(() => each.open(both, "c"), FORGOTTEN);
      assert.deepEqual(Buffer.from(each.open(alone, "c")), TEXT);
      assert.deepEqual(Buffer.from(each.open(nobody, "c")), TEXT);
    }
    assert.throws(() => installation().open(both, "c"), BROKEN);
    assert.throws(() => installation().open(both.subarray(34), "c"), BROKEN);
    vault.seal([gone], TEXT, "c");
    assert.throws(() => vault.open(both, "c"), BROKEN, "a new key is another");
  });
}

const CHANGES: readonly (readonly [name: string, change: (piece: Buffer) => Buffer])[] = [
  ["a byte of its text", (piece) => flipped(piece, piece.length - 20)],
  ["a byte of its tag", (piece) => flipped(piece, piece.length - 1)],
  ["no people", (piece) => Buffer.concat([Buffer.from([2, 0]), piece.subarray(2)])],
  ["three people", (piece) => Buffer.concat([Buffer.from([2, 3]), piece.subarray(2)])],
  ["one of the two", (piece) => Buffer.concat([Buffer.from([2, 1]), piece.subarray(2)])],
  [
    "the two in another order",
    (piece) => Buffer.concat([piece.subarray(0, 2), piece.subarray(18, 34), piece.subarray(2, 18), piece.subarray(34)]),
  ],
  ["cut off", (piece) => piece.subarray(0, 30)],
  ["nothing", () => Buffer.alloc(0)],
];
function flipped(piece: Buffer, at: number): Buffer {
  piece[at] = (piece[at] ?? 0) ^ 1;
  return piece;
}
for (const [name, change] of CHANGES) {
  test(`does not open: ${name}`, (t) => {
    const { vault } = scene(t).open();
    const piece = change(Buffer.from(vault.seal([MARIA, JOHN], TEXT, "c")));
    assert.throws(() => vault.open(piece, "c"), BROKEN);
  });
}

test("does not open as something else", (t) => {
  const { vault } = scene(t).open();
  assert.throws(() => vault.open(vault.seal([MARIA], TEXT, "transcript:a"), "transcript:b"), BROKEN);
  assert.throws(() => vault.seal([MARIA, JOHN, "+12025550144"], TEXT, "c"), BROKEN);
});

test("keys that were not used since are pruned, those that were stay", (t) => {
  const { folder, open, keyFiles } = scene(t);
  const { keys, vault } = open();
  vault.seal([MARIA, JOHN], TEXT, "c");
  const old = new Date(Date.now() - 10 * 86_400_000);
  for (const name of keyFiles()) utimesSync(join(folder, "subject-keys", name), old, old);
  // In the next process's life it is marked as used once more.
  const later = open();
  later.vault.seal([JOHN], TEXT, "c");
  assert.equal(keys.prune(unixMs(Date.now() - 86_400_000)), 1);
  assert.equal(keyFiles().length, 1);
  assert.throws(() => later.vault.open(vault.seal([MARIA], TEXT, "x").fill(0, 2, 18), "x"), FORGOTTEN);
  assert.equal(open().keys.prune(unixMs(0)), 0);
});
