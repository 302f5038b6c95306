import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startGateway, WIDE_WINDOW, type GatewayProcess } from "../support/gateway-process.js";
import {
  frontEndMissing,
  PATIENT,
  startFrontEnd as startKamailio,
  type FrontEnd,
  type Pace,
  type Surroundings,
} from "../support/kamailio-front-end.js";
import { temporaryFolder, until } from "../support/processes.js";
import { RawUa } from "../support/raw-ua.js";
import { openTelephones, place, type Leg, type Telephones } from "../support/telephones.js";

const skip = frontEndMissing();

/** A gateway that says nothing is passed over after so long; the one that is there must answer within it. */
const DEAD_AFTER_MS = 4_000;

/** Of who is told later whom to talk to. */
const NOWHERE = { address: "127.0.0.1", port: 9 };

describe("dialplan/kamailio/kamailio.cfg in front of two gateways", { skip }, () => {
  const folder = temporaryFolder("e2e-kamailio");
  let phones: Telephones;
  let gateways: GatewayProcess[] = [];
  let kamailio: FrontEnd | undefined;

  const QUICK: Pace = { pingSeconds: 1, timeoutMs: DEAD_AFTER_MS };

  const startFrontEnd = (pace: Pace, extra: readonly string[] = [], raw?: Surroundings): Promise<FrontEnd> =>
    startKamailio(folder.path, raw ?? surroundings(), pace, extra);

  const surroundings = (): Surroundings => ({
    gateways: gateways.map((gateway) => `127.0.0.1:${gateway.sipPort}`),
    nextHop: `127.0.0.1:${phones.called.port}`,
  });

  const processed = (gateway: GatewayProcess): Promise<number> => gateway.metric("fraud_calls_processed_total");

  before(async () => {
    phones = await openTelephones();
    const settings = {
      sip: { listenPort: 0, nextHops: [`127.0.0.1:${phones.called.port}`] },
      trunks: [{ id: "carrier-a" }, { id: "carrier-b" }],
      detection: WIDE_WINDOW,
    };
    gateways = await Promise.all([startGateway(settings), startGateway(settings)]);
  });
  afterEach(async () => {
    await kamailio?.running.stop();
    kamailio = undefined;
  });
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    phones.close();
    folder.remove();
  });

  test("calls to one number meet on one gateway however it is written, the trunk is marked, the attack ends through Kamailio", async () => {
    kamailio = await startFrontEnd(PATIENT);
    const spellings = ["+12025550142", "0012025550142", "12025550142", "+12025550142"];
    const legs: Leg[] = [];
    for (const [i, spelling] of spellings.entries())
      legs.push(...(await place(phones.carrierA, kamailio.port, spelling, i, 1)));
    assert.deepEqual(
      legs.map((leg) => leg.status),
      [200, 200, 200, 200],
    );
    const counts = await Promise.all(gateways.map(processed));
    assert.deepEqual([...counts].sort(), [0, 4], "one gateway saw all four");
    const [fifth] = await place(phones.carrierA, kamailio.port, "+12025550142", 4, 1);
    assert.equal(fifth?.endedBy, "603");
    assert.ok(await phones.carrierA.until(() => legs.every((leg) => leg.endedBy === "BYE")), "callers' legs end");
    assert.ok(
      await phones.called.until(() => [...phones.called.legs.values()].every((leg) => leg.endedBy === "BYE")),
      "called legs end",
    );
    const gateway = gateways[counts[0] === 4 ? 0 : 1]!;
    const incidents = async () => (await gateway.api("/api/v1/incidents")).json as readonly { trunks: string[] }[];
    await until("the incident", async () => (await incidents()).length > 0);
    assert.deepEqual((await incidents())[0]?.trunks, ["carrier-a"]);
    const [honest] = await place(phones.carrierB, kamailio.port, "+12025550142", 90, 1);
    assert.equal(honest?.status, 200, "the other trunk still reaches the number");
  });

  test("what a gateway says of a call reaches its next hop through Kamailio, the name of the trunk does not", async (t) => {
    const [gateway, nextHop] = [await RawUa.open(NOWHERE, "127.0.0.4"), await RawUa.open(NOWHERE)];
    t.after(() => Promise.all([gateway.close(), nextHop.close()]));
    kamailio = await startFrontEnd(PATIENT, [], { gateways: [gateway.address], nextHop: nextHop.address });
    gateway.talkTo({ address: "127.0.0.1", port: kamailio.port });
    gateway.request({
      method: "INVITE",
      headers: ["X-Ringfence-Trunk: carrier-a", "X-Ringfence-Leg: 0f1e", "X-Ringfence-Identity: absent"],
    });
    const came = await nextHop.receive("INVITE");
    assert.doesNotMatch(came, /^X-Ringfence-Trunk:/im);
    assert.match(came, /^X-Ringfence-Leg: 0f1e\r$/im);
    assert.match(came, /^X-Ringfence-Identity: absent\r$/im);
  });

  test("when a gateway dies its numbers go to the other one", async () => {
    kamailio = await startFrontEnd(QUICK);
    const before = await Promise.all(gateways.map(processed));
    await gateways[0]!.running.stop("SIGKILL");
    const legs: Leg[] = [];
    for (let i = 0; i < 6; i++) legs.push(...(await place(phones.carrierB, kamailio.port, `+1202555012${i}`, i, 1)));
    assert.deepEqual(
      legs.map((leg) => leg.status),
      Array(6).fill(200),
    );
    assert.equal((await processed(gateways[1]!)) - before[1]!, 6);
  });

  test("without any gateway calls go on (open)", async () => {
    await gateways[1]!.running.stop("SIGKILL");
    kamailio = await startFrontEnd(QUICK);
    const [leg] = await place(phones.carrierA, kamailio.port, "+12025550130", 0, 1);
    assert.equal(leg?.status, 200);
  });

  test("without any gateway calls are refused (closed)", async () => {
    kamailio = await startFrontEnd(QUICK, ["FAIL_CLOSED=1"]);
    const [leg] = await place(phones.carrierA, kamailio.port, "+12025550131", 0, 1);
    assert.equal(leg?.endedBy, "503");
  });
});
