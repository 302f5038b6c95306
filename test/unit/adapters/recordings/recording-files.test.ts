import assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { RecordingFiles } from "../../../../gateway/adapters/recording-files/recording-files.js";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { temporaryFolder } from "../../../support/processes.js";
import { chunksOf } from "../../../support/recordings-scene.js";

const root = temporaryFolder("recording-files");
after(() => root.remove());

test("files that are being written are not old, though their folder is", async () => {
  const files = new RecordingFiles(root.path);
  const id = "a".repeat(32);
  const job = files.job(id, new AesVault({ current: "k", keys: new Map([["k", new Uint8Array(32)]]) }));
  await job.make();
  await job.appendSource(chunksOf(new Uint8Array(10)));
  const hourAgo = Date.now() - 3_600_000;
  const begun = hourAgo / 1_000 - 60;
  utimesSync(join(root.path, id), begun, begun);
  assert.equal(await files.isOlder(id, hourAgo), false);
  utimesSync(join(root.path, id, "source.sealed"), begun, begun);
  assert.equal(await files.isOlder(id, hourAgo), true);
  assert.equal(await files.isOlder("b".repeat(32), hourAgo), false);
});
