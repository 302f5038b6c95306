import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { AsteriskMediaOptions } from "../../../gateway/adapters/asterisk-media/asterisk-media.js";
import { designKernel } from "../../../gateway/media/resample/design-kernel.js";
import { Resampler } from "../../../gateway/media/resample/resampler.js";
import { G711 } from "../../../gateway/media/g711/g711.js";
import type { AnnouncedStream, MediaChannelUser } from "../../../gateway/ports/announced-media.js";
import { AsteriskMediaScene, AudioSocketPeer, SERVER } from "../../support/asterisk-media-scene.js";
import { decodeTones } from "../../support/modem/decode-tones.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { until } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";

// AudioSockets over real sockets on loopback, in their real thread. Our peers do what res_audiosocket.c does.

const UUID = (n: number): string => `40325ec2-5efd-4bd3-805f-${n.toString(16).padStart(12, "0")}`;
const CALL: AnnouncedStream = { callId: "pbx;1.2", speaker: "caller", caller: "+12025550101", called: "100" };

async function scene(t: TestContext, options: Partial<AsteriskMediaOptions> = {}): Promise<AsteriskMediaScene> {
  const made = await AsteriskMediaScene.start(options);
  t.after(() => made.close());
  return made;
}

/** An announced connection that is open. */
async function opened(made: AsteriskMediaScene, stream = CALL, n = 1, user: MediaChannelUser = {}) {
  let isOpen = false;
  const channel = made.media.announce(UUID(n), stream, {
    ...user,
    onOpen: () => {
      isOpen = true;
      user.onOpen?.();
    },
  });
  const peer = await AudioSocketPeer.connect(made.audioSocketPort, UUID(n));
  await until("the channel to open", () => isOpen);
  return { channel, peer };
}

const wide = (samples: Float32Array, rateHz: number): Float32Array => {
  const kernel = designKernel(8_000, rateHz);
  if (kernel === undefined) return samples;
  const resampler = new Resampler(kernel);
  const input = new Float32Array(samples.length + 400);
  input.set(samples);
  const out = new Float32Array(resampler.mostFor(input.length));
  return out.subarray(0, resampler.process(input, out));
};

test("both sides of a call, one at 8 kHz in pieces of 30 ms, one at 16 kHz, are heard word by word and apart", async (t) => {
  const made = await scene(t);
  const { peer: caller } = await opened(made);
  const { peer: callee } = await opened(made, { ...CALL, speaker: "callee" }, 2);
  const [said, answered] = ["the fraud department of your bank", "i have no account with you"];
  await Promise.all([
    caller.say(0x10, encodeText(said), 8_000, 30),
    callee.say(0x12, wide(encodeText(answered), 16_000), 16_000),
  ]);
  await until("the words", () => made.ears[0]?.text === said && made.ears[1]?.text === answered);
  assert.deepEqual(
    made.ears.map(({ callId, speaker }) => [callId, speaker]),
    [
      [CALL.callId, "caller"],
      [CALL.callId, "callee"],
    ],
  );
  assert.deepEqual(made.calls, [CALL.callId]);
});

