import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AriHands } from "../../../../../gateway/adapters/asterisk-ari/hearing/ari-hands.js";
import { AriHearing } from "../../../../../gateway/adapters/asterisk-ari/hearing/ari-hearing.js";
import type { Mouth } from "../../../../../gateway/adapters/asterisk-ari/hearing/mouth.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { RtpPath } from "../../../../../gateway/adapters/asterisk-ari/hearing/rtp-path.js";
import { OwnMarks } from "../../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { CountingMetrics } from "../../../../support/counting-metrics.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { FakeListening, FakeMediaReceiver } from "../../../../support/fake-listening.js";
import { ariChannel, MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

const A = ariChannel("1.0");
const B = ariChannel("1.1", { name: "PJSIP/peer-1" });
const PARTIES = { caller: "+12025550101", called: "+12025550102", trunk: "default" } as never;

function scene(which: "all" | "asked" = "all", maxTalks = 10) {
  const link = new MemoryAriLink();
  const [clock, metrics, heard, receiver] = [
    new FakeClock(),
    new CountingMetrics(),
    new FakeListening(),
    new FakeMediaReceiver(),
  ];
  const marks = new OwnMarks("ringfence", new SeededRandom(1));
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, { link, marks, clock, log: silentLog });
  const spoken: { over: () => void }[] = [];
  const mouth = {
    host: "127.0.0.1:40000",
    track: (to: object) => to,
    speak: (_frames: unknown, _to: unknown, over: () => void) => {
      spoken.push({ over });
      return () => undefined;
    },
  } as unknown as Mouth;
  const path = new RtpPath({ objects, heard, receiver, mouth, family: 4 });
  const refuses = { now: false };
  const hearing = new AriHearing(
    { which, maxTalks, format: "ulaw", reopenings: 2, reopenMs: 500 },
    {
      ...{ link, objects, path, clock, metrics, log: silentLog },
      user: {
        carried: () => false,
        open: ({ caller }) => {
          if (refuses.now) return undefined;
          const callId = `pbx;${caller.id}`;
          heard.open({ callId, risk: 0, calledSide: "callee", parties: PARTIES });
          return { callId, called: "callee" };
        },
        close: (callId) => heard.close(callId),
      },
    },
  );
  hearing.start();
  const hands = new AriHands({
    ...{ link, objects, path, clock, metrics, log: silentLog },
    heard: (callId) => hearing.heard(callId),
    warning: { sampleRateHz: 8_000, samples: new Float32Array(160) },
  });
  const answer = async (): Promise<void> => {
    link.tell({ type: "Dial", dialstatus: "ANSWER", caller: A, peer: B });
    await settle();
  };
  const end = async (): Promise<void> => {
    link.tell({ type: "ChannelDestroyed", channel: A });
    await settle();
  };
  const outcome = (name: string): number => metrics.value("ringfence_ari_heard_calls_total", "pbx", name);
  return { link, clock, metrics, heard, receiver, objects, hearing, hands, refuses, spoken, answer, end, outcome };
}

