import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder, makeFolderSync } from "../../../../gateway/adapters/system/make-folder.js";
import { temporaryFolder } from "../../../support/processes.js";

const WAYS = [
  ["makeFolder", makeFolder],
  [
    "makeFolderSync",
    (path: string, mode?: number) =>
      new Promise<void>((done) => {
        makeFolderSync(path, mode);
        done();
      }),
  ],
] as const;

for (const [name, make] of WAYS) {
  test(`${name}: what is not there is made, with those above it; what is there stays`, async (context) => {
    const folder = temporaryFolder("make-folder");
    context.after(() => folder.remove());
    const deep = join(folder.path, "a", "b", "c");
    await make(deep, 0o700);
    assert.equal(statSync(deep).mode & 0o777, 0o700);
    await make(deep, 0o755);
    assert.equal(statSync(deep).mode & 0o777, 0o700);
    await make(`${deep}/`);
    await make("/");
  });

  test(`${name}: what cannot be made is said at once`, async (context) => {
    const folder = temporaryFolder("make-folder");
    context.after(() => folder.remove());
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    await assert.rejects(make(file), { code: "EEXIST" });
    await assert.rejects(make(join(file, "below")), { code: "ENOTDIR" });
    for (const path of ["/proc/ringfence", "/proc/ringfence/a/b"]) await assert.rejects(make(path), { code: "ENOENT" });
  });
}
