import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Phone, type Leg } from "../../demo/phone.js";
import { AgiDouble } from "../../support/agi-double.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { AudioSocketDouble, toneHz } from "../../support/audiosocket-double.js";
import { until } from "../../support/processes.js";
import { StasisDouble, type StasisManner } from "../../support/stasis-double.js";

const skip = asteriskMissing() ?? false;

const DIALPLAN = `[globals]
RINGFENCE_AGI = 127.0.0.1:@AGI_PORT@
RINGFENCE_AUDIOSOCKET = 127.0.0.1:@AUDIOSOCKET_PORT@
RINGFENCE_WAIT = 20
RINGFENCE_SCREEN_WAIT = 20
#include "ringfence.conf"
[incoming]
; 1: screening, 2: listening over ARI
exten => 1,1,Gosub(ringfence-screen,s,1)
 same => n,Goto(on)
exten => 2,1,Gosub(ringfence-listen,s,1)
 same => n(on),NoOp(SEEN \${STASISSTATUS} \${RINGFENCE_SCREENING} left=\${TIMEOUT(absolute)} frames=\${STACK_PEEK(1,e,1)})
 same => n,Answer()
 same => n,Wait(30)
exten => 3,1,Goto(1,1)
; 4: listening over AudioSocket, to a caller of 1004 Hz and a called side of 440 Hz
exten => 4,1,Answer()
 same => n,Gosub(ringfence-listen-audiosocket,s,1)
 same => n,Dial(Local/called@tones/n,20,U(ringfence-listen-callee))
[tones]
exten => called,1,Answer()
 same => n,Playtones(440)
 same => n,Wait(60)
exten => calling,1,Answer()
 same => n,Milliwatt()
`.replace("Goto(on)", "Goto(2,on)");

interface Case {
  readonly name: string;
  readonly manner: StasisManner;
  readonly status: number;
  readonly seen?: string;
}

const SCREENING: readonly Case[] = [
  { name: "pass", manner: { screening: "pass" }, status: 200, seen: "SUCCESS pass" },
  { name: "goodbye", manner: { screening: "goodbye" }, status: 403 },
  { name: "an unknown result", manner: { screening: "maybe" }, status: 200, seen: "SUCCESS maybe" },
  { name: "nothing said", manner: "goes-on", status: 200, seen: "SUCCESS unavailable" },
  { name: "an application that holds the call", manner: "silent", status: 200, seen: "SUCCESS unavailable" },
];

