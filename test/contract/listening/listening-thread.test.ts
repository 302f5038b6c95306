import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PacketRing } from "../../../gateway/media/fork/packet-ring.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import type { SpeechPiece } from "../../../gateway/ports/speech-keeper.js";
import { ListeningScene } from "../../support/listening-scene.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { PCMU } from "../../support/rtp-stream.js";
import { until } from "../../support/processes.js";
import { silence } from "../../support/sounds.js";
import { RtpVoice } from "../../support/talking.js";

let scene: ListeningScene;
before(async () => {
  scene = await ListeningScene.start();
});
after(() => scene.close());

/** `value` of a sample of the listening thread's registry. */
async function metric(name: string): Promise<number | undefined> {
  const all = (await scene.client.metrics()) as { name: string; values: { value: number }[] }[];
  return all.find((each) => each.name === name)?.values.reduce((sum, { value }) => sum + value, 0);
}

const wavOf = (parts: readonly Float32Array[], sampleRateHz = 8_000): ArrayBuffer => {
  const bytes = writeWav({ sampleRateHz, channels: parts });
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
};
const spoken = (...texts: readonly string[]): Float32Array => {
  const parts = texts.flatMap((text) => [silence(500).subarray(0, 4_000), encodeText(text), new Float32Array(6_000)]);
  return Float32Array.from(parts.flatMap((part) => [...part]));
};

test("words written as packets into the ring come back as lines and verdicts, of both speakers on one clock", async () => {
  const [caller, callee] = scene.open("call-1");
  const voice = new RtpVoice();
  const later = scene.say(caller, voice, "this is the security department of your bank");
  scene.say(callee, new RtpVoice(), "oh dear what has happened", later - 400);
  scene.say(caller, voice, "buy gift cards and read me the numbers", later + 2_500);
  await scene.until("three lines", () => scene.finals("call-1").length === 3);
  assert.deepEqual(scene.finals("call-1"), [
    "caller: this is the security department of your bank",
    "callee: oh dear what has happened",
    "caller: buy gift cards and read me the numbers",
  ]);
  await scene.until("three verdicts", () => scene.verdicts.length === 3);
  assert.equal(scene.verdicts[2]?.turns.length, 3);
  const starts = scene.lines.filter(({ final }) => final).map(({ startMs }) => startMs);
  assert.deepEqual(
    starts,
    starts.toSorted((a, b) => a - b),
  );
  scene.client.listening.close("call-1");
});

test("a second ring is read too, and a stream that has ended is read to its end", async () => {
  const ring = scene.client.openRing(1 << 20);
  const [caller] = scene.open("call-2");
  const first = scene.ring;
  scene.ring = ring;
  scene.say(caller, new RtpVoice(), "through the other ring");
  scene.ring = first;
  scene.client.heardStreams.close(caller);
  await scene.until("the line", () => scene.finals("call-2").length === 1);
  assert.deepEqual(scene.finals("call-2"), ["caller: through the other ring"]);
  scene.client.listening.close("call-2");
});

test("its metrics come over, with what the ring had no room for", async () => {
  const small = PacketRing.allocate(65_536);
  assert.equal(await metric("ringfence_heard_fork_dropped_total"), 0);
  await until("its work to be counted", async () => ((await metric("ringfence_speech_jobs_total")) ?? 0) >= 4);
  await until("its queue to be empty", async () => (await metric("speech_queue_seconds")) === 0);
  // A ring that nobody reads fills up; writing to it never waits.
  while (small.write(1, 0, new Uint8Array(172)));
  assert.ok(small.dropped > 0);
});

test("capacity is measured and told, health says so", async () => {
  await scene.until("the capacity", () => /room for \d+ talkers/.test(scene.client.listening.detail));
  assert.equal(scene.client.listening.ok, true);
  assert.match(scene.client.listening.detail, /^tone modem, /);
});

test("limits: what is not there cannot be opened, changed or closed, and is counted", () => {
  const { heardStreams, listening } = scene.client;
  assert.equal(heardStreams.open({ callId: "nobody", speaker: "caller", formats: [PCMU] }), undefined);
  heardStreams.change(9_999, [PCMU]);
  heardStreams.close(9_999);
  listening.close("nobody");
  listening.risk("nobody", 1);
  assert.equal(scene.metrics.value("ringfence_heard_refused_total", "stream"), 1);
  for (let i = 0; i < 101; i++) listening.open(scene.call(`many-${i}`));
  assert.equal(scene.metrics.value("ringfence_heard_refused_total", "call"), 1);
  for (let i = 0; i < 101; i++) listening.close(`many-${i}`);
});