describe("hearing a call over ARI", () => {
  test("each speaker has an ear of its own; with the call everything is gone", async () => {
    const { link, heard, receiver, answer, end, outcome } = scene();
    await answer();
    assert.deepEqual(heard.speakers("pbx;1.0"), ["caller", "callee"]);
    const spies = link.requests
      .filter(({ path }) => path.includes("/snoop/"))
      .map(({ path, query }) => [path.split("/")[2], query?.["spy"]]);
    assert.deepEqual(spies, [
      ["1.0", "in"],
      ["1.0", "out"],
    ]);
    assert.deepEqual([link.channels.size, link.bridges.size], [4, 2]);
    assert.deepEqual(
      receiver.open.map(({ peer }) => peer),
      Array(2).fill({ address: "127.0.0.1", port: 20_000 }),
    );
    assert.equal(outcome("heard"), 1);
    await end();
    assert.deepEqual(
      [link.channels.size, link.bridges.size, receiver.open.length, heard.openCalls.length],
      [0, 0, 0, 0],
    );
    assert.equal(heard.streams.size, 0);
  });

  const FAULTS: readonly (readonly [string, RegExp])[] = [
    ["snooping is refused", /snoop/],
    ["external media is refused", /externalMedia/],
    ["bridges are refused", /^POST \/bridges$/],
    ["channels cannot be put into bridges", /addChannel/],
  ];
  for (const [what, like] of FAULTS) {
    test(`${what}: the call is not heard, and nothing is left`, async () => {
      const { link, heard, receiver, answer, outcome } = scene();
      link.fails = { like, code: "ari.rejected", status: 409 };
      await answer();
      assert.deepEqual([link.channels.size, link.bridges.size, receiver.open.length], [0, 0, 0]);
      assert.deepEqual([heard.openCalls.length, heard.streams.size, outcome("failed")], [0, 0, 1]);
    });
  }

  test("no port: the same", async () => {
    const { link, heard, receiver, answer, outcome } = scene();
    receiver.fails = "media.full";
    await answer();
    assert.deepEqual([link.channels.size, heard.openCalls.length, heard.streams.size, outcome("failed")], [0, 0, 0, 1]);
  });

  test("a channel that never comes into Stasis is given up and deleted", async () => {
    const { link, clock, heard, answer } = scene();
    link.stasisIsDead = true;
    await answer();
    assert.equal(link.channels.size, 4);
    clock.advance(3_000);
    await settle();
    assert.deepEqual([link.channels.size, heard.openCalls.length], [0, 0]);
  });

  test("the call is over before its ears are open: they are closed again", async () => {
    const { link, heard, receiver, answer, end } = scene();
    let open = (): void => undefined;
    receiver.gate = new Promise((resolve) => (open = resolve));
    await answer();
    await end();
    open();
    await settle();
    assert.deepEqual([link.channels.size, link.bridges.size, receiver.open.length, heard.streams.size], [0, 0, 0, 0]);
  });

  test("an ear that Asterisk takes away is opened again, a few times", async () => {
    const { link, clock, heard, answer, outcome } = scene();
    await answer();
    for (let times = 1; times <= 3; times++) {
      assert.equal(heard.streams.size, 2);
      const [snoop] = [...link.channels].filter((id) => id.includes("snoop"));
      link.channels.delete(snoop ?? "");
      link.tell({ type: "ChannelDestroyed", channel: ariChannel(snoop ?? "") });
      await settle();
      clock.advance(500);
      await settle();
    }
    assert.deepEqual([outcome("lost"), heard.streams.size, link.count(/^POST .*snoop/)], [3, 1, 4]);
  });

  test("ears that Asterisk ended while nobody listened to its events are opened again", async () => {
    const { link, clock, heard, hearing, answer, outcome } = scene();
    await answer();
    const [kept] = [...link.channels].filter((id) => id.includes("snoop"));
    assert.ok(kept !== undefined);
    // The event of the other side's end, and of its media, was never heard.
    const lost = [...link.channels].filter((id) => id !== kept);
    hearing.onLoading();
    for (const id of lost) link.channels.delete(id);
    const channels = [A, B, ariChannel(kept, { name: "Snoop/1.0-1" })];
    await hearing.onStock({ channels, bridges: [] });
    await settle();
    clock.advance(500);
    await settle();
    assert.deepEqual([outcome("lost"), heard.streams.size, link.count(/^POST .*snoop/)], [2, 2, 4]);
  });

  test("an ear that is being opened while Asterisk is asked what it has is not lost", async () => {
    const { link, clock, hearing, answer, outcome } = scene();
    hearing.onLoading();
    await answer();
    await hearing.onStock({ channels: [A, B], bridges: [] });
    clock.advance(500);
    await settle();
    assert.deepEqual([outcome("lost"), link.count(/^POST .*snoop/)], [0, 2]);
  });

  test("no room: counted, and heard once another call is over", async () => {
    const { link, heard, outcome } = scene("all", 1);
    const [first, second] = [A, ariChannel("2.0")];
    for (const caller of [first, second]) link.tell({ type: "Dial", dialstatus: "ANSWER", caller, peer: B });
    await settle();
    assert.deepEqual([heard.openCalls, outcome("full"), outcome("heard")], [["pbx;1.0"], 1, 1]);
    link.tell({ type: "ChannelDestroyed", channel: first });
    await settle();
    assert.deepEqual([heard.openCalls, outcome("heard")], [["pbx;2.0"], 2]);
  });

  test("what is not to be heard costs nothing", async () => {
    const { link, refuses, answer, outcome } = scene();
    refuses.now = true;
    await answer();
    assert.deepEqual([link.asked.length, outcome("not-heard")], [0, 1]);
  });

  test("asked by the dialplan: the call goes on at once, and is heard when it is answered", async () => {
    const { link, heard, hearing, answer } = scene("asked");
    const asking = ariChannel("1.0", { state: "Ring", dialplan: { ...A.dialplan, exten: "s" } });
    link.variables.set("STACK_PEEK(1,e)", "+12025550177");
    await hearing.ask(asking);
    assert.equal(link.count(/^POST \/channels\/1\.0\/continue$/), 1);
    assert.equal(heard.openCalls.length, 0);
    await answer();
    assert.deepEqual(heard.openCalls, ["pbx;1.0"]);
  });

  test("asked while ARI fails: the call goes on all the same", async () => {
    const { link, hearing } = scene("asked");
    link.fails = { like: /variable/, code: "ari.unavailable" };
    await hearing.ask(A);
    assert.equal(link.count(/continue/), 1);
  });

  test("the gateway ends: all of ours goes, twice is once", async () => {
    const { link, hearing, answer } = scene();
    await answer();
    await Promise.all([hearing.close(), hearing.close()]);
    assert.deepEqual([link.channels.size, link.bridges.size], [0, 0]);
    assert.equal(link.count(/^DELETE/), 6);
  });

  test("what cannot be deleted is tried again, and once more when the Asterisk is back", async () => {
    const { link, clock, objects, answer, end } = scene();
    await answer();
    link.fails = { like: /^DELETE/, code: "ari.unavailable" };
    await end();
    for (let i = 0; i < 4; i++) {
      clock.advance(1_000);
      await settle();
    }
    assert.equal(objects.left, 6);
    link.fails = undefined;
    link.tellUp();
    await settle();
    assert.deepEqual([objects.left, link.channels.size, link.bridges.size], [0, 0, 0]);
  });
});

