import assert from "node:assert/strict";
import { test } from "node:test";
import { redactText, Redactor } from "../../../detection/index.js";
import { KeptSpeech, timesOf } from "../../../gateway/pipeline/kept-speech.js";
import type { SpeechPiece } from "../../../gateway/ports/speech-keeper.js";
import type { Transcript } from "../../../gateway/ports/transcriber.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, joined, silence } from "../../support/sounds.js";
import { RtpVoice, TalkingScene } from "../../support/talking.js";

/** Words of 400 ms each. */
const said = (text: string): Transcript => ({
  text,
  tokens: text
    .split(" ")
    .map((word, i) => ({ text: ` ${word}`, probability: 1, startMs: i * 400, endMs: (i + 1) * 400 })),
});
const loud = (ms: number) => ({ sampleRateHz: 16_000, samples: new Float32Array(ms * 16).fill(0.5) });
/** Stretches of silence in a piece, ms. */
function silent({ samples }: SpeechPiece): string {
  const found: string[] = [];
  let from: number | undefined;
  for (let i = 0; i <= samples.length; i++) {
    if (samples[i] === 0) from ??= i;
    else if (from !== undefined) {
      found.push(`${Math.round(from / 16)}-${Math.round(i / 16)}`);
      from = undefined;
    }
  }
  return found.join(" ");
}
function scene(isOpen: (segment: number) => boolean = () => false) {
  const kept: SpeechPiece[] = [];
  const speech = new KeptSpeech("call-1", { keep: (piece) => void kept.push(piece) }, isOpen);
  const add = (segment: number, transcript: Transcript, spans = redactText(transcript.text).spans): void =>
    speech.add({ speaker: "caller", segment, startMs: segment * 5_000, audio: loud(4_000), transcript }, spans);
  return { kept, speech, add };
}

test("what was redacted is silent, with a margin; the rest stays", () => {
  const { kept, add } = scene();
  add(0, said("the code is 482913 thank you"));
  assert.equal(kept.length, 1);
  assert.equal(silent(kept[0]!), "1000-1800");
  assert.deepEqual([kept[0]?.callId, kept[0]?.speaker, kept[0]?.startMs], ["call-1", "caller", 0]);
  add(1, said("good morning"));
  assert.equal(silent(kept[1]!), "");
});

test("where the recogniser tells no times, or others than those of the text, all of it is silent", () => {
  const text = "the code is 482913";
  for (const tokens of [
    [],
    said("something else entirely").tokens,
    said(text).tokens.slice(0, 2),
    said(text).tokens.map((token) => ({ ...token, startMs: 0, endMs: 0 })),
    said(text).tokens.map((token) => ({ ...token, startMs: NaN })),
  ]) {
    const { kept, add } = scene();
    add(0, { text, tokens });
    assert.equal(silent(kept[0]!), "0-4000", JSON.stringify(tokens[0]));
  }
  assert.deepEqual(timesOf({ text: "good morning", tokens: [] }, []), []);
});

test("a piece whose text may still be revised waits; at the end of the call everything goes", () => {
  const open = new Set([0]);
  const { kept, speech, add } = scene((segment) => open.has(segment));
  add(0, said("my number is four five three nine"), []);
  add(1, said("go on"), []);
  assert.deepEqual(
    kept.map(({ startMs }) => startMs),
    [5_000],
  );
  open.clear();
  speech.revise(0, [{ start: 13, end: 33, kind: "card" }]);
  assert.deepEqual(
    kept.map(({ startMs }) => startMs),
    [5_000, 0],
  );
  assert.equal(silent(kept[1]!), "1000-3000");
  open.add(2);
  add(2, said("one two"), []);
  assert.equal(kept.length, 2);
  speech.close();
  speech.close();
  assert.equal(kept.length, 3);
});

test("no more waits than the redactor remembers", () => {
  const { kept, add } = scene(() => true);
  for (let segment = 0; segment < 20; segment++) add(segment, said("one"), []);
  assert.equal(kept.length, 6);
});

test("through a call: kept only where somebody keeps it, muted, and never what became no text", async () => {
  const kept: SpeechPiece[] = [];
  const random = new SeededRandom(8);
  const sound = joined(silence(300), babble(1_500, random), silence(900));
  const texts = ["the code is 482913", ""];
  const scene = new TalkingScene({
    makeRedactor: () => new Redactor(),
    speechKeeper: { keep: (piece) => void kept.push(piece) },
  });
  scene.call("call-1", 1);
  const voice = new RtpVoice();
  for (const text of texts) {
    scene.transcriber.auto = (_audio, { partial }) => (partial ? "" : text);
    await scene.talk([{ streamId: 1, voice, sound }]);
  }
  scene.core.closeCall("call-1");
  await scene.quiet(100);
  assert.ok(kept.length >= 1);
  // The fake recogniser tells no times.
  for (const piece of kept) assert.ok(piece.samples.every((sample) => sample === 0));
  assert.equal(kept.length, scene.finals.length);
});
