import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Libopus } from "../../../gateway/adapters/opus/libopus.js";
import { AnchoredCall } from "../../support/anchored-call.js";
import { startRelay } from "../../support/relay-scene.js";

const OPUS = { formats: "111", lines: ["a=rtpmap:111 opus/48000/2"] };
const HZ = 440;
const PROMPT = Float32Array.from({ length: 8_000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * HZ * i) / 8_000));

let scene: Awaited<ReturnType<typeof startRelay>>;
before(async () => (scene = await startRelay({ engine: "node" })));
after(() => scene.close());

test("a prompt to ends that speak Opus alone is heard, by both", async (t) => {
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect(OPUS);
  const play = (to: "a" | "b") => call.session.play(to, { sampleRateHz: 8_000, samples: PROMPT });
  assert.deepEqual(await Promise.all([play("a"), play("b")]), [true, true]);
  const libopus = await Libopus.start();
  t.after(() => libopus.end());
  for (const end of [call.a, call.b]) {
    await end.has(50);
    const packets = end.packets();
    assert.deepEqual([...new Set(packets.map(({ payloadType }) => payloadType))], [111]);
    const decoder = libopus.open() ?? 0;
    const sound = packets.flatMap(({ payload }) => [...(libopus.decode(decoder, payload, 0, payload.length) ?? [])]);
    assert.equal(sound.length, 16_000);
    const rises = sound.filter((sample, i) => i > 0 && (sound[i - 1] ?? 0) < 0 && sample >= 0).length;
    assert.ok(Math.abs(rises - HZ) < 10, `${rises} Hz`);
  }
  await call.close();
});
