import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { until } from "../support/processes.js";

/** Loaded into the production process: every SIGUSR2 is a bug of ours that nothing catches. */
const BUG = `
  let turn = 0;
  process.on("SIGUSR2", () => {
    if (turn++ % 2 === 0) setImmediate(() => { throw new Error("a bug of the test"); });
    else void Promise.reject(new Error("a bug of the test"));
  });
`;

describe("bugs that nothing catches", () => {
  let gateway: GatewayProcess;
  const faults = (): Promise<number> => gateway.metric("ringfence_faults_total");
  const fault = (): boolean => gateway.running.child.kill("SIGUSR2");

  before(async () => {
    const preload = `--import=data:text/javascript,${encodeURIComponent(BUG)}`;
    gateway = await startGateway({}, { env: { NODE_OPTIONS: preload } });
  });
  after(() => gateway.stop("SIGKILL"));

  test("ten in a minute, exceptions and rejections, are counted and logged, and the gateway serves on", async () => {
    for (let count = 1; count <= 10; count++) {
      fault();
      await until(`fault ${count}`, async () => (await faults()) === count);
    }
    await until("it is well", async () => (await gateway.api("/health")).status === 200);
    await until("the log line", () => gateway.running.output().includes("gateway.fault"));
  });

  test("one more ends the process with status 1, after its last writes", async () => {
    fault();
    assert.equal(await gateway.running.exited, 1);
    assert.match(gateway.running.output(), /gateway\.too-many-faults/);
    assert.match(gateway.running.output(), /gateway\.closed/);
  });
});
