import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverOf, startAriAsterisk } from "../../support/ari-stage.js";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { caller, openTelephones, place, type Telephones } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;

/** The hop in front of an Asterisk that is watched as well, and behind it: no call counts twice. */
describe("an Asterisk beside the hop", { skip }, () => {
  let phones: Telephones;
  let asterisk: Asterisk;
  let gateway: GatewayProcess;

  before(async () => {
    phones = await openTelephones();
    asterisk = await startAriAsterisk({ peerPort: phones.called.port });
    gateway = await startGateway({
      sip: { nextHops: [`127.0.0.1:${asterisk.sipPort}`] },
      asterisk: { servers: [serverOf(asterisk, "pbx1")] },
    });
    await asterisk.cli(`dialplan set global HOP_PORT ${gateway.sipPort}`);
    await until("ARI to be up", async () => (await gateway.metric("ringfence_ari_up")) === 1);
  });
  after(async () => {
    await gateway.stop();
    await asterisk.stop();
    phones.close();
  });

  const cdrs = async (): Promise<readonly { call_id: string; called: string }[]> =>
    (await gateway.api("/api/v1/cdrs?limit=100")).json as never;
  const seen = (result: string): Promise<number> =>
    gateway.metric("ringfence_ari_calls_total", `{server="pbx1",result="${result}"}`);

  test("a call that the hop sends to Asterisk is the hop's alone", async () => {
    const [leg] = await place(phones.carrierA, gateway.sipPort, "5601", 0, 1);
    assert.ok(leg !== undefined);
    assert.equal(leg.status, 200);
    await until("Asterisk to be heard", async () => (await seen("carried-by-hop")) === 1);
    assert.equal(await gateway.metric("ringfence_ari_calls_live"), 0);
    assert.equal(await gateway.metric("ringfence_calls_live"), 1);
    phones.carrierA.hangUp(leg);
    await until("its CDR", async () => (await cdrs()).length === 1);
    assert.equal((await cdrs())[0]?.call_id, leg.callId);
    assert.equal(await gateway.metric("fraud_calls_processed_total"), 1);
  });

  test("a call that comes to Asterisk by itself is watched", async () => {
    const [leg] = await place(phones.carrierA, asterisk.sipPort, "5602", 1, 1);
    assert.ok(leg !== undefined);
    await until("it to be told of", async () => (await seen("reported")) === 1);
    phones.carrierA.hangUp(leg);
    await until("its CDR", async () => (await cdrs()).length === 2);
    assert.match((await cdrs()).find(({ called }) => called === "5602")?.call_id ?? "", /^pbx1;/);
  });

  test("a caller who bears the Call-ID of his own call at the hop hides neither", async () => {
    const { carrierA, carrierB } = phones;
    const before = { reported: await seen("reported"), carried: await seen("carried-by-hop") };
    const atHop = carrierA.call(caller(3), "5604", { address: "127.0.0.1", port: gateway.sipPort });
    await until("it to be left to the hop", async () => (await seen("carried-by-hop")) === before.carried + 1);
    const atAsterisk = carrierB.call(caller(4), "5605", { address: "127.0.0.1", port: asterisk.sipPort }, atHop.callId);
    await until("the other to be told of", async () => (await seen("reported")) === before.reported + 1);
    await carrierB.until(() => atAsterisk.status === 200);
    await until("it to be watched", async () => (await gateway.metric("ringfence_ari_calls_live")) === 1);
    carrierB.hangUp(atAsterisk);
    carrierA.hangUp(atHop);
    const of = async (number: string) => (await cdrs()).filter(({ called }) => called === number);
    await until("both CDRs", async () => (await of("5604")).length === 1 && (await of("5605")).length === 1);
    assert.equal((await of("5604"))[0]?.call_id, atHop.callId);
    assert.match((await of("5605"))[0]?.call_id ?? "", /^pbx1;/);
    assert.equal(await seen("carried-by-hop"), before.carried + 1);
  });

  test("a call that Asterisk sends out through the hop has one CDR, the hop's", async () => {
    const [leg] = await place(phones.carrierA, asterisk.sipPort, "75603", 2, 1);
    assert.ok(leg !== undefined);
    assert.equal(leg.status, 200);
    await until("the hop to carry it", async () => (await gateway.metric("ringfence_calls_live")) === 1);
    await until("it to be watched no more", async () => (await gateway.metric("ringfence_ari_calls_live")) === 0);
    phones.carrierA.hangUp(leg);
    await until("all to be over", async () => (await gateway.metric("ringfence_calls_live")) === 0);
    await until("its CDR", async () => (await cdrs()).length === 5);
    assert.deepEqual(
      (await cdrs()).filter(({ called }) => called.endsWith("5603")).map(({ call_id: id }) => id.startsWith("pbx1;")),
      [false],
    );
  });
});
