import assert from "node:assert/strict";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { makeFirstKeys } from "../../../../gateway/adapters/vault/first-keys.js";
import { readKeyFile } from "../../../../gateway/adapters/vault/key-file.js";
import { SubjectKeys } from "../../../../gateway/adapters/vault/subject-keys.js";
import { SubjectVault } from "../../../../gateway/adapters/vault/subject-vault.js";

const [MARIA, JOHN] = ["+12025550142", "+12025550143"] as const;
const said = (text: string): Uint8Array => Buffer.from(text);

/** A store's folder, and the keys on a volume of their own, which may be away. */
function scene(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "ringfence-first-keys-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const keyFile = join(root, "keys.json");
  const folder = mkdtempSync(join(root, "store-"));
  const start = () => {
    const isThere = makeFirstKeys(keyFile, folder);
    const installation = (): AesVault => new AesVault(readKeyFile(keyFile, false));
    const keys = new SubjectKeys(join(folder, "subject-keys"), Buffer.alloc(32, 7), installation);
    return { isThere, vault: new SubjectVault(keys, installation) };
  };
  return {
    ...{ keyFile, folder, start },
    unmount: () => renameSync(keyFile, `${keyFile}.away`),
    mount: () => renameSync(`${keyFile}.away`, keyFile),
  };
}

test("keys are made at the first start, and are the same at the next", (t) => {
  const { start } = scene(t);
  const first = start();
  assert.equal(first.isThere, true);
  const sealed = first.vault.seal([MARIA], said("before"), "x");
  assert.equal(Buffer.from(start().vault.open(sealed, "x")).toString(), "before");
});

test("a key file that is away for a moment is not replaced: nothing is sealed meanwhile, and all is as it was when it is back", (t) => {
  const { keyFile, start, unmount, mount } = scene(t);
  const { vault } = start();
  const before = vault.seal([MARIA], said("before"), "x");
  unmount();
  assert.throws(() => vault.seal([JOHN], said("meanwhile"), "x"), { code: "crypto.key" });
  const restarted = start();
  assert.equal(restarted.isThere, false);
  assert.throws(() => restarted.vault.seal([JOHN], said("meanwhile"), "x"), { code: "crypto.key" });
  assert.equal(existsSync(keyFile), false);
  mount();
  const again = start();
  assert.equal(again.isThere, true);
  for (const each of [vault, again.vault]) {
    assert.equal(Buffer.from(each.open(before, "x")).toString(), "before");
    const later = each.seal([JOHN], said("later"), "x");
    assert.equal(Buffer.from(each.open(later, "x")).toString(), "later");
  }
});

test("a folder of a version that left no mark: subjects' keys say that there has been a key file", (t) => {
  const { folder, start, unmount } = scene(t);
  start().vault.seal([MARIA], said("before"), "x");
  rmSync(join(folder, "keys-made"));
  unmount();
  assert.equal(start().isThere, false);
});

test("a key file that is there at the first start stays as it is, and counts as made", (t) => {
  const { keyFile, start } = scene(t);
  const { current } = readKeyFile(keyFile, true);
  assert.equal(start().isThere, true);
  assert.equal(readKeyFile(keyFile, false).current, current);
  rmSync(keyFile);
  assert.equal(start().isThere, false);
});

test("keys that cannot be made are said, and are made when they can be", (t) => {
  const { folder } = scene(t);
  const path = join(folder, "nowhere", "keys.json");
  assert.throws(() => makeFirstKeys(path, folder), { code: "crypto.key" });
  assert.equal(makeFirstKeys(join(folder, "keys.json"), folder), true);
});
