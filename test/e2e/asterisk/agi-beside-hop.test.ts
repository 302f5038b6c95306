import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverOf } from "../../support/ari-stage.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { PATIENT_AGI, startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { caller, openTelephones, type Leg, type Telephones } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;
const DIALPLAN = `[general]
static = yes
writeprotect = yes
[globals]
RINGFENCE_WAIT = 20
RINGFENCE_SERVER = pbx1
#include "ringfence.conf"
[incoming]
exten => _[+0-9].,1,Gosub(ringfence-check,s,1(tell))
 same => n,NoOp(SEEN \${EXTEN} \${RINGFENCE_CALL_ID})
 same => n,Answer()
 same => n,Wait(60)
`;

describe("the dialplan behind the hop asks, and ARI watches", { skip }, () => {
  let phones: Telephones;
  let asterisk: Asterisk;
  let gateway: GatewayProcess;

  before(async () => {
    phones = await openTelephones();
    asterisk = await startAsterisk({ files: { "extensions.conf": DIALPLAN } });
    gateway = await startGateway({
      sip: { listenAddress: "127.0.0.1", nextHops: [`127.0.0.1:${asterisk.sipPort}`] },
      trunks: [
        { id: "open", sources: ["127.0.0.2"] },
        { id: "hidden", sources: ["127.0.0.3"], topologyHiding: true },
      ],
      asterisk: { agi: PATIENT_AGI, servers: [serverOf(asterisk, "pbx1")] },
    });
    await asterisk.cli(`dialplan set global RINGFENCE_AGI ${gateway.ready.asterisk?.["agi"] ?? ""}`);
    await until("ARI to be up", async () => (await gateway.metric("ringfence_ari_up")) === 1);
  });
  after(async () => {
    await gateway.stop();
    await asterisk.stop();
    phones.close();
  });

  /** What the dialplan was told that its call is called. */
  const named = async (called: string): Promise<string> => {
    const found = (): string | undefined =>
      [...asterisk.log().matchAll(/"SEEN (\S+) ([^"]*)"/g)].find(([, number]) => number === called)?.[2];
    await until(`the verdict about ${called}`, () => found() !== undefined);
    return found() ?? "";
  };
  const carried = (): Promise<number> =>
    gateway.metric("ringfence_ari_calls_total", '{server="pbx1",result="carried-by-hop"}');
  const hop = () => ({ address: "127.0.0.1", port: gateway.sipPort });

  for (const [trunk, phone, called] of [
    ["open", "carrierA", "12025550101"],
    ["hidden", "carrierB", "12025550102"],
  ] as const) {
    test(`a call of the hop is the hop's in Asterisk, whatever its Call-ID is there: trunk ${trunk}`, async () => {
      const before = await carried();
      const leg = phones[phone].call(caller(1), called, hop());
      assert.equal(await named(called), leg.callId);
      await until("ARI to know it too", async () => (await carried()) === before + 1);
      phones[phone].hangUp(leg);
    });
  }

  test("a caller who bears the Call-ID of his own call at the hop is judged, counted and recorded as who he is", async () => {
    const { carrierA, called: direct } = phones;
    const atHop = carrierA.call(caller(3), "12025550103", hop());
    assert.equal(await named("12025550103"), atHop.callId);
    const there = { address: "127.0.0.1", port: asterisk.sipPort };
    const atAsterisk = direct.call(caller(4), "12025550104", there, atHop.callId);
    assert.match(await named("12025550104"), /^pbx1;/);
    const isUp = (leg: Leg) => leg.status === 200;
    assert.ok(await direct.until(() => isUp(atAsterisk)));
    direct.hangUp(atAsterisk);
    carrierA.hangUp(atHop);
    const cdrs = async (): Promise<readonly string[]> => {
      const rows = (await gateway.api("/api/v1/cdrs?limit=100")).json as { call_id: string; called: string }[];
      return rows.filter(({ called }) => /555010[34]$/.test(called)).map(({ call_id: id }) => id);
    };
    await until("both CDRs", async () => (await cdrs()).length === 2);
    assert.deepEqual(
      new Set((await cdrs()).map((id) => (id === atHop.callId ? "hop" : id.split(";")[0]))),
      new Set(["hop", "pbx1"]),
    );
  });
});
