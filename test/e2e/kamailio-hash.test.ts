import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { frontEndMissing, PATIENT, startFrontEnd, type FrontEnd } from "../support/kamailio-front-end.js";
import { temporaryFolder } from "../support/processes.js";
import { headerOf } from "../support/raw-message.js";
import { RawUa, WITHIN_MS } from "../support/raw-ua.js";

const NOWHERE = { address: "127.0.0.1", port: 9 };
const GATEWAYS = 4;

describe("dialplan/kamailio/kamailio.cfg chooses the gateway by the called number", { skip: frontEndMissing() }, () => {
  const folder = temporaryFolder("e2e-kamailio-hash");
  let gateways: RawUa[] = [];
  let carrier: RawUa;
  let kamailio: FrontEnd;
  let calls = 0;

  before(async () => {
    gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => RawUa.open(NOWHERE, "127.0.0.4")));
    carrier = await RawUa.open(NOWHERE, "127.0.0.2");
    const addresses = gateways.map((gateway) => gateway.address);
    kamailio = await startFrontEnd(folder.path, { gateways: addresses, nextHop: "127.0.0.1:9" }, PATIENT);
    for (const ua of [carrier, ...gateways]) ua.talkTo({ address: "127.0.0.1", port: kamailio.port });
  });
  after(async () => {
    await kamailio.running.stop();
    await Promise.all([carrier, ...gateways].map((ua) => ua.close()));
    folder.remove();
  });

  /** @returns Which of the gateways was given a call to it. */
  async function gatewayOf(user: string): Promise<number> {
    const callId = `hash-${(calls += 1)}@192.0.2.9`;
    const uri = `sip:${user}@127.0.0.1:${kamailio.port}`;
    carrier.request({ method: "INVITE", uri, callId, fromTag: callId, branch: `z9hG4bKhash${calls}` });
    const ours = (message: string) => message.startsWith("INVITE") && headerOf(message, "Call-ID") === callId;
    const found = new AbortController();
    const looks = gateways.map(async (gateway, index) => {
      const invite = await gateway.receive(ours, WITHIN_MS, found.signal);
      return [index, invite] as const;
    });
    const [chosen, invite] = await Promise.any(looks);
    found.abort();
    await Promise.allSettled(looks);
    gateways[chosen]?.respond(invite, 486);
    return chosen;
  }

  const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
    "of North America": [
      "+12025550142",
      "0012025550142",
      "01112025550142",
      "12025550142",
      "2025550142",
      "5550142",
      "+1-202-555-0142",
      "+1(202)555.0142",
      "+12025550142;npdi",
      "+12025550142x1",
      "2025550142,,22",
      "+12025550142%20",
      "202%20555%200142",
      "%2B12025550142x1",
      "*672025550142x12",
      "%2331%232025550142p9",
      "*672025550142a1",
      "+12025550a142",
      "+1202555a0142",
      "+1202555014x2",
      "+1202555014/2",
      "%2B1202555%30142",
      "+12025550142%2022",
      "+12025550142%C3%A912",
      "+12025550142%252022",
      "0012025550142a1",
      "2025550142a1",
      "2025550142_7",
    ],
    "of a plan with a trunk prefix": [
      "+442079460123",
      "00442079460123",
      "02079460123",
      "2079460123",
      "+44207946a0123",
      "+442079460123x12",
      "+442079460123ext12",
      "02079460123*5",
    ],
    "of a plan of eight digits": ["+4521234567", "004521234567", "21234567", "+4521234567,,1", "+452123a4567"],
  };
  for (const [name, spellings] of Object.entries(SPELLINGS)) {
    test(`a number ${name} meets one gateway however it is dialled`, async () => {
      const chosen: Record<string, number> = {};
      for (const spelling of spellings) chosen[spelling] = await gatewayOf(spelling);
      assert.equal(new Set(Object.values(chosen)).size, 1, JSON.stringify(chosen));
    });
  }

  test("numbers are spread over the gateways, short ones and names too", async () => {
    for (const user of [
      (i: number) => `+120255501${40 + i}`,
      (i: number) => `${100 + i}`,
      (i: number) => `desk-${"abcdefghijklmnop"[i]}`,
    ]) {
      const chosen = new Set<number>();
      for (let i = 0; i < 16; i++) chosen.add(await gatewayOf(user(i)));
      assert.ok(chosen.size > 1, `${user(0)} …: all at one`);
    }
  });
});
