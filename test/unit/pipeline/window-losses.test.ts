import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecodeWork } from "../../../gateway/adapters/whisper/recogniser-work.js";
import { DEFAULT_WHISPER, WhisperTranscriber } from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import type { Child, ChildEvents } from "../../../gateway/core/child-service.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { monoMs } from "../../../gateway/core/time.js";
import { SpeechMetrics } from "../../../gateway/pipeline/speech-metrics.js";
import { SpeechWindows } from "../../../gateway/pipeline/speech-windows.js";
import { TranscriptionDesk } from "../../../gateway/pipeline/transcription-desk.js";
import type { JobOutcome, TranscriptionJob } from "../../../gateway/pipeline/transcription-job.js";
import { WindowTrust } from "../../../gateway/pipeline/window-trust.js";
import type { PcmAudio } from "../../../gateway/media/audio.js";
import type { Transcriber, Transcript, TranscriptToken } from "../../../gateway/ports/transcriber.js";
import { CountingMetrics } from "../../support/counting-metrics.js";
import { FakeClock } from "../../support/fake-clock.js";
import { turnsOfLoop } from "../../support/fake-speech.js";
import { SeededRandom } from "../../support/seeded-random.js";

const STRETCH_MS = 6_000;
/** Jobs of a file that wait, at which its reader stops. */
const MOST_JOBS = 2;
const DESK = { most: 512, mostPerCall: 6, timeoutMs: 10_000, staleMs: 15_000, pressedLagMs: 600 };

/** A word every two seconds, whatever the sound is. */
function wordsIn(soundMs: number): readonly TranscriptToken[] {
  return Array.from({ length: Math.max(1, Math.floor(soundMs / 2_000)) }, (_, i) => {
    const startMs = 2_000 * i;
    return { text: ` w${i}`, probability: 1, startMs, endMs: Math.min(soundMs, startMs + 2_000) };
  });
}

function stretchOf(
  callId: string,
  speaker: "caller" | "callee",
  segment: number,
  done: TranscriptionJob["done"],
): TranscriptionJob {
  const audio = { sampleRateHz: 16_000, samples: new Float32Array(STRETCH_MS * 16) } satisfies PcmAudio;
  const startMs = 7_000 * segment;
  return {
    ...{ callId, speaker, segment, kind: "file", startMs, endMs: startMs + STRETCH_MS, done },
    ...{ spokenAt: monoMs(segment), risk: () => 0, audio: () => audio, language: "en", prompt: undefined },
  };
}

interface Reading {
  readonly clock: FakeClock;
  readonly transcriber: Transcriber;
  readonly packed: boolean;
  readonly files: number;
  readonly rounds: number;
  /** Done before the stretches of a round. */
  readonly before?: () => void;
}

/** Two speakers, a stretch each a round, read as a file is. @returns What became of the stretches. */
async function outcomesOf({ clock, transcriber, packed, files, rounds, before }: Reading) {
  const desk = new TranscriptionDesk({ transcriber, clock, metrics: new SpeechMetrics(new CountingMetrics()) }, DESK);
  const trust = new WindowTrust(clock);
  const outcomes: string[] = [];
  const done = (outcome: JobOutcome): void => {
    outcomes.push(outcome.kind === "text" && outcome.transcript.text === "" ? "empty" : outcome.kind);
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let step = 0; !isSo(); step++) {
      assert.ok(step < 20_000, "it comes to an end");
      clock.advance(250);
      await turnsOfLoop(1);
    }
  };
  for (let file = 1; file <= files; file++) {
    const callId = `file ${file}`;
    const windows = [new SpeechWindows(desk, trust), new SpeechWindows(desk, trust)];
    for (let round = 0; round < rounds; round++) {
      before?.();
      (["caller", "callee"] as const).forEach((speaker, side) =>
        ((packed ? windows[side] : undefined) ?? desk).submit(stretchOf(callId, speaker, round, done)),
      );
      await turnsOfLoop(1);
      await until(() => desk.waitingOf(callId) < MOST_JOBS);
    }
    for (const each of windows) each.flush();
    await until(() => outcomes.length === 2 * rounds * file);
  }
  desk.close();
  return outcomes;
}

/** A recogniser's process. @param tookMs What so much sound takes; undefined: it hangs. */
function childOf(clock: FakeClock, tookMs: (soundMs: number) => number | undefined, killed: () => void) {
  return (_: unknown, events: ChildEvents): Child => {
    let isDead = false;
    const later = (ms: number, tell: () => void): void => {
      clock.callAt(monoMs(clock.mono() + ms), () => {
        if (!isDead) tell();
      });
    };
    later(500, () => events.message({ kind: "ready", info: {} }));
    return {
      kill: () => {
        if (isDead) return;
        isDead = true;
        killed();
        queueMicrotask(() => events.gone("killed"));
      },
      send: (message) => {
        if (message.kind !== "work") return true;
        const soundMs = (message.payload as DecodeWork).samples.length / 16;
        const ms = tookMs(soundMs);
        const value = decodingOf(wordsIn(soundMs));
        if (ms !== undefined) later(ms, () => events.message({ kind: "done", id: message.id, value }));
        return true;
      },
    };
  };
}

function decodingOf(tokens: readonly TranscriptToken[]) {
  const encoded = tokens.map(({ text }) => new TextEncoder().encode(text));
  let end = 0;
  return {
    text: Uint8Array.from(encoded.flatMap((bytes) => [...bytes])),
    tokenEnds: Uint32Array.from(encoded, (bytes) => (end += bytes.length)),
    probabilities: new Float32Array(tokens.length).fill(1),
    startMs: Float32Array.from(tokens, ({ startMs }) => startMs),
    endMs: Float32Array.from(tokens, ({ endMs }) => endMs),
    language: "en",
  };
}