test("a recording: stretches, text, turns, verdict", async () => {
  const wav = wavOf(
    [spoken("your account has been hacked", "tell me the one time code"), spoken("which account")].map(
      (channel, _i, all) => {
        const padded = new Float32Array(Math.max(...all.map(({ length }) => length)));
        padded.set(channel);
        return padded;
      },
    ),
  );
  const sizeBytes = wav.byteLength;
  const analysis = await scene.client.analyze({ wav });
  assert.equal(wav.byteLength, 0, "handed over, not copied");
  assert.ok(sizeBytes > 0);
  assert.deepEqual(analysis.segments.map(({ speaker, text }) => `${speaker}: ${text ?? "–"}`).sort(), [
    "callee: which account",
    "caller: tell me the one time code",
    "caller: your account has been hacked",
  ]);
  assert.ok(analysis.verdict !== undefined && analysis.turns.length === 2);
  assert.equal(analysis.recogniser, "tone modem");
});

test("recordings that are none, lie, or are too long are refused with the reason; one that is cut off is read", async () => {
  const refused = async (wav: ArrayBuffer): Promise<string> =>
    scene.client.analyze({ wav }).then(
      () => "analysed",
      (error: unknown) => (error as Error & { code: string }).code + " " + (error as Error).message,
    );
  assert.match(await refused(new TextEncoder().encode("ID3 not a wav file at all").buffer), /^audio\.invalid .*no WAV/);
  assert.match(await refused(wavOf([new Float32Array(0)])), /^audio\.invalid .*no sound/);
  assert.match(await refused(wavOf([silence(10), silence(10), silence(10)])), /^audio\.invalid .*3 channels/);
  assert.match(await refused(wavOf([new Float32Array(8_000 * 601)])), /^audio\.invalid .*601 s long/);
  const lying = wavOf([spoken("the file is cut off")]);
  new DataView(lying).setUint32(40, 0x7fffffff, true);
  const analysis = await scene.client.analyze({ wav: lying });
  assert.equal(analysis.truncated, true);
  assert.equal(analysis.segments[0]?.text, "the file is cut off");
});

test("as many recordings at a time as are allowed", async () => {
  // Both made before, and long: the second comes while the first is worked on.
  const order = (): { wav: ArrayBuffer } => ({ wav: wavOf([spoken(...Array<string>(8).fill("one after the other"))]) });
  const orders = [order(), order()];
  const results = await Promise.allSettled(orders.map((each) => scene.client.analyze(each)));
  const codes = results.map((result) =>
    result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code,
  );
  assert.deepEqual(codes, ["ok", "stt.busy"]);
});

test("what was said is handed over where somebody keeps it, and only there", async () => {
  const kept: SpeechPiece[] = [];
  const keeping = await ListeningScene.start({ worker: { keepSpeech: true } });
  try {
    keeping.client.keepSpeech({ keep: (piece) => void kept.push(piece) });
    const [caller] = keeping.open("call-9");
    keeping.say(caller, new RtpVoice(), "good morning to you");
    await keeping.until("the line", () => keeping.finals("call-9").length === 1);
    await keeping.until("the speech", () => kept.length === 1);
    const [piece] = kept;
    assert.deepEqual([piece?.callId, piece?.speaker, piece?.sampleRateHz], ["call-9", "caller", 16_000]);
    assert.equal(
      piece?.samples.some((sample) => Math.abs(sample) > 1_000),
      true,
    );
  } finally {
    await keeping.close();
  }
});

test("telephone numbers go where the operator wants that, and stay elsewhere", async () => {
  const said = "call me back at 202 555 0143 please";
  const redacting = await ListeningScene.start({ worker: { redactPhones: true } });
  try {
    for (const each of [redacting, scene]) {
      const [caller] = each.open("call-10");
      each.say(caller, new RtpVoice(), said);
      await each.until("the line", () => each.finals("call-10").length === 1);
    }
    assert.equal(scene.finals("call-10")[0], `caller: ${said}`);
    assert.doesNotMatch(redacting.finals("call-10")[0] ?? "0143", /0143/);
  } finally {
    await redacting.close();
  }
});
