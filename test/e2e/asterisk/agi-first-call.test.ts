import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Phone } from "../../demo/phone.js";
import { serverOf } from "../../support/ari-stage.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { PATIENT_AGI, startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { caller, place } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;
/** Numbers that begin with 2 are asked about; those with 3 are not, and ring. */
const DIALPLAN = `[general]
static = yes
writeprotect = yes
[globals]
RINGFENCE_WAIT = 20
#include "ringfence.conf"
[incoming]
exten => _2.,1,Gosub(ringfence-check,s,1)
 same => n,Goto(ring,1)
exten => _3.,1,Goto(ring,1)
exten => ring,1,Ringing()
 same => n,Wait(60)
`;

interface CdrRow {
  readonly called: string;
  readonly cause: string;
  readonly status: number;
}

for (const { name, called, status } of [
  { name: "whose dialplan asks hears its 603", called: "2000001", status: 603 },
  // Asterisk makes 403 of the cause with which ARI hangs up.
  { name: "whose dialplan does not ask is ended all the same", called: "3000001", status: 403 },
]) {
  describe("the first call after a start is one of a blocked caller", { skip }, () => {
    let asterisk: Asterisk;
    let gateway: GatewayProcess;
    const phone = new Phone("127.0.0.1");
    before(async () => {
      asterisk = await startAsterisk({ files: { "extensions.conf": DIALPLAN } });
      gateway = await startGateway({ asterisk: { agi: PATIENT_AGI, servers: [serverOf(asterisk, "pbx1")] } });
      await asterisk.cli(`dialplan set global RINGFENCE_AGI ${gateway.ready.asterisk?.["agi"] ?? ""}`);
      await phone.open();
      await until("ARI to be up", async () => (await gateway.metric("ringfence_ari_up")) === 1);
    });
    after(async () => {
      phone.close();
      await gateway.stop();
      await asterisk.stop();
    });

    test(`one ${name}, and its record says what it heard`, async () => {
      const body = { b_number: called, a_number: caller(0), ttl_ms: 600_000, reason: "test" };
      const { status: added } = await gateway.api("/api/v1/blocks", { body });
      assert.ok(added < 300, String(added));
      const legs = await place(phone, asterisk.sipPort, called, 0, 1);
      legs.push(...(await place(phone, asterisk.sipPort, called, 0, 1)));
      assert.deepEqual(
        legs.map((leg) => leg.status),
        [status, status],
      );
      const cdrs = async () =>
        ((await gateway.api("/api/v1/cdrs?limit=10")).json as readonly CdrRow[]).map((row) => [
          row.called,
          row.cause,
          row.status,
        ]);
      await until("the CDRs", async () => (await cdrs()).length === 2);
      assert.deepEqual(
        await cdrs(),
        Array.from({ length: 2 }, () => [called, "refused", status]),
      );
    });
  });
}
