import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Mouth } from "../../../../../gateway/adapters/asterisk-ari/hearing/mouth.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { RtpPath } from "../../../../../gateway/adapters/asterisk-ari/hearing/rtp-path.js";
import { OwnMarks } from "../../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { AriScreenedLine } from "../../../../../gateway/adapters/asterisk-ari/screening/ari-screened-line.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { FakeListening, FakeMediaReceiver } from "../../../../support/fake-listening.js";
import { ariChannel, MemoryAriLink, settle } from "../../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

const SOUND = { sampleRateHz: 8_000, samples: new Float32Array(800) };
const CALL_ID = "pbx;1.0;screening";

/** What a variable is set to. */
interface Settings {
  readonly variable: string;
  readonly value: string;
}

function scene(lentMs?: number) {
  const [link, clock, heard, receiver] = [
    new MemoryAriLink(),
    new FakeClock(),
    new FakeListening(),
    new FakeMediaReceiver(),
  ];
  const marks = new OwnMarks("ringfence", new SeededRandom(1));
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, { link, marks, clock, log: silentLog });
  const told: string[] = [];
  const voices: { over: () => void; stopped: boolean }[] = [];
  const mouth = {
    host: "127.0.0.1:40000",
    track: (to: object) => to,
    speak: (_frames: unknown, _to: unknown, over: () => void) => {
      const voice = { over, stopped: false };
      voices.push(voice);
      return () => (voice.stopped = true);
    },
  } as unknown as Mouth;
  const line = new AriScreenedLine(
    { channelId: "1.0", callId: CALL_ID, format: "ulaw", talkSilenceMs: 400, talkLevel: 256, lentMs },
    { link, clock, objects, path: new RtpPath({ objects, mouth, heard, receiver, family: 4 }), log: silentLog },
  );
  const open = async (): Promise<void> => {
    heard.open({ callId: CALL_ID, risk: 0, calledSide: "callee", parties: {} as never });
    line.open({
      onReady: () => told.push("ready"),
      onFailed: () => told.push("failed"),
      onPlayed: () => told.push("played"),
      onSpeech: (talking, agoMs) => told.push(`${talking ? "talks" : "stops"} ${agoMs}`),
      onDigit: (digit) => told.push(`digit ${digit}`),
      onGone: () => told.push("gone"),
    });
    await settle();
  };
  const event = (type: string, more: object = {}): void => link.tell({ type, channel: ariChannel("1.0"), ...more });
  const left = (): number[] => [link.channels.size, link.bridges.size, receiver.open.length, heard.streams.size];
  const leases = (): string[] =>
    link.requests
      .filter(({ path, body }) => path.endsWith("/variable") && (body as Settings).variable === "TIMEOUT(absolute)")
      .map(({ body }) => (body as Settings).value);
  return { link, clock, heard, receiver, line, told, voices, open, event, left, leases };
}