describe("steering a call over ARI", () => {
  const steps = (metrics: CountingMetrics, step: string, outcome: string): number =>
    metrics.value("ringfence_threat_steps_total", step, outcome);

  test("tag: a variable on both channels, and an event", async () => {
    const { link, hands, metrics, answer } = scene();
    await answer();
    hands.tag({ callId: "pbx;1.0", state: "scam", score: 0.98, threat: "account-code" });
    await settle();
    for (const id of ["1.0", "1.1"])
      assert.equal(link.variables.get(`EXPORT(${id},RINGFENCE_THREAT)`), "scam;score=0.98;kind=account-code");
    assert.equal(link.count(/^POST \/events\/user\/RingfenceThreat$/), 1);
    assert.equal(steps(metrics, "tag", "done"), 1);
  });

  test("warn: whispered to the called side alone, and the whisper goes with its last sound", async () => {
    const { link, hands, metrics, spoken, answer } = scene();
    await answer();
    hands.warn({ callId: "pbx;1.0" });
    await settle();
    const whisper = link.requests.filter(({ query }) => query?.["whisper"] === "out");
    assert.deepEqual(
      whisper.map(({ path, query }) => [path.split("/")[2], query?.["spy"]]),
      [["1.1", "none"]],
    );
    assert.equal(link.bridges.size, 3);
    spoken[0]?.over();
    await settle();
    assert.deepEqual([link.bridges.size, link.channels.size, steps(metrics, "warn", "done")], [2, 4, 1]);
  });

  test("warn: a whisper that never ends is ended", async () => {
    const { link, clock, hands, metrics, answer } = scene();
    await answer();
    hands.warn({ callId: "pbx;1.0" });
    await settle();
    clock.advance(6_000);
    await settle();
    assert.deepEqual([link.bridges.size, steps(metrics, "warn", "not-possible")], [2, 1]);
  });

  test("hold and release: both directions, noted for a later process while it lasts", async () => {
    const { link, hands, metrics, answer } = scene();
    await answer();
    hands.hold({ callId: "pbx;1.0", held: true });
    await settle();
    assert.equal(link.variables.get("EXPORT(1.0,MUTEAUDIO(all))"), "on");
    assert.equal(link.variables.get("RINGFENCE_HELD_ringfence"), "1.0");
    hands.hold({ callId: "pbx;1.0", held: false });
    await settle();
    assert.equal(link.variables.get("EXPORT(1.0,MUTEAUDIO(all))"), "off");
    assert.equal(link.variables.get("RINGFENCE_HELD_ringfence"), "");
    assert.equal(steps(metrics, "hold", "done"), 2);
  });

  test("what is held is noted in the request's body: its line is too short for two hundred calls", async () => {
    const { link, hands, answer } = scene();
    await answer();
    hands.hold({ callId: "pbx;1.0", held: true });
    await settle();
    const notes = link.requests.filter(({ query, body }) => /HELD/.test(JSON.stringify({ query, body })));
    assert.deepEqual(
      notes.map(({ query, body }) => [query, body]),
      [[undefined, { variable: "RINGFENCE_HELD_ringfence", value: "1.0" }]],
    );
  });

  test("calls that ended while they were held take no place: after two hundred another one is held", async () => {
    const { link, hands, metrics } = scene();
    for (let i = 0; i <= 201; i++) {
      const [caller, peer] = [ariChannel(`${i}.0`), ariChannel(`${i}.1`, { name: "PJSIP/peer-1" })];
      link.tell({ type: "Dial", dialstatus: "ANSWER", caller, peer });
      await settle();
      hands.hold({ callId: `pbx;${i}.0`, held: true });
      await settle();
      if (i < 201) link.tell({ type: "ChannelDestroyed", channel: caller });
      await settle();
    }
    assert.deepEqual([steps(metrics, "hold", "done"), steps(metrics, "hold", "failed")], [202, 0]);
    assert.equal(link.variables.get("RINGFENCE_HELD_ringfence"), "201.0");
  });

  test("a hold that cannot be noted takes no place", async () => {
    const { link, hands, metrics, answer } = scene();
    await answer();
    link.fails = { like: /^POST \/asterisk\/variable/, code: "ari.unavailable" };
    hands.hold({ callId: "pbx;1.0", held: true });
    await settle();
    assert.equal(steps(metrics, "hold", "failed"), 1);
    link.fails = undefined;
    await hands.close();
    assert.equal(link.variables.size, 0);
  });

  test("what a former process held and did not release is released, once, and only what is still there", async () => {
    const { link, hands } = scene();
    link.variables.set("RINGFENCE_HELD_ringfence", "1.0 gone.7");
    await hands.onStock({ channels: [A], bridges: [] });
    await settle();
    await hands.onStock({ channels: [A], bridges: [] });
    await settle();
    assert.equal(link.variables.get("EXPORT(1.0,MUTEAUDIO(all))"), "off");
    assert.equal(link.variables.has("EXPORT(gone.7,MUTEAUDIO(all))"), false);
    assert.equal(link.variables.get("RINGFENCE_HELD_ringfence"), "");
  });

  test("an Asterisk without the modules: what cannot be done is not counted as done", async () => {
    const { link, hands, metrics, answer } = scene();
    link.fails = { like: /res_mutestream/, code: "ari.rejected", status: 404 };
    await hands.onStock({ channels: [], bridges: [] });
    await answer();
    hands.hold({ callId: "pbx;1.0", held: true });
    hands.tag({ callId: "pbx;1.0", state: "scam", score: 1, threat: "none" });
    await settle();
    assert.deepEqual([steps(metrics, "hold", "not-possible"), steps(metrics, "tag", "done")], [1, 1]);
    assert.equal(link.variables.has("EXPORT(1.0,MUTEAUDIO(all))"), false);
  });

  test("the gateway ends: what it holds is let go", async () => {
    const { link, hands, answer } = scene();
    await answer();
    hands.hold({ callId: "pbx;1.0", held: true });
    await settle();
    await hands.close();
    assert.equal(link.variables.get("EXPORT(1.0,MUTEAUDIO(all))"), "off");
  });

  test("an Asterisk that does not answer, and a call that is not there, are counted", async () => {
    const { link, hands, metrics, answer } = scene();
    assert.equal(hands.knows("pbx;1.0"), false);
    hands.hold({ callId: "pbx;1.0", held: true });
    await answer();
    assert.equal(hands.knows("pbx;1.0"), true);
    link.fails = { like: /./, code: "ari.unavailable" };
    hands.tag({ callId: "pbx;1.0", state: "scam", score: 1, threat: "none" });
    hands.warn({ callId: "pbx;1.0" });
    await settle();
    assert.deepEqual(
      [steps(metrics, "hold", "not-possible"), steps(metrics, "tag", "failed"), steps(metrics, "warn", "failed")],
      [1, 1, 1],
    );
  });
});
