import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { freeUdpPort, temporaryFolder, until } from "../support/processes.js";
import { runSipp, sippMissing, startSipp, type SippRun } from "../support/sipp.js";

const skip = sippMissing() ?? false;
const REPEAT_MS = 10_000;

/** Distinct called numbers: honest traffic. */
function numbers(folder: string, calls: number): string {
  const file = join(folder, "numbers.csv");
  const rows = Array.from({ length: calls }, (_, i) => `+1202555${1000 + i};+1303555${1000 + i}`);
  writeFileSync(file, ["SEQUENTIAL", ...rows].join("\n"));
  return file;
}

describe("SIPp through the production process", { skip }, () => {
  const folder = temporaryFolder("e2e-sipp");
  let gateway: GatewayProcess;
  let uas: SippRun;
  let csv = "";

  before(async () => {
    csv = numbers(folder.path, 400);
    const uasPort = await freeUdpPort();
    uas = startSipp({ scenario: "uas.xml", localPort: uasPort });
    // What is lost is repeated; a machine that only stands still for a while repeats nothing.
    gateway = await startGateway({ sip: { listenPort: 0, nextHops: [`127.0.0.1:${uasPort}`], t1Ms: REPEAT_MS } });
  });
  after(async () => {
    await gateway.stop();
    await uas.stop();
    folder.remove();
  });

  test("300 honest calls over UDP pass, none fails, none is repeated", async () => {
    const result = await runSipp({
      scenario: "uac.xml",
      remote: `127.0.0.1:${gateway.sipPort}`,
      localPort: await freeUdpPort(),
      rate: 60,
      calls: 300,
      holdMs: 100,
      retransMs: REPEAT_MS,
      csv,
    });
    assert.equal(result.failed, 0, result.output.slice(-2000));
    assert.equal(result.successful, 300);
    assert.equal(result.retransmissions, 0);
  });

  test("50 honest calls over TCP pass", async () => {
    const port = gateway.ready.sip
      .find((name) => name.startsWith("tcp:"))
      ?.split(":")
      .at(-1);
    const result = await runSipp({
      scenario: "uac.xml",
      remote: `127.0.0.1:${port}`,
      localPort: await freeUdpPort(),
      rate: 25,
      calls: 50,
      holdMs: 50,
      csv,
      extra: ["-t", "t1"],
    });
    assert.equal(result.failed, 0, result.output.slice(-2000));
    assert.equal(result.successful, 50);
  });

  test("every call leaves a CDR that says how long it was up, and the source's metrics count it", async () => {
    let rows: { cause: string; status: number }[] = [];
    await until(
      "350 CDRs",
      async () => {
        const { json } = await gateway.api("/api/v1/cdrs?limit=1000");
        rows = json as typeof rows;
        return rows.length >= 350;
      },
      60_000,
    );
    assert.equal(rows.length, 350);
    assert.ok(rows.every((row) => row.cause === "normal" && row.status === 200));
    assert.equal(await gateway.metric("fraud_calls_processed_total"), 350);
    assert.equal(await gateway.metric("fraud_alerts_generated_total"), 0);
  });

  test("promtool accepts /metrics", async (t) => {
    const text = await (await fetch(new URL("/metrics", gateway.ready.metrics))).text();
    try {
      execFileSync("promtool", ["check", "metrics"], { input: text, stdio: ["pipe", "pipe", "pipe"] });
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") {
        t.skip("promtool is not installed (Debian package prometheus)");
        return;
      }
      const { status, stdout, stderr } = error as { status: number | null; stdout: Buffer; stderr: Buffer };
      const complaints = `${stdout.toString()}${stderr.toString()}`.split("\n").filter((line) => line !== "");
      // 3: readable, with remarks on names. The first name is the replaced service's, the others are prom-client's own.
      const others = complaints.filter((line) => !/^(fraud_detection_latency_ms|nodejs_\w+) /.test(line));
      assert.equal(status, 3, complaints.join("\n"));
      assert.deepEqual(others, []);
    }
    for (const name of [
      "fraud_calls_processed_total",
      "fraud_alerts_generated_total",
      "fraud_disconnects_total",
      "fraud_detection_latency_ms",
    ]) {
      assert.ok(text.includes(`# TYPE ${name} `), `${name} is missing`);
    }
  });
});