test("A-law under kind 0x10 is heard where the announcement says so", async (t) => {
  const made = await scene(t);
  const { peer } = await opened(made, { ...CALL, codec: "alaw" });
  const samples = encodeText("nobody asked for a code");
  const coded = new Uint8Array(samples.length);
  new G711("PCMA").encode(samples, coded);
  for (let at = 0; at < coded.length; at += 160) {
    peer.send(0x10, coded.subarray(at, at + 160));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until("the words", () => made.ears[0]?.text === "nobody asked for a code");
});

test("silence goes out every 20 ms from the first moment, also to a peer that says nothing, in the peer's own rate", async (t) => {
  const made = await scene(t);
  const { peer } = await opened(made);
  await until("half a second of silence", () => peer.heard.length >= 25);
  assert.ok(peer.heard.every(({ kind, payload }) => kind === 0x10 && payload.length === 320));
  assert.ok(peer.heard.every(({ payload }) => payload.every((byte) => byte === 0)));
  // Half a second in which nobody stood still: at another pace there is none.
  const isPaced = (from: number): boolean => {
    const [first, last] = [peer.heard[from], peer.heard[from + 24]];
    const perFrame = ((last?.atMs ?? Infinity) - (first?.atMs ?? 0)) / 24;
    return perFrame > 15 && perFrame < 30;
  };
  await until("a frame every 20 ms", () => peer.heard.some((_, from) => isPaced(from)));
  peer.send(0x13, new Uint8Array(960));
  await until("silence at 24 kHz", () => peer.heard.at(-1)?.kind === 0x13 && peer.heard.at(-1)?.payload.length === 960);
});

test("a prompt is heard by the peer to its end; a flush cuts it off; digits come in", async (t) => {
  const made = await scene(t);
  const digits: string[] = [];
  const { channel, peer } = await opened(made, CALL, 1, { onDigit: (digit) => void digits.push(digit) });
  const samples = encodeText("say who you are");
  assert.equal(await channel.play({ sampleRateHz: 8_000, samples }), true);
  const heard = peer.heard.flatMap(({ payload }) =>
    Array.from({ length: payload.length / 2 }, (_, i) => Buffer.from(payload).readInt16LE(2 * i) / 32_768),
  );
  const eight = Float32Array.from(heard);
  const text = decodeTones(wide(eight, 16_000), 16_000)
    .map((burst) => burst.text)
    .join("");
  assert.equal(text, "say who you are");
  peer.send(0x03, Buffer.from("7"));
  peer.send(0x03, Buffer.from("#"));
  const played = channel.play({ sampleRateHz: 8_000, samples: new Float32Array(80_000).fill(0.5) });
  await until("the prompt", () => (peer.heard.at(-1)?.payload[1] ?? 0) > 0);
  channel.flush();
  assert.equal(await played, false);
  await until("silence", () => peer.heard.at(-1)?.payload[1] === 0);
  assert.deepEqual(digits, ["7", "#"]);
});

test("a flood of digits is cut to fifty a second, the rest is counted; another connection's come through", async (t) => {
  const made = await scene(t);
  const [digits, others]: [string[], string[]] = [[], []];
  const { peer } = await opened(made, CALL, 1, { onDigit: (digit) => void digits.push(digit) });
  const other = await opened(made, { ...CALL, callId: "pbx;2.2" }, 2, { onDigit: (digit) => void others.push(digit) });
  const sent = 100_000;
  const startedAt = performance.now();
  peer.socket.write(Buffer.alloc(sent * 4, Buffer.from([0x03, 0, 1, 0x37])));
  other.peer.send(0x03, Buffer.from("1"));
  const counted = (what: string): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", what);
  await until("all of them to be read", () => counted("digit") + counted("digit-dropped") === sent + 1);
  const seconds = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
  assert.ok(digits.length >= 50 && digits.length <= 50 * seconds, `${digits.length} in ${seconds} s`);
  assert.equal(counted("digit"), digits.length + 1);
  assert.deepEqual(others, ["1"]);
});

for (const { name, end, reason } of [
  { name: "the peer's FIN", end: (peer: AudioSocketPeer) => void peer.socket.end(), reason: "peer-closed" },
  {
    name: "the peer's RST",
    end: (peer: AudioSocketPeer) => void peer.socket.resetAndDestroy(),
    reason: "socket-failed",
  },
  {
    name: "a hang-up message",
    end: (peer: AudioSocketPeer) => peer.send(0, new Uint8Array(0)),
    reason: "peer-hung-up",
  },
]) {
  test(`${name} ends it at once`, async (t) => {
    const made = await scene(t);
    let closed = "";
    const { peer } = await opened(made, CALL, 1, { onClosed: (why) => void (closed = why) });
    const startedAt = performance.now();
    end(peer);
    await until("the end", () => closed !== "" && peer.endedAtMs !== undefined);
    assert.ok(performance.now() - startedAt < SERVER.idleMs, "not when it had been idle for long");
    assert.equal(closed, reason);
    await until("the end of the stream", () => made.ears[0]?.isOpen === false);
    await until("the end of the call", () => made.calls.includes(`${CALL.callId} over`));
  });
}

test("our hang-up is a message of kind 0, then the end", async (t) => {
  const made = await scene(t);
  const { channel, peer } = await opened(made);
  channel.hangUp();
  await peer.ended();
  assert.equal(peer.heard.at(-1)?.kind, 0);
});

test("who has not said a UUID yet when the gateway stops is told that it is over: its dialplan goes on", async (t) => {
  const made = await scene(t);
  const peer = await AudioSocketPeer.connect(made.audioSocketPort);
  await until(
    "the connection",
    () => made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", "accepted") === 1,
  );
  await made.media.close();
  await peer.ended();
  assert.deepEqual(
    peer.heard.map(({ kind }) => kind),
    [0],
  );
});

test("errors that Asterisk reports are counted, and the sound goes on", async (t) => {
  const made = await scene(t);
  const { peer } = await opened(made);
  peer.send(0xff, Uint8Array.of(2));
  peer.send(0x10, new Uint8Array(3_200));
  await until("the sound", () => (made.ears[0]?.ms ?? 0) >= 180);
  const counted = (): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", "error-frame");
  await until("the count", () => counted() === 1);
});

test("who is not allowed, comes as one too many, says nothing, or what nobody announced, is cut off and counted", async (t) => {
  const made = await scene(t, {
    worker: { audioSocket: { ...SERVER, maxConnections: 2, claimTimeoutMs: 3_000 }, mediaWebSocket: undefined },
  });
  const port = made.audioSocketPort;
  const unknown = await AudioSocketPeer.connect(port, UUID(9));
  await unknown.ended();
  const silent = await AudioSocketPeer.connect(port);
  const { peer } = await opened(made);
  const third = await AudioSocketPeer.connect(port);
  await third.ended();
  assert.equal(silent.endedAtMs, undefined, "it was not full any more");
  await silent.ended();
  assert.equal(peer.endedAtMs, undefined);
  const closed = (reason: string): number => made.metrics.value("ringfence_asterisk_media_closed_total", reason);
  await until("both to be counted", () => closed("unknown-uuid") === 1 && closed("no-uuid") === 1);
  const event = (what: string): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", what);
  await until("the count", () => event("full") === 1);
});

test("allowFrom: nobody else gets as far as a byte", async (t) => {
  const made = await scene(t, {
    worker: { audioSocket: { ...SERVER, allowFrom: ["192.0.2.0/24"] }, mediaWebSocket: undefined },
  });
  const peer = await AudioSocketPeer.connect(made.audioSocketPort, UUID(1));
  await peer.ended();
  assert.equal(peer.heard.length, 0);
  const refused = (): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", "not-allowed");
  await until("the count", () => refused() === 1);
});

test("100 connections with garbage are closed, and a call beside them is heard without a gap", async (t) => {
  const made = await scene(t);
  const { peer } = await opened(made);
  const random = new SeededRandom(5);
  const words = "while others send garbage this is heard";
  const speaking = peer.say(0x10, encodeText(words), 8_000);
  const noise = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const other = await AudioSocketPeer.connect(made.audioSocketPort, i % 3 === 0 ? UUID(100 + i) : undefined);
      other.socket.write(Uint8Array.from({ length: 1 + random.below(5_000) }, () => random.below(256)));
      return other;
    }),
  );
  await Promise.all(noise.map((other) => other.ended()));
  await speaking;
  await until("the words", () => made.ears[0]?.text === words);
  assert.equal(peer.endedAtMs, undefined);
});

