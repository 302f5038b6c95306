import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startGateway } from "../support/gateway-process.js";
import { temporaryFolder } from "../support/processes.js";

test("a model that is not there stops the start with one line that says how to get it, without a stack", async (t) => {
  const { path, remove } = temporaryFolder("bad-start");
  t.after(remove);
  const speech = { engine: "whisper", modelFolder: path };
  await assert.rejects(startGateway({ speech }, { folder: path }), (error: Error) => {
    assert.match(error.message, /^the gateway ended with 1:/);
    assert.match(error.message, /^model\.missing: .*(ringfence models pull|build-engine-whisper)/m);
    assert.doesNotMatch(error.message, /^\s+at |"stack"/m);
    return true;
  });
});

test("a store folder that is a file stops the start with one line that names the key, and status 1", async (t) => {
  const { path, remove } = temporaryFolder("bad-start");
  t.after(remove);
  const file = join(path, "not-a-folder");
  writeFileSync(file, "");
  await assert.rejects(startGateway({ store: { folder: file } }, { folder: path }), (error: Error) => {
    assert.match(error.message, /^the gateway ended with 1:/);
    assert.match(error.message, /^config\.invalid: store\.folder .*: EEXIST$/m);
    assert.doesNotMatch(error.message, /^\s+at /m);
    return true;
  });
});