describe("a call that is screened over ARI", () => {
  test("is answered, heard, whispered to, and its speech and keys are told", async () => {
    const { link, line, told, voices, open, event } = scene();
    await open();
    assert.equal(link.asked[0], "POST /channels/1.0/answer");
    assert.equal(link.count(/^POST \/channels\/1\.0\/silence$/), 1);
    assert.ok(line.play(SOUND));
    event("ChannelTalkingStarted");
    line.hush();
    assert.equal(voices[0]?.stopped, true);
    event("ChannelTalkingFinished", { duration: 900 });
    event("ChannelDtmfReceived", { digit: "1", duration_ms: 100 });
    event("ChannelDtmfReceived", { digit: 7 });
    link.tell({ type: "ChannelDtmfReceived", channel: ariChannel("2.0"), digit: "2" });
    assert.ok(line.play(SOUND));
    voices[1]?.over();
    assert.deepEqual(told, ["ready", "talks 0", "stops 400", "digit 1", "played"]);
  });

  test("is given back with the result, once, and nothing of ours is left or told", async () => {
    const { link, line, told, open, event, left } = scene();
    await open();
    await Promise.all([line.finish("pass", "answered"), line.finish("goodbye", "scam")]);
    const set = link.requests
      .filter(({ path }) => path.endsWith("/variable"))
      .map(({ body }) => Object.values(body as Settings).join("="));
    assert.deepEqual(set.slice(1), [
      "RINGFENCE_SCREENING=pass",
      "RINGFENCE_SCREENING_REASON=answered",
      "TALK_DETECT(remove)=",
    ]);
    assert.equal(link.count(/continue$/), 1);
    assert.ok(
      link.asked.indexOf("POST /channels/1.0/continue") > link.asked.lastIndexOf("POST /channels/1.0/variable"),
    );
    assert.deepEqual(left(), [0, 0, 0, 0]);
    event("ChannelDtmfReceived", { digit: "1" });
    event("StasisEnd");
    assert.deepEqual(told, ["ready"]);
    assert.equal(line.play(SOUND), false);
  });

  test("what was decided is on the channel before the last prompt, for a dialplan whose patience ends in the middle of it", async () => {
    const { link, line, open, event } = scene();
    await open();
    line.decide("goodbye", "scam");
    assert.ok(line.play(SOUND));
    await settle();
    const set = link.requests
      .filter(({ path }) => path.endsWith("/variable"))
      .map(({ body }) => (body as Settings).value);
    assert.deepEqual(set.slice(1), ["goodbye", "scam"]);
    event("StasisEnd");
    line.decide("pass", "answered");
    await line.finish("pass", "answered");
    assert.equal(link.count(/variable$/), 3);
  });

  test("the caller hangs up: told once, and nothing is left", async () => {
    const { line, told, open, event, left, link } = scene();
    await open();
    event("StasisEnd");
    event("ChannelDestroyed");
    await settle();
    assert.deepEqual(told, ["ready", "gone"]);
    assert.deepEqual(left(), [0, 0, 0, 0]);
    await line.finish("pass", "answered");
    assert.equal(link.count(/continue/), 0);
  });

  for (const like of [/answer$/, /snoop/, /externalMedia/, /^POST \/bridges$/]) {
    test(`${like.source} fails: told, and what was made is deleted when it is given back`, async () => {
      const { link, line, told, open, left } = scene();
      link.fails = { like, code: "ari.rejected", status: 404 };
      await open();
      assert.deepEqual(told, ["failed"]);
      await line.finish("unavailable", "unavailable");
      assert.deepEqual(left(), [0, 0, 0, 0]);
    });
  }

  test("is lent by the dialplan for ten seconds at a time, as long as we say so and as long as the dialplan says in all", async () => {
    const { clock, open, leases, link } = scene(12_000);
    await open();
    assert.equal(link.asked[0], "POST /channels/1.0/answer", "the caller first");
    assert.deepEqual(leases(), ["10"]);
    clock.advance(2_500);
    assert.deepEqual(leases(), ["10", "9.5"]);
    clock.advance(60_000);
    assert.deepEqual(leases(), ["10", "9.5", "7", "4.5", "2"]);
  });

  for (const [how, end] of [
    ["given back", ({ line }: ReturnType<typeof scene>) => line.finish("pass", "answered")],
    [
      "over",
      ({ event }: ReturnType<typeof scene>) => {
        event("StasisEnd");
        return Promise.resolve();
      },
    ],
  ] as const)
    test(`one that is ${how} is not lent any longer: its dialplan goes on with a time-out of its own`, async () => {
      const each = scene(90_000);
      await each.open();
      await end(each);
      each.clock.advance(60_000);
      assert.deepEqual(each.leases(), ["10"]);
    });

  test("the time-out of a dialplan that lends nothing is left alone: nobody would put it back", async () => {
    const { clock, open, leases } = scene();
    await open();
    clock.advance(60_000);
    assert.deepEqual(leases(), []);
  });

  test("without func_talkdetect it works on", async () => {
    const { link, told, open } = scene();
    link.fails = { like: /variable$/, code: "ari.rejected", status: 400 };
    await open();
    assert.deepEqual(told, ["ready"]);
  });

  test("given back while it is being opened: nothing is left", async () => {
    const { receiver, line, told, open, left } = scene();
    let go = (): void => undefined;
    receiver.gate = new Promise((resolve) => (go = resolve));
    await open();
    const finished = line.finish("unavailable", "unavailable");
    go();
    await finished;
    await settle();
    assert.deepEqual([told, left()], [[], [0, 0, 0, 0]]);
  });
});