describe("dialplan/extensions.conf: screening and listening", { skip }, () => {
  const [agi, ears, phone] = [new AgiDouble(), new AudioSocketDouble(), new Phone("127.0.0.1")];
  let asterisk: Asterisk;
  /** Seconds that a call waits for an application that holds it: long for one that only stands still for a while. */
  const patience = (seconds: number): Promise<unknown> =>
    Promise.all(
      ["RINGFENCE_WAIT", "RINGFENCE_SCREEN_WAIT"].map((name) => asterisk.cli(`dialplan set global ${name} ${seconds}`)),
    );
  before(async () => {
    await Promise.all([agi.open(), ears.open(), phone.open()]);
    asterisk = await startAsterisk({
      files: { "extensions.conf": DIALPLAN },
      values: { AGI_PORT: agi.port, AUDIOSOCKET_PORT: ears.port },
    });
  });
  after(async () => {
    phone.close();
    await asterisk.stop();
    await Promise.all([agi.close(), ears.close()]);
  });

  const seen = (): string[] => [...asterisk.log().matchAll(/"SEEN ([^"]*)"/g)].map(([, text = ""]) => text);
  const call = async (to: string): Promise<Leg> => {
    const leg = phone.call("+13035550100", to, { address: "127.0.0.1", port: asterisk.sipPort });
    await phone.until(() => leg.status >= 200);
    return leg;
  };
  const noChannels = async (): Promise<boolean> =>
    (await asterisk.cli("core show channels count")).startsWith("0 active channels");
  const goesOn = async (to: string, expected: string): Promise<void> => {
    const { length } = seen();
    const leg = await call(to);
    assert.equal(leg.status, 200, asterisk.log().slice(-3_000));
    await until("the dialplan to go on", () => seen().length > length);
    assert.equal(seen().at(-1), `${expected} left=0 frames=`);
    phone.hangUp(leg);
  };

  test("without the application, both let the call go on", async () => {
    await goesOn("1", "FAILED unavailable");
    await goesOn("2", "FAILED ");
  });

  for (const { name, manner, status, seen: expected } of SCREENING) {
    test(`screening: ${name}`, async (t) => {
      const app = await new StasisDouble(asterisk).open();
      t.after(() => app.close());
      app.manner = manner;
      const seconds = manner === "silent" ? 2 : 20;
      await patience(seconds);
      if (expected === undefined) assert.equal((await call("1")).status, status);
      else await goesOn("1", expected);
      assert.deepEqual(app.entered, [`screen en ${seconds}`]);
    });
  }

  test("screening: voicemail goes to the house's voicemail where there is one, else the call goes on", async (t) => {
    const app = await new StasisDouble(asterisk).open();
    t.after(() => app.close());
    app.manner = { screening: "voicemail" };
    await goesOn("1", "SUCCESS voicemail");
    assert.doesNotMatch(asterisk.log(), /"VOICEMAIL"/);
    await asterisk.cli("dialplan add extension s,1,NoOp(VOICEMAIL) into ringfence-voicemail");
    await call("1");
    await until("the voicemail", () => asterisk.log().includes('"VOICEMAIL"'));
  });

  test("listening: the application is told, and one that holds the call does so for a second", async (t) => {
    const app = await new StasisDouble(asterisk).open();
    t.after(() => app.close());
    await patience(20);
    await goesOn("2", "SUCCESS ");
    app.manner = "silent";
    await patience(1);
    await goesOn("2", "SUCCESS ");
    assert.deepEqual(app.entered, ["listen", "listen"]);
    await until("all channels to be gone", noChannels);
    await patience(20);
  });

  test("AudioSocket brings each side by itself, under the UUID that was announced for it", async () => {
    agi.manners.set("listen", { RINGFENCE_LISTENING: "yes" });
    await asterisk.cli("channel originate Local/4@incoming extension calling@tones");
    const streams = (): Map<string, number[]> =>
      new Map(
        agi
          .of("listen")
          .map(({ query }) => [query.get("speaker") ?? "", ears.heard.get(query.get("uuid") ?? "") ?? []]),
      );
    await until("a second of both sides", () =>
      ["caller", "callee"].every((who) => (streams().get(who)?.length ?? 0) > 8_000),
    );
    // Half a second without a hole: a machine that stands still makes some.
    const tone = (who: string): number => toneHz(streams().get(who)?.slice(-4_000) ?? []);
    for (const [who, hz] of [
      ["caller", 1_004],
      ["callee", 440],
    ] as const)
      await until(`${hz} Hz of the ${who}`, () => Math.abs(tone(who) - hz) < 40);
    const [first] = agi.of("listen");
    assert.equal(first?.query.get("called"), "4");
    await asterisk.cli("channel request hangup all");
    await until("both connections to end", () => ears.ended.size === 2);
    await until("all channels to be gone", noChannels);
  });

  test("AudioSocket: nothing is forked where the gateway does not want it", async () => {
    const connections = ears.heard.size;
    agi.manners.set("listen", { RINGFENCE_LISTENING: "no" });
    await asterisk.cli("channel originate Local/4@incoming extension calling@tones");
    await until("the call", async () => (await asterisk.cli("core show channels")).includes("called@tones"));
    assert.equal(ears.heard.size, connections);
    await asterisk.cli("channel request hangup all");
    await until("all channels to be gone", noChannels);
  });
});
