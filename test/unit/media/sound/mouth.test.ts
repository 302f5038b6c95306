import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFormat } from "../../../../gateway/media/audio.js";
import { CARRIED_FORMATS, carriedFormat } from "../../../../gateway/media/pcm-packets/carried-formats.js";
import { Mouth } from "../../../../gateway/media/sound/mouth.js";
import { SoundWorks } from "../../../../gateway/media/sound/sound-works.js";

const works = new SoundWorks(20);
const format = (name: string): PayloadFormat => carriedFormat(name) ?? CARRIED_FORMATS[0]!;
const audio = (ms: number, value = 0.5) => ({
  sampleRateHz: 8_000,
  samples: new Float32Array(8 * ms).fill(value),
});

test("linear sound has its low byte first", () => {
  const mouth = new Mouth(works);
  mouth.use(format("slin"));
  let over: boolean | undefined;
  assert.ok(mouth.say(audio(40), (complete) => (over = complete)));
  const frame = mouth.next();
  assert.equal(frame?.byteLength, 320);
  assert.equal(Buffer.from(frame).readInt16LE(100), 16_384);
  assert.ok(mouth.next() !== undefined && over === undefined);
  assert.equal(mouth.next(), undefined);
  assert.deepEqual([over, mouth.speaking], [true, false]);
});

for (const { codec, clockRateHz } of CARRIED_FORMATS) {
  const found = CARRIED_FORMATS.find((each) => each.codec === codec && each.clockRateHz === clockRateHz)!;
  test(`${codec} ${clockRateHz}: ${codec === "opus" ? "cannot be said" : "20 ms of silence, and a prompt"}`, () => {
    const mouth = new Mouth(works);
    mouth.use(found);
    const bytes = codec === "opus" ? 0 : codec === "L16" ? clockRateHz / 25 : 160;
    assert.equal(mouth.silence.byteLength, bytes);
    assert.equal(mouth.say(audio(20), () => undefined), codec !== "opus"); // prettier-ignore
    assert.equal(mouth.next()?.byteLength, codec === "opus" ? undefined : bytes);
  });
}

test("a newer prompt, another rate and a stop end what is being said", () => {
  const mouth = new Mouth(works);
  const ends: string[] = [];
  assert.equal(mouth.say(audio(20), () => undefined), false, "no format yet"); // prettier-ignore
  mouth.use(format("slin"));
  mouth.say(audio(100), (complete) => ends.push(`first ${complete}`));
  mouth.say(audio(100), (complete) => ends.push(`second ${complete}`));
  mouth.use(format("ulaw"));
  assert.equal(mouth.next()?.byteLength, 160, "goes on in a coding of the same rate");
  mouth.use(format("slin16"));
  mouth.say(audio(100), (complete) => ends.push(`third ${complete}`));
  mouth.stop();
  assert.deepEqual(ends, ["first false", "second false", "third false"]);
});
