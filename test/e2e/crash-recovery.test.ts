import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { freeUdpPort, temporaryFolder } from "../support/processes.js";
import { openTelephones, place, TRUNKS, type Telephones } from "../support/telephones.js";

describe("kill -9 with calls up", () => {
  let phones: Telephones;
  let folder: { path: string; remove: () => void };
  let gateway: GatewayProcess | undefined;

  beforeEach(async () => {
    phones = await openTelephones();
    folder = temporaryFolder("e2e-crash");
  });
  afterEach(async () => {
    await gateway?.stop();
    phones.close();
    folder.remove();
  });

  const settings = (port: number, afterRestart: string): Record<string, unknown> => ({
    sip: { listenPort: port, nextHops: [`127.0.0.1:${phones.called.port}`] },
    trunks: TRUNKS,
    recovery: { afterRestart },
    limits: { drainMs: 0 },
  });

  async function crashWithThreeCalls(afterRestart: string): Promise<Awaited<ReturnType<typeof place>>> {
    const port = await freeUdpPort();
    const first = await startGateway(settings(port, afterRestart), { folder: folder.path });
    const legs = (
      await Promise.all([0, 1, 2].map((i) => place(phones.carrierA, port, `+1202555011${i}`, i, 1)))
    ).flat();
    assert.deepEqual(
      legs.map((leg) => leg.status),
      [200, 200, 200],
    );
    await phones.called.until(() => phones.called.legs.size === 3);
    await first.running.stop("SIGKILL");
    assert.ok(legs.every((leg) => leg.endedAt === undefined));
    gateway = await startGateway(settings(port, afterRestart), { folder: folder.path });
    return legs;
  }

  test("after the restart both legs of every call get their BYE", async () => {
    const legs = await crashWithThreeCalls("end");
    assert.ok(await phones.carrierA.until(() => legs.every((leg) => leg.endedBy === "BYE"), 10_000), "callers");
    assert.ok(
      await phones.called.until(() => [...phones.called.legs.values()].every((leg) => leg.endedBy === "BYE"), 10_000),
      "called sides",
    );
  });

  test("with recovery.afterRestart resume the calls go on, and a BYE still crosses the gateway", async () => {
    const legs = await crashWithThreeCalls("resume");
    const first = legs[0]!;
    assert.equal(first.endedAt, undefined);
    phones.carrierA.hangUp(first);
    assert.ok(
      await phones.called.until(
        () =>
          phones.called.legs.get(first.callId)?.endedBy === "BYE" ||
          [...phones.called.legs.values()].some((leg) => leg.from === first.from && leg.endedBy === "BYE"),
      ),
    );
    assert.equal(legs[1]?.endedAt, undefined);
  });
});
