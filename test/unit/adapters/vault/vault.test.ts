import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile, rotateKeys } from "../../../../gateway/adapters/vault/key-file.js";
import { GatewayError } from "../../../../gateway/core/errors.js";

const folder = mkdtempSync(join(tmpdir(), "ringfence-vault-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(folder, `keys-${++files}.json`);
const isKeyError = (error: unknown): boolean => error instanceof GatewayError && error.code === "crypto.key";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (plain: Uint8Array): string => new TextDecoder().decode(plain);

test("what is sealed opens again, is not readable, and is never the same twice", () => {
  const vault = new AesVault(readKeyFile(freshPath(), true));
  const [one, two] = [
    vault.seal(bytes("four one one one"), "transcript:c"),
    vault.seal(bytes("four one one one"), "transcript:c"),
  ];
  assert.equal(text(vault.open(one, "transcript:c")), "four one one one");
  assert.ok(!Buffer.from(one).includes("four"));
  assert.notDeepEqual(one, two);
  assert.equal(vault.open(vault.seal(new Uint8Array(0), "x"), "x").byteLength, 0);
});

test("every changed byte, every cut and every other context is refused", () => {
  const vault = new AesVault(readKeyFile(freshPath(), true));
  const sealed = vault.seal(bytes("secret"), "transcript:c");
  for (let i = 0; i < sealed.byteLength; i++) {
    const changed = Uint8Array.from(sealed);
    changed[i] = (changed[i] as number) ^ 1;
    assert.throws(() => vault.open(changed, "transcript:c"), isKeyError, `byte ${i}`);
    assert.throws(() => vault.open(sealed.subarray(0, i), "transcript:c"), isKeyError, `cut at ${i}`);
  }
  assert.throws(() => vault.open(sealed, "transcript:d"), isKeyError);
});

test("after a rotation new pieces have the new key, and old ones still open", () => {
  const path = freshPath();
  const before = new AesVault(readKeyFile(path, true));
  const old = before.seal(bytes("old"), "c");
  assert.match(rotateKeys(path).current, /^k2-/);
  const now = new AesVault(readKeyFile(path, false));
  assert.equal(text(now.open(old, "c")), "old");
  assert.throws(() => before.open(now.seal(bytes("new"), "c"), "c"), isKeyError, "who has the old keys only");
});

test("a key that was dropped takes its pieces with it", () => {
  const path = freshPath();
  const sealed = new AesVault(readKeyFile(path, true)).seal(bytes("gone"), "c");
  rotateKeys(path);
  const file = JSON.parse(readFileSync(path, "utf8")) as { current: string; keys: Record<string, string> };
  const [first = ""] = Object.keys(file.keys);
  Reflect.deleteProperty(file.keys, first);
  writeFileSync(path, JSON.stringify(file));
  assert.throws(() => new AesVault(readKeyFile(path, false)).open(sealed, "c"), isKeyError);
});

test("an id tells two files apart that were made apart", () => {
  const [one, two] = [readKeyFile(freshPath(), true), readKeyFile(freshPath(), true)];
  assert.notEqual(one.current, two.current);
});

test("after an old key was dropped a new one has no number of one that is there", () => {
  const path = freshPath();
  readKeyFile(path, true);
  rotateKeys(path);
  const file = JSON.parse(readFileSync(path, "utf8")) as { current: string; keys: Record<string, string> };
  const [first = ""] = Object.keys(file.keys);
  Reflect.deleteProperty(file.keys, first);
  writeFileSync(path, JSON.stringify(file));
  assert.match(rotateKeys(path).current, /^k3-/);
});

test("the file is its owner's alone, and one that others may read is refused", () => {
  const path = freshPath();
  readKeyFile(path, true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  chmodSync(path, 0o644);
  assert.throws(() => readKeyFile(path, true), isKeyError);
});

test("keys are never written into a file that lay there before, nor through a link", () => {
  const path = freshPath();
  writeFileSync(`${path}.next`, "", { mode: 0o666 });
  readKeyFile(path, true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const elsewhere = freshPath();
  writeFileSync(elsewhere, "mine");
  symlinkSync(elsewhere, `${path}.next`);
  rotateKeys(path);
  assert.equal(readFileSync(elsewhere, "utf8"), "mine");
  assert.equal(readKeyFile(path, false).keys.size, 2);
});

const broken: readonly (readonly [name: string, content: string])[] = [
  ["empty", ""],
  ["not JSON", "keys"],
  ["null", "null"],
  ["without keys", '{"current":"k1"}'],
  ["a current key that is not there", '{"current":"k2","keys":{}}'],
  ["a short key", `{"current":"k1","keys":{"k1":"${Buffer.alloc(16).toString("base64")}"}}`],
  ["a key that is a number", '{"current":"k1","keys":{"k1":7}}'],
];
for (const [name, content] of broken) {
  test(`a key file that is ${name} is refused, left as it is, and not shown`, () => {
    const path = freshPath();
    writeFileSync(path, content, { mode: 0o600 });
    assert.throws(
      () => readKeyFile(path, true),
      (error: unknown) => isKeyError(error) && !String(error).includes("AAAA"),
    );
    assert.equal(readFileSync(path, "utf8"), content);
  });
}

test("a key file that is not there is only made where that is asked for", () => {
  const path = freshPath();
  assert.throws(() => readKeyFile(path, false), isKeyError);
  assert.equal(existsSync(path), false);
  assert.throws(() => readKeyFile(join(folder, "no", "such", "folder.json"), true), isKeyError);
});
