import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startGateway, WIDE_WINDOW, type GatewayProcess } from "../support/gateway-process.js";
import { until } from "../support/processes.js";
import { openTelephones, place, TRUNKS, type Leg, type Telephones } from "../support/telephones.js";

const VICTIM = "+12025550142";

interface Teardown {
  readonly call_id: string;
  readonly a_outcome: string;
  readonly b_outcome: string;
}

describe("a masking attack on the production process", () => {
  let phones: Telephones;
  let gateway: GatewayProcess;
  let attackers: Leg[] = [];

  before(async () => {
    phones = await openTelephones();
    gateway = await startGateway({
      sip: { listenPort: 0, nextHops: [`127.0.0.1:${phones.called.port}`] },
      trunks: TRUNKS,
      detection: WIDE_WINDOW,
    });
  });
  after(async () => {
    await gateway.stop();
    phones.close();
  });

  test("four callers are left alone", async () => {
    attackers = await place(phones.carrierA, gateway.sipPort, VICTIM, 0, 4);
    assert.deepEqual(
      attackers.map((leg) => [leg.status, leg.endedBy]),
      Array(4).fill([200, undefined]),
    );
  });

  test("the fifth is refused and the four are ended on both legs, with Reason Q.850 21", async () => {
    const [fifth] = await place(phones.carrierA, gateway.sipPort, VICTIM, 4, 1);
    assert.equal(fifth?.endedBy, "603");
    const calledLegs = [...phones.called.legs.values()];
    assert.equal(calledLegs.length, 4, "the fifth call never reached the victim");
    assert.ok(await phones.carrierA.until(() => attackers.every((leg) => leg.endedBy === "BYE")));
    assert.ok(await phones.called.until(() => calledLegs.every((leg) => leg.endedBy === "BYE")));
    for (const leg of [...attackers, ...calledLegs]) assert.match(leg.reason ?? "", /Q\.850\s*;\s*cause=21/);
  });

  test("the store has the proof for each of them", async () => {
    const proof = async (): Promise<readonly Teardown[]> => {
      const { json } = await gateway.api("/api/v1/teardowns?limit=100");
      return json as readonly Teardown[];
    };
    await until("four teardown records", async () => (await proof()).length >= 4);
    for (const record of (await proof()).slice(0, 4)) {
      assert.equal(record.a_outcome, "confirmed");
      assert.equal(record.b_outcome, "confirmed");
    }
  });

  test("twenty more are refused: there is no blind cooldown (R2)", async () => {
    const more = await place(phones.carrierA, gateway.sipPort, VICTIM, 5, 20);
    assert.deepEqual(new Set(more.map((leg) => leg.endedBy)), new Set(["603"]));
    assert.equal(phones.called.legs.size, 4);
  });

  test("a caller from another trunk reaches the same number: the victim stays on the air (R3)", async () => {
    const [honest] = await place(phones.carrierB, gateway.sipPort, VICTIM, 90, 1);
    assert.equal(honest?.status, 200);
    assert.equal(honest.endedBy, undefined);
    phones.carrierB.hangUp(honest);
    assert.ok(await phones.carrierB.until(() => honest.endedAt !== undefined));
  });

  test("/alerts, /stats and the metrics agree", async () => {
    const found = async (): Promise<{ a_numbers: string[] } | undefined> =>
      ((await gateway.api("/alerts")).json as { b_number: string; a_numbers: string[] }[]).find(
        (candidate) => candidate.b_number === VICTIM,
      );
    await until("the alert", async () => (await found()) !== undefined);
    assert.ok(((await found())?.a_numbers.length ?? 0) >= 5);
    assert.equal(await gateway.metric("fraud_disconnects_total"), 4);
    const stats = (await gateway.api("/stats")).json as { processed_total: number; alerts_total: number };
    assert.equal(stats.processed_total, 26);
    assert.ok(stats.alerts_total >= 1);
  });

  test("no number, URI or address was logged", () => {
    const log = gateway.running
      .output()
      .split("\n")
      .filter((line) => !line.startsWith('{"ready"'))
      .join("\n");
    assert.doesNotMatch(log, /\+?1?(202|303)555\d{4}|sips?:[^\s"]+@|127\.0\.0\.[23]/);
  });
});
