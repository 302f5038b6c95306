import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, test, type TestContext } from "node:test";
import { Mouth } from "../../../../../gateway/adapters/asterisk-ari/hearing/mouth.js";
import { SpokenSounds, type SpokenSound } from "../../../../../gateway/adapters/asterisk-ari/hearing/spoken-sound.js";
import { RtpHeader } from "../../../../../gateway/media/rtp/rtp-header.js";
import { FakeClock } from "../../../../support/fake-clock.js";
import { until } from "../../../../support/processes.js";
import { SeededRandom } from "../../../../support/seeded-random.js";

const sound = (frames: number): SpokenSound => ({ frames, frame: (n) => new Uint8Array(160).fill(n) });

async function scene(t: TestContext, maxVoices = 2) {
  const ear = createSocket("udp4");
  const packets: Buffer[] = [];
  ear.on("message", (packet) => packets.push(packet));
  await new Promise<void>((resolve) => ear.bind(0, "127.0.0.1", resolve));
  const clock = new FakeClock();
  const mouth = await Mouth.open({ address: "127.0.0.1", maxVoices }, { clock, random: new SeededRandom(1) });
  t.after(() => {
    mouth.close();
    ear.close();
  });
  const track = mouth.track({ address: "127.0.0.1", port: ear.address().port });
  return { clock, mouth, track, packets };
}

const headerOf = (packet: Buffer): RtpHeader => {
  const header = new RtpHeader();
  assert.equal(header.read(packet), undefined);
  return header;
};

describe("speaking into an Asterisk", () => {
  test("one packet every 20 ms, numbered on from sound to sound; the end is told after the last one's time", async (t) => {
    const { clock, mouth, track, packets } = await scene(t);
    const told: number[] = [];
    mouth.speak(sound(3), track, () => told.push(clock.mono()));
    await until("the first at once", () => packets.length === 1);
    clock.advance(40);
    await until("the others", () => packets.length === 3);
    assert.equal(told.length, 0);
    clock.advance(20);
    assert.deepEqual(told, [60]);
    mouth.speak(sound(1), track, () => told.push(clock.mono()));
    await until("the next sound", () => packets.length === 4);
    const headers = packets.map(headerOf);
    const [first] = headers;
    assert.ok(first !== undefined);
    assert.deepEqual(
      headers.map(({ sequenceNumber }) => (sequenceNumber - first.sequenceNumber + 65_536) % 65_536),
      [0, 1, 2, 3],
    );
    assert.deepEqual(
      headers.map(({ marker }) => marker),
      [true, false, false, true],
    );
    assert.equal(new Set(headers.map(({ ssrc }) => ssrc)).size, 1);
    assert.deepEqual(
      packets.map((packet) => packet[12]),
      [0, 1, 2, 0],
    );
  });

  test("who is stopped says nothing more, and no end is told", async (t) => {
    const { clock, mouth, track, packets } = await scene(t);
    let told = false;
    const stop = mouth.speak(sound(100), track, () => (told = true));
    clock.advance(20);
    stop?.();
    clock.advance(5_000);
    await until("what was sent", () => packets.length === 2);
    assert.equal(told, false);
  });

  test("after a long standstill it does not say everything at once, and leaves nothing out", async (t) => {
    const { clock, mouth, track, packets } = await scene(t);
    const late = new FakeClock();
    mouth.speak(sound(200), track, () => undefined);
    await until("the first", () => packets.length === 1);
    // One timer, 2 s late.
    const due = clock as unknown as { advance(ms: number): void };
    Object.assign(clock, { mono: () => late.mono() });
    late.advance(2_000);
    due.advance(20);
    await until("some", () => packets.length >= 2);
    assert.ok(packets.length <= 1 + 10 + 1, String(packets.length));
    assert.deepEqual(
      packets.map((packet) => packet[12]),
      packets.map((_, n) => n),
    );
  });

  test("there is a limit, and after the end there is no voice", async (t) => {
    const { mouth, track } = await scene(t, 1);
    assert.ok(mouth.speak(sound(10), track, () => undefined) !== undefined);
    assert.equal(
      mouth.speak(sound(10), track, () => undefined),
      undefined,
    );
    mouth.close();
    mouth.close();
    assert.equal(
      mouth.speak(sound(10), track, () => undefined),
      undefined,
    );
  });

  test("sound becomes frames of 20 ms, the last one filled up with silence", () => {
    const audio = { sampleRateHz: 16_000, samples: new Float32Array(16_000 * 0.05).fill(0.5) };
    const spoken = new SpokenSounds().of(audio);
    assert.deepEqual([spoken.frames, spoken.frame(2).length, spoken.frame(2).at(-1)], [3, 160, 0xff]);
    assert.notEqual(spoken.frame(1)[80], 0xff);
  });

  test("of a long sound only that is made which is said, once for all who hear it", () => {
    const sounds = new SpokenSounds();
    const long = { sampleRateHz: 48_000, samples: new Float32Array(48_000 * 60).fill(0.5) };
    const spoken = sounds.of(long);
    const first = spoken.frame(0);
    assert.notEqual(first[159], 0xff);
    // Of what was not made yet nothing is heard any more.
    long.samples.fill(0, 960);
    assert.deepEqual([...new Set(spoken.frame(3))], [0xff]);
    assert.equal(sounds.of(long).frame(0), first);
    assert.equal(spoken.frames, 3_000);
  });

  test("a rate that cannot be changed says nothing", () => {
    assert.equal(new SpokenSounds().of({ sampleRateHz: 44_101, samples: new Float32Array(100) }).frames, 0);
  });
});