const FILE = { path: "/m", known: undefined, multilingual: true };

async function onMachine(tookMs: (soundMs: number) => number | undefined) {
  const clock = new FakeClock();
  let kills = 0;
  const options = { ...DEFAULT_WHISPER, timeoutMs: 8_000, model: "m", folder: "" };
  const deps = { clock, log: silentLog, start: childOf(clock, tookMs, () => kills++) };
  const transcriber = new WhisperTranscriber(FILE, "addon", options, deps);
  const outcomes = await outcomesOf({ clock, transcriber, packed: true, files: 8, rounds: 12 });
  const killedBefore = kills;
  await transcriber.close();
  return { outcomes, kills: killedBefore };
}

const ALL = Array.from({ length: 192 }, () => "text");

test("a machine too slow for windows within a decode's time loses no text by them, and its recogniser is never killed", async () => {
  // A pass of its own, and the words: 5.5 s for a stretch of 6 s, 10.9 s for a window, and 8 s are allowed.
  const { outcomes, kills } = await onMachine((soundMs) => 4_000 + soundMs / 4);
  assert.deepEqual(outcomes, ALL);
  assert.equal(kills, 0);
});

test("a recogniser that hangs on windows is killed once, for all files, and no text is lost", async () => {
  const { outcomes, kills } = await onMachine((soundMs) => (soundMs > 10_000 ? undefined : 1_000));
  assert.deepEqual(outcomes, ALL);
  assert.equal(kills, 1);
});

/** It answers within a second; cut off, what it was asked fails. */
class OneOutage implements Transcriber {
  readonly name = "one outage";
  readonly concurrency = 8;
  readonly tellsTimes = true;
  readonly #clock: FakeClock;
  readonly #asked = new Set<(error: Error) => void>();
  #isOver = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  transcribe({ samples }: PcmAudio): Promise<Transcript> {
    return new Promise((resolve, reject) => {
      this.#asked.add(reject);
      this.#clock.callAt(monoMs(this.#clock.mono() + 1_000), () => {
        this.#asked.delete(reject);
        const tokens = wordsIn(samples.length / 16);
        resolve({ text: tokens.map(({ text }) => text.trim()).join(" "), tokens });
      });
    });
  }

  /** Once all that it does at a time is on its way, once. */
  cutWhenFull(): void {
    if (this.#isOver || this.#asked.size < this.concurrency) return;
    this.#isOver = true;
    for (const reject of this.#asked) reject(new GatewayError("stt.unavailable", "gone for a moment"));
    this.#asked.clear();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

for (const packed of [true, false]) {
  test(`an outage costs a file no text, ${packed ? "in windows" : "stretch by stretch"}`, async () => {
    const clock = new FakeClock();
    const transcriber = new OneOutage(clock);
    const before = (): void => transcriber.cutWhenFull();
    const outcomes = await outcomesOf({ clock, transcriber, packed, files: 1, rounds: 96, before });
    assert.deepEqual(outcomes, ALL);
    assert.ok(transcriber.isOver);
  });
}

test("whatever times a recogniser tells: each word that was said is told, whatever else is told twice", () => {
  const random = new SeededRandom(11);
  const below = (most: number): number => Math.floor(random.next() * most);
  for (let round = 0; round < 500; round++) {
    const count = 2 + below(5);
    const places = Array.from({ length: count }, (_, i) => ({ atMs: i * 4_500, words: 1 + below(8) }));
    const truth = places.map(({ words }, i) => Array.from({ length: words }, (_each, w) => `s${i}w${w}`));
    const tokens = places.flatMap(({ atMs, words }, i) =>
      Array.from({ length: words }, (_, w): TranscriptToken => {
        const rightMs = atMs + (w * 4_000) / words;
        const startMs = random.next() < 0.15 ? below(count * 4_500) : rightMs;
        return { text: ` s${i}w${w}`, probability: 1, startMs, endMs: startMs + 300 };
      }),
    );
    if (round % 3 === 0)
      tokens.forEach(
        (token, i) => (tokens[i] = { ...token, startMs: latest(tokens, i), endMs: latest(tokens, i) + 300 }),
      );
    const told: string[][] = truth.map(() => []);
    let decodes = 0;
    const desk = {
      pressed: false,
      isWaiting: () => false,
      cancel: () => undefined,
      submit: (job: TranscriptionJob) => {
        decodes++;
        const text =
          job.timed === true ? tokens.map((each) => each.text.trim()).join(" ") : (truth[job.segment] ?? []).join(" ");
        job.done({ kind: "text", transcript: { text, tokens: job.timed === true ? tokens : [] } });
      },
    };
    const windows = new SpeechWindows(desk, new WindowTrust(new FakeClock()));
    truth.forEach((_, segment) => {
      const samples = new Float32Array(4_000 * 16);
      const job = stretchOf("file", "caller", segment, (outcome) => {
        if (outcome.kind === "text") told[segment] = outcome.transcript.text.split(" ");
      });
      windows.submit({ ...job, audio: () => ({ sampleRateHz: 16_000, samples }) });
    });
    windows.flush();
    const all = new Set(told.flat());
    assert.deepEqual(
      truth.flat().filter((word) => !all.has(word)),
      [],
      JSON.stringify(tokens),
    );
    assert.ok(decodes <= 1 + count);
  }
});

/** As a recogniser whose times never run back tells them. */
const latest = (tokens: readonly TranscriptToken[], until: number): number =>
  Math.max(...tokens.slice(0, until + 1).map(({ startMs }) => startMs));
