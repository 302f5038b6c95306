import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { startGateway } from "../support/gateway-process.js";

const alone = spawnSync("unshare", ["-n", "ip", "link", "set", "lo", "up"], { stdio: "ignore" });
const skip = alone.status === 0 ? undefined : "a network namespace of its own needs root, unshare and ip";

test(
  "strict-data mode: a call is heard, judged and ended where nothing but this machine can be reached, and nothing tries",
  skip === undefined ? {} : { skip },
  async () => {
    const scene = "test/support/scenes/strict-data.ts";
    const run = await promisify(execFile)("unshare", ["-n", process.execPath, "--import", "tsx", scene], {
      timeout: 120_000,
    });
    const report = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    assert.deepEqual(report["interfaces"], ["lo"]);
    assert.equal(report["ended"], "BYE");
    assert.ok(Number(report["judged"]) > 0, "the judge was never asked");
    assert.ok(Number(report["alerts"]) > 0);
    assert.equal(report["outNoRoutes"], 0, "packets that wanted to leave");
  },
);

test("strict-data mode: settings that would leave the house stop the start, with the path and no secret", async () => {
  const start = startGateway({
    privacy: { strict: true },
    webhook: { alertUrl: "https://user:pass-word@alerts.example.com/x" },
  });
  await assert.rejects(start, (error: Error) => {
    assert.match(error.message, /webhook\.alertUrl: strict-data mode: "alerts\.example\.com"/);
    assert.doesNotMatch(error.message, /pass-word/);
    return true;
  });
});
