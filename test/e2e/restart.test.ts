import assert from "node:assert/strict";
import { test } from "node:test";
import { startGateway } from "../support/gateway-process.js";
import { temporaryFolder, until } from "../support/processes.js";

test("busy numbers that were taught a moment before SIGTERM are known to the next start", async (t) => {
  const { path, remove } = temporaryFolder("restart");
  const warned = /detection enforces without a baseline/;
  const first = await startGateway({}, { folder: path });
  let running = first;
  t.after(async () => {
    await running.stop("SIGKILL").finally(remove);
  });
  // The ready line comes by stdout, the log by stderr: either may be read first.
  await until("the warning", () => warned.test(first.running.output()));
  const body = { rows: [{ b_number: "+12025550142", callers_per_window: 9 }] };
  const taught = await first.api("/api/v1/baseline", { method: "POST", body });
  assert.deepEqual(taught.json, { imported: 1 });
  assert.equal(await first.stop(), 0);
  const second = (running = await startGateway({}, { folder: path }));
  assert.equal(await second.stop(), 0);
  assert.doesNotMatch(second.running.output(), warned);
});
