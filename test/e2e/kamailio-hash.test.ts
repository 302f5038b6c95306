import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NumberPlan } from "../../detection/numbers/number-plan.js";
import { frontEndMissing, PATIENT, startFrontEnd, type FrontEnd } from "../support/kamailio-front-end.js";
import { temporaryFolder } from "../support/processes.js";
import { headerOf } from "../support/raw-message.js";
import { RawUa, WITHIN_MS } from "../support/raw-ua.js";

const NOWHERE = { address: "127.0.0.1", port: 9 };
/** So many that another hash is another gateway, nearly always. */
const GATEWAYS = 10;

interface Country {
  readonly region: string;
  readonly defines: readonly string[];
  /** One number abroad is among them: how it is read does not depend on the region. */
  readonly numbers: Readonly<Record<string, readonly string[]>>;
}

/** What stands behind a number and is not of it: each is one more spelling. */
const JUNK = [
  "x1",
  "ext12",
  ",,22",
  "*5",
  "#7",
  "~1",
  "~2",
  "!71",
  "_72",
  "a12",
  "%20",
  "%2022",
  "%C3%A912",
  "%252022",
  "%g1",
  "%g2",
  "%",
  "%1",
];
const withJunk = (number: string): readonly string[] => JUNK.map((junk) => number + junk);

const COUNTRIES: readonly Country[] = [
  {
    region: "US",
    defines: [],
    numbers: {
      "+12025550142": [
        ...["+12025550142", "01112025550142", "12025550142", "2025550142"].flatMap((form) => [form, ...withJunk(form)]),
        ...["+1-202-555-0142", "+1(202)555.0142", "+12025550142;npdi", "202%20555%200142", "%2B12025550142x1"],
        ...["*672025550142x12", "%2331%232025550142p9", "*672025550142a1"],
        ...["+12025550a142", "+1202555a0142", "2025550a142", "+1202555014x2", "+1202555014/2", "%2B1202555%30142"],
      ],
      "+33123456789": ["+33123456789", "01133123456789", ...withJunk("+33123456789")],
    },
  },
  {
    region: "GB",
    defines: ['COUNTRY_CODE="44"'],
    numbers: {
      "+442079460123": [
        ...["+442079460123", "00442079460123", "02079460123"].flatMap((form) => [form, ...withJunk(form)]),
        ...["+44 (0)20 7946 0123", "+44207946a0123", "+4420794601a23", "0207946012~3", "020794601/23"].map((each) =>
          each.replaceAll(" ", "%20"),
        ),
      ],
    },
  },
  {
    region: "DK",
    defines: ['COUNTRY_CODE="45"', "NATIONAL_DIGITS=8"],
    numbers: {
      "+4521234567": [
        ...["+4521234567", "004521234567", "21234567"].flatMap((form) => [form, ...withJunk(form)]),
        ...["+452123a4567", "2123456x7"],
      ],
    },
  },
];

for (const { region, defines, numbers } of COUNTRIES)
  describe(
    `dialplan/kamailio/kamailio.cfg chooses the gateway by the called number: ${region}`,
    { skip: frontEndMissing() },
    () => {
      const folder = temporaryFolder("e2e-kamailio-hash");
      let gateways: RawUa[] = [];
      let carrier: RawUa;
      let kamailio: FrontEnd;
      let calls = 0;

      before(async () => {
        gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => RawUa.open(NOWHERE, "127.0.0.4")));
        carrier = await RawUa.open(NOWHERE, "127.0.0.2");
        const addresses = gateways.map((gateway) => gateway.address);
        kamailio = await startFrontEnd(folder.path, { gateways: addresses, nextHop: "127.0.0.1:9" }, PATIENT, defines);
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

      for (const [number, spellings] of Object.entries(numbers)) {
        test(`${number} meets one gateway however it is dialled`, async () => {
          const plan = new NumberPlan({ region });
          const chosen: Record<string, number> = {};
          for (const spelling of spellings) {
            assert.equal(plan.called(`sip:${spelling}@192.0.2.1`), number, spelling);
            chosen[spelling] = await gatewayOf(spelling);
          }
          assert.equal(new Set(Object.values(chosen)).size, 1, JSON.stringify(chosen));
        });
      }

      if (region === "US")
        test("a local number meets the gateway of its whole one", async () => {
          const spellings = [
            "5550142",
            "5550142,1",
            "5550142,2",
            "5550142%2C3",
            "5550142%203",
            "555-0142",
            "+12025550142",
          ];
          const chosen = new Set<number>();
          for (const spelling of spellings) chosen.add(await gatewayOf(spelling));
          assert.equal(chosen.size, 1);
        });

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
    },
  );
