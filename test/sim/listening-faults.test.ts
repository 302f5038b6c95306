import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../gateway/core/errors.js";
import { monoMs, type MonoMs } from "../../gateway/core/time.js";
import type { PcmAudio } from "../../gateway/media/audio.js";
import { DEFAULT_LISTENING_OPTIONS } from "../../gateway/pipeline/listening-options.js";
import type { Transcriber, TranscribeOptions, Transcript } from "../../gateway/ports/transcriber.js";
import type { FakeClock } from "../support/fake-clock.js";
import { encodeText } from "../support/modem/encode-tones.js";
import { createSpeechEngine } from "../support/modem/speech-engine.js";
import { toSpeechRate } from "../support/modem/telephone-line.js";
import { SeededRandom } from "../support/seeded-random.js";
import { babble, joined, silence } from "../support/sounds.js";
import { coded, RtpVoice, TalkingScene } from "../support/talking.js";
import { PCMU } from "../support/rtp-stream.js";

const SEED = 20_261_129;

/** Decodes so many at a time, each in a share of the audio's length; dies and hangs when told to. */
class TimedTranscriber implements Transcriber {
  readonly name = "timed";
  readonly concurrency = 1;
  readonly tellsTimes = false;
  decoded = 0;
  state: "well" | "dead" | "hung" | "mad" = "well";
  readonly #clock: () => FakeClock;
  readonly #realTimeFactor: number;
  #freeAt: MonoMs = monoMs(0);

  constructor(clock: () => FakeClock, realTimeFactor: number) {
    this.#clock = clock;
    this.#realTimeFactor = realTimeFactor;
  }

  transcribe({ samples }: PcmAudio, _options: TranscribeOptions, signal: AbortSignal): Promise<Transcript> {
    if (this.state === "dead") return Promise.reject(new GatewayError("stt.unavailable", "no child"));
    if (this.state === "hung") return new Promise(() => undefined);
    if (this.state === "mad") return Promise.resolve({ text: "blah ".repeat(400), tokens: [] });
    const clock = this.#clock();
    const ms = (samples.length / 16) * this.#realTimeFactor;
    this.#freeAt = monoMs(Math.max(clock.mono(), this.#freeAt) + ms);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      clock.callAt(this.#freeAt, () => {
        this.decoded++;
        resolve({ text: "words", tokens: [] });
      });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Talk of about 3 s and a pause of 1 s, for ever: each speaker at another point of it. */
const talking = (seed: number, ms: number): Float32Array => {
  const random = new SeededRandom(SEED + seed);
  const parts: Float32Array[] = [silence(400 * (seed % 5))];
  for (let at = 0; at < ms; at += 4_000) parts.push(babble(3_000, random), silence(1_000));
  return joined(...parts);
};

function timedScene(realTimeFactor: number): { scene: TalkingScene; transcriber: TimedTranscriber } {
  const transcriber: TimedTranscriber = new TimedTranscriber(() => scene.clock, realTimeFactor);
  const options = { ...DEFAULT_LISTENING_OPTIONS, desk: { ...DEFAULT_LISTENING_OPTIONS.desk, timeoutMs: 4_000 } };
  const scene: TalkingScene = new TalkingScene({ transcriber, options });
  return { scene, transcriber };
}

test("60 s of silence, and of nothing at all: no text, no memory, no verdict", async () => {
  const { scene, transcriber } = timedScene(0.1);
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: silence(60_000) }]);
  await scene.quiet(60_000);
  assert.equal(transcriber.decoded, 0);
  assert.deepEqual(scene.told.lines, []);
  assert.deepEqual(scene.told.verdicts, []);
});

test("one-way audio: the one who is heard has his text", async () => {
  const { scene } = timedScene(0.1);
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: talking(0, 8_000) }]);
  await scene.quiet(1_500);
  assert.ok(scene.finals.length >= 2);
  assert.ok(scene.finals.every(({ speaker }) => speaker === "caller"));
});

test("30 % loss: stretches are found where they are, the call goes on", async () => {
  const random = new SeededRandom(SEED);
  const { scene } = timedScene(0.05);
  scene.call("call-1", 1);
  const sound = joined(silence(1_000), babble(2_500, random), silence(2_000), babble(2_500, random), silence(1_500));
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound }], () => random.next() < 0.3);
  await scene.quiet(1_000);
  const starts = scene.finals.map(({ startMs }) => startMs);
  assert.ok(
    starts.some((ms) => Math.abs(ms - 800) < 400),
    starts.join(" "),
  );
  assert.ok(
    starts.some((ms) => Math.abs(ms - 5_300) < 500),
    starts.join(" "),
  );
  assert.ok(scene.metrics.value("ringfence_heard_packets_lost_total") > 50);
});