test("a flood is read slowly, its surplus dropped and counted; a peer that does not read loses our frames, not its own", async (t) => {
  const made = await scene(t);
  const { peer } = await opened(made);
  const words = "after the flood this is heard";
  const second = new Uint8Array(16_000);
  for (let i = 0; i < 400; i++) peer.send(0x10, second);
  const event = (what: string): number =>
    made.metrics.value("ringfence_asterisk_media_events_total", "audio-socket", what);
  await until("the flood to be seen", () => event("flood") >= 1);
  await until("sound to be dropped", () => event("dropped-ms") > 10_000, 60_000);
  assert.equal(peer.endedAtMs, undefined);
  const { peer: deaf } = await opened(made, { ...CALL, speaker: "callee" }, 2);
  deaf.socket.pause();
  await deaf.say(0x10, encodeText(words), 8_000);
  await until("the words", () => made.ears[1]?.text === words);
});

test("a connection that says nothing any more is closed after its idle time", async (t) => {
  const made = await scene(t, {
    worker: { audioSocket: { ...SERVER, idleMs: 1_000 }, mediaWebSocket: undefined },
  });
  let reason = "";
  const { peer } = await opened(made, CALL, 1, { onClosed: (why) => void (reason = why) });
  await peer.ended();
  await until("the reason", () => reason === "idle");
});

test("a port that is taken is a start that fails, and leaves nothing", async (t) => {
  const made = await scene(t);
  const taken = { ...SERVER, port: made.audioSocketPort };
  await assert.rejects(
    AsteriskMediaScene.start({ worker: { audioSocket: taken, mediaWebSocket: undefined } }),
    (error: { code?: string }) => error.code === "listen.failed",
  );
});
