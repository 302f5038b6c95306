import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DrachtioSipSide } from "../support/drachtio-sip-side.js";
import { startGateway, WIDE_WINDOW, type GatewayProcess } from "../support/gateway-process.js";
import { temporaryFolder, until } from "../support/processes.js";
import { openTelephones, place, TRUNKS, type Leg, type Telephones } from "../support/telephones.js";

const VICTIM = "+12025550142";

const settings = (side: DrachtioSipSide, phones: Telephones): Record<string, unknown> => ({
  sip: {
    engine: "drachtio",
    drachtio: { port: side.peer.port, secret: "cymru" },
    nextHops: [`127.0.0.1:${phones.called.port}`],
  },
  trunks: TRUNKS,
  detection: WIDE_WINDOW,
});

/** The server's side takes one more step than the callers see. */
const inJournal = (gateway: GatewayProcess, calls: number): Promise<void> =>
  until(`${calls} calls in the journal`, async () => {
    const { status, json } = await gateway.api("/api/v1/calls");
    assert.equal(status, 200, JSON.stringify(json));
    return (json as readonly { phase: string }[]).filter(({ phase }) => phase === "answered").length === calls;
  });

describe("the production process over a drachtio-server (the scripted one)", () => {
  let phones: Telephones;
  let side: DrachtioSipSide;
  let gateway: GatewayProcess;

  before(async () => {
    phones = await openTelephones();
    side = await DrachtioSipSide.open();
    gateway = await startGateway(settings(side, phones));
  });
  after(async () => {
    await gateway.stop();
    await side.close();
    phones.close();
  });

  test("the ready line names the server's listeners", () => {
    assert.deepEqual(gateway.ready.sip, [`udp:127.0.0.1:${side.port}`]);
  });

  let calls: Leg[] = [];
  test("the fifth caller of an attack is refused, the four are ended on both legs", async () => {
    calls = await place(phones.carrierA, gateway.sipPort, VICTIM, 0, 4);
    assert.deepEqual(
      calls.map((leg) => [leg.status, leg.endedBy]),
      Array(4).fill([200, undefined]),
    );
    const [fifth] = await place(phones.carrierA, gateway.sipPort, VICTIM, 4, 1);
    assert.equal(fifth?.endedBy, "603");
    const called = [...phones.called.legs.values()];
    assert.equal(called.length, 4);
    assert.ok(await phones.carrierA.until(() => calls.every((leg) => leg.endedBy === "BYE")));
    assert.ok(await phones.called.until(() => called.every((leg) => leg.endedBy === "BYE")));
    for (const leg of [...calls, ...called]) assert.match(leg.reason ?? "", /Q\.850\s*;\s*cause=21/);
  });

  test("a call that is up when the server's connection is lost is ended on both legs as soon as there is one again", async () => {
    const before = new Set(phones.called.legs.values());
    const [call] = await place(phones.carrierB, gateway.sipPort, "+12025550177", 0, 1);
    assert.ok(call?.status === 200);
    await inJournal(gateway, 1);
    side.peer.drop();
    const called = [...phones.called.legs.values()].filter((leg) => !before.has(leg));
    assert.equal(called.length, 1);
    assert.ok(await phones.carrierB.until(() => call.endedBy === "BYE"));
    assert.ok(await phones.called.until(() => called.every((leg) => leg.endedBy === "BYE")));
    await until(
      "the loss is counted",
      async () => (await gateway.metric("ringfence_drachtio_connection_lost_total")) === 1,
    );
    const [next] = await place(phones.carrierB, gateway.sipPort, "+12025550178", 0, 1);
    assert.equal(next?.status, 200, "calls go on");
  });
});

test("after kill -9 and a restart both legs of every call get their BYE, by way of the server that has outlived it", async (t) => {
  const phones = await openTelephones();
  const side = await DrachtioSipSide.open();
  const folder = temporaryFolder("e2e-drachtio");
  t.after(async () => {
    await side.close();
    phones.close();
    folder.remove();
  });
  const first = await startGateway(settings(side, phones), { folder: folder.path });
  const [one] = await place(phones.carrierA, first.sipPort, "+12025550111", 0, 1);
  const [two] = await place(phones.carrierA, first.sipPort, "+12025550112", 1, 1);
  assert.deepEqual([one?.status, two?.status], [200, 200]);
  await inJournal(first, 2);
  await first.running.stop("SIGKILL");
  const again = await startGateway(settings(side, phones), { folder: folder.path });
  t.after(() => again.stop());
  assert.ok(await phones.carrierA.until(() => one?.endedBy === "BYE" && two?.endedBy === "BYE", 30_000), "callers");
  assert.ok(
    await phones.called.until(() => [...phones.called.legs.values()].every((leg) => leg.endedBy === "BYE"), 30_000),
    "called sides",
  );
});
