import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Cdr } from "../../../detection/index.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { until } from "../../support/processes.js";
import { openTelephones, type Leg, type Telephones } from "../../support/telephones.js";
import { watch, type Watching } from "../../support/watching.js";

const skip = asteriskMissing() ?? false;
const RINGS_MS = 2_000;
const EXTENSIONS = `
[general]
[incoming]
exten => 71,1,Ringing()
 same => n,Wait(${RINGS_MS / 1_000})
 same => n,Answer()
 same => n,Wait(300)
exten => 72,1,Answer()
 same => n,Wait(300)
`;
/** Sixty seconds, as asterisk-conf has it, are long for a test; a telephone that waits for 71 sends nothing either. */
const PJSIP = `
[udp]
type = transport
protocol = udp
bind = 0.0.0.0:@SIP_PORT@
[carrier]
type = endpoint
disallow = all
allow = ulaw
direct_media = no
context = incoming
rtp_timeout = 5
[carrier]
type = identify
endpoint = carrier
match = 127.0.0.0/8
`;

describe("what a real Asterisk says of the times and the end of its calls", { skip }, () => {
  let phones: Telephones;
  let asterisk: Asterisk;
  let watching: Watching | undefined;
  before(async () => {
    phones = await openTelephones();
    asterisk = await startAsterisk({ files: { "extensions.conf": EXTENSIONS, "pjsip.conf": PJSIP } });
  });
  afterEach(() => {
    watching?.close();
    watching = undefined;
  });
  after(async () => {
    await asterisk.stop();
    phones.close();
  });

  const connect = (): Promise<Watching> =>
    watch({ ariUrl: asterisk.ariUrl, username: asterisk.ariUser, password: asterisk.ariPassword });
  const call = (to: string): Leg =>
    phones.carrierA.call("+12025550101", to, { address: "127.0.0.1", port: asterisk.sipPort });
  const cdrOf = async ({ cdrs }: Watching): Promise<Cdr> => {
    await until("its CDR", () => cdrs.length === 1);
    return cdrs[0] ?? assert.fail();
  };

  test("a call that was answered before the gateway came was answered when it was", async () => {
    const leg = call("71");
    assert.ok(await phones.carrierA.until(() => leg.answeredAt !== undefined));
    const its = (watching = await connect());
    const answered = () =>
      [...its.watcher.calls(10)].flatMap(({ answeredAt, startedAt }) => (answeredAt ?? 0) - startedAt);
    await until("its answer", () => answered().some((ms) => ms > 0));
    await asterisk.cli("channel request hangup all");
    const { startedAt, answeredAt = 0, endedAt, durationMs } = await cdrOf(its);
    const rang = answeredAt - startedAt;
    assert.ok(rang >= RINGS_MS && rang < RINGS_MS + 1_500, `rang for ${rang} ms`);
    assert.equal(durationMs, endedAt - answeredAt);
  });

  test("a call that Asterisk ends as no sound comes ends as in the hop's record", async () => {
    const its = (watching = await connect());
    const leg = call("72");
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined, 30_000));
    const { cause, endedBy, q850, status } = await cdrOf(its);
    assert.deepEqual([cause, endedBy, q850, status], ["no-media", "gateway", 44, 200]);
  });
});
