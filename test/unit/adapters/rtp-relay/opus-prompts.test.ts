import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallState } from "../../../../gateway/adapters/rtp-relay/messages.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import type { FrameCoder } from "../../../../gateway/media/sound/frame-coder.js";
import { B, loud, RelayBench, settled, stateOf } from "../../../support/relay-bench.js";
import type { RtpPacket } from "../../../support/rtp-packet.js";
import { EVENT, OPUS, PCMU } from "../../../support/rtp-stream.js";

/** A frame of it is its number and whether it was loud. */
function numbering(): { readonly make: () => FrameCoder; readonly closed: () => number; readonly coded: () => number } {
  let coded = 0;
  let closed = 0;
  const make = (): FrameCoder => {
    let n = 0;
    return {
      rateHz: 16_000,
      encode: (samples) => {
        coded++;
        return Uint8Array.of(n++, samples.some((sample) => sample > 0.3) ? 1 : 0);
      },
      close: () => {
        closed++;
      },
    };
  };
  return { make, closed: () => closed, coded: () => coded };
}
const inOpus = (): CallState => stateOf({ takes: [OPUS, EVENT] }, { takes: [OPUS, EVENT] });
const numbers = (packets: readonly RtpPacket[]): number[] => packets.map(({ payload }) => payload[0] ?? -1);
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const prompt = (call: number) =>
  ({ name: "play", args: { call, to: "b", sampleRateHz: 8_000, samples: loud(8_000) } }) as const;

test("a prompt in Opus is coded once, as it is first played, for all that hear it", async () => {
  const opus = numbering();
  const bench = new RelayBench(0, opus.make);
  await bench.call(1, inOpus);
  await bench.call(2, inOpus);
  void bench.ask(prompt(1));
  await settled();
  bench.clock.advance(400);
  assert.equal(opus.coded(), bench.out(B).length, "no further than it was played");
  bench.clock.advance(800);
  await settled();
  bench.out(B);
  void bench.ask(prompt(2));
  await settled();
  bench.clock.advance(1_100);
  await settled();
  const second = bench.out(B);
  assert.deepEqual(numbers(second), upTo(50));
  assert.deepEqual([...new Set(second.map(({ payloadType }) => payloadType))], [OPUS.payloadType]);
  const steps = second.slice(1).map(({ timestamp }, i) => timestamp - (second[i]?.timestamp ?? 0));
  assert.deepEqual([...new Set(steps)], [960]);
  assert.deepEqual([opus.coded(), opus.closed()], [50, 1]);
  const played = bench.said.filter((message) => message.kind === "answer" && message.value === true);
  assert.equal(played.length, 2);
});

test("a prompt goes on in Opus, and out of it, where it was", async () => {
  const bench = new RelayBench(0, numbering().make);
  await bench.call(1);
  const samples = Float32Array.from({ length: 8_000 }, (_, i) => (i < 6_400 ? 0.5 : 0.1) * Math.sin(i / 2));
  void bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples } });
  await settled();
  bench.clock.advance(400);
  const plain = bench.out(B);
  bench.tell({ kind: "state", call: 1, state: { ...inOpus(), agreement: 2 } });
  bench.clock.advance(400);
  const coded = bench.out(B);
  assert.deepEqual(numbers(coded), upTo(coded.length, plain.length));
  assert.ok(coded.length >= 19 && plain.length >= 19);
  bench.tell({ kind: "state", call: 1, state: { ...stateOf({}, { takes: [PCMU, EVENT] }), agreement: 3 } });
  bench.clock.advance(400);
  await settled();
  const law = new G711("PCMU");
  const rest = bench.out(B);
  assert.ok(Math.abs(plain.length + coded.length + rest.length - 50) <= 1, `${rest.length} at the end`);
  assert.ok(rest.slice(2).every(({ payload }) => payload.every((code) => Math.abs(law.floats[code] ?? 1) < 0.2)));
});

test("held in Opus both sides hear the tone; it is coded once and begins again", async () => {
  const opus = numbering();
  const bench = new RelayBench(0, opus.make);
  await bench.call(1, inOpus);
  bench.tell({ kind: "hold", call: 1, held: true });
  bench.clock.advance(8_100);
  const heard = numbers(bench.out(B));
  assert.deepEqual(heard.slice(0, 400), [...upTo(200), ...upTo(200)]);
  assert.deepEqual([opus.coded(), opus.closed()], [200, 0]);
});

test("without a coder a prompt in Opus is refused, and the refusal says what the stream takes", async () => {
  for (const make of [undefined, () => undefined]) {
    const bench = new RelayBench(0, make);
    await bench.call(1, inOpus);
    const answer = await bench.ask(prompt(1));
    assert.equal(answer?.kind === "refusal" && answer.code, "media.rejected");
    assert.match(answer?.kind === "refusal" ? answer.message : "", /takes opus/);
  }
});