test("reordered packets, duplicates and one in twenty lost: the modem's words come through", async () => {
  const random = new SeededRandom(SEED);
  const { transcriber, voiceActivity } = createSpeechEngine();
  const scene = new TalkingScene({ transcriber, voiceActivity, options: { rejectSteady: false } });
  scene.call("call-1", 1);
  const text = "good morning this is the security department of your bank";
  const sound = joined(silence(1_000), toSpeechRate(encodeText(text)), silence(1_500));
  const voice = new RtpVoice();
  const packets = coded(sound, PCMU)
    .map((payload, n) => ({ packet: voice.packet(payload), at: n + (random.next() < 0.2 ? 1.5 : 0) }))
    .filter(({ at }) => at < 60 || random.next() >= 0.05)
    .sort((a, b) => a.at - b.at);
  for (const { packet } of packets)
    await scene.step(
      random.next() < 0.05
        ? [
            [1, packet],
            [1, packet],
          ]
        : [[1, packet]],
    );
  await scene.quiet(1_000);
  assert.equal(scene.finals.map((line) => line.text).join(" "), text);
});

test("a stranger's packets under a call's number, and hostile ones, cost nothing", async () => {
  const { scene } = timedScene(0.05);
  scene.call("call-1", 1);
  const random = new SeededRandom(SEED);
  const stranger = new RtpVoice();
  stranger.ssrc = 666;
  const payloads = coded(talking(1, 8_000), PCMU);
  const voice = new RtpVoice();
  for (const payload of payloads) {
    const junk = Uint8Array.from({ length: Math.floor(random.next() * 60) }, () => Math.floor(random.next() * 256));
    await scene.step([
      [1, voice.packet(payload)],
      [1, stranger.packet(new Uint8Array(160).fill(random.next() * 256))],
      [1, junk],
    ]);
  }
  await scene.quiet(1_500);
  assert.ok(scene.finals.length >= 1 && scene.finals.length <= 6, `${scene.finals.length} lines`);
  assert.ok(scene.metrics.value("ringfence_heard_packets_refused_total") > payloads.length);
  assert.equal(scene.metrics.value("ringfence_listening_faults_total"), 0);
});

for (const state of ["dead", "hung", "mad"] as const) {
  test(`the recogniser is ${state} for half a minute: no text meanwhile, and text again afterwards`, async () => {
    const { scene, transcriber } = timedScene(0.05);
    scene.call("call-1", 1);
    const voice = new RtpVoice();
    await scene.talk([{ streamId: 1, voice, sound: talking(2, 8_000) }]);
    const before = scene.finals.length;
    assert.ok(before >= 1);
    transcriber.state = state;
    await scene.talk([{ streamId: 1, voice, sound: talking(3, 30_000) }]);
    const during = scene.finals.length - before;
    assert.ok(during <= 1, `${during} lines of a ${state} recogniser`);
    transcriber.state = "well";
    await scene.talk([{ streamId: 1, voice, sound: talking(4, 24_000) }]);
    await scene.quiet(2_000);
    assert.ok(scene.finals.length - before - during >= 3, `${scene.finals.length} lines at the end`);
    assert.equal(scene.metrics.value("ringfence_heard_streams"), 2);
  });
}

test("more talk than the recogniser can follow: the calls with the lowest risk lose their text, the others have it in time", async () => {
  // Room for about three talkers; eight talk.
  const { scene } = timedScene(0.3);
  const voices = Array.from({ length: 8 }, (_, i) => {
    scene.call(`call-${i}`, 10 * i + 1, { risk: i < 2 ? 0.8 : 0.05 * (i - 2), speakers: ["caller"] });
    return { streamId: 10 * i + 1, voice: new RtpVoice() };
  });
  const talk = (ms: number, seed: number): Promise<void> =>
    scene.talk(voices.map(({ streamId, voice }, i) => ({ streamId, voice, sound: talking(seed + i, ms) })));
  await talk(60_000, 10);
  const shed = [...new Set(scene.told.shed.filter((line) => line.startsWith("-")).map((line) => line.slice(1)))];
  assert.ok(shed.includes("call-2") && shed.includes("call-3"), `shed: ${shed.join(" ")}`);
  assert.ok(!shed.includes("call-0") && !shed.includes("call-1"), `shed: ${shed.join(" ")}`);
  assert.ok(scene.metrics.value("ringfence_speech_shed_total") >= 2);
  // By now only as many are listened to as there is room for: the dangerous ones have their text.
  const from = scene.told.lines.length;
  await talk(20_000, 30);
  const late = scene.told.lines.slice(from).filter(({ final }) => final);
  for (const callId of ["call-0", "call-1"]) {
    assert.ok(late.filter((line) => line.callId === callId).length >= 3, `${callId} is transcribed`);
  }
  // The burden goes, everybody comes back.
  for (let i = 0; i < 8; i++) if (i !== 2) scene.core.closeCall(`call-${i}`);
  await scene.quiet(90_000);
  assert.equal(scene.core.shedCalls, 0);
  const back = scene.finals.filter(({ callId }) => callId === "call-2").length;
  await scene.talk([{ streamId: 21, voice: voices[2]?.voice ?? new RtpVoice(), sound: talking(50, 12_000) }]);
  await scene.quiet(2_000);
  assert.ok(scene.finals.filter(({ callId }) => callId === "call-2").length > back, "call-2 is heard again");
});
