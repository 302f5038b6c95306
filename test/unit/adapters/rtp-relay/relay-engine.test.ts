import assert from "node:assert/strict";
import { test } from "node:test";
import type { LegState } from "../../../../gateway/adapters/rtp-relay/messages.js";
import type { PayloadFormat } from "../../../../gateway/core/payload-format.js";
import { G711 } from "../../../../gateway/media/g711/g711.js";
import { A, B, loud, RelayBench, settled, stateOf } from "../../../support/relay-bench.js";
import { EVENT, OPUS, PCMA, PCMU, rtp } from "../../../support/rtp-stream.js";

test("a batch is sent on before any of it is heard", async () => {
  const bench = new RelayBench();
  const places = await bench.call(1, () => stateOf({ streamId: 9 }));
  const waitingAtSend: number[] = [];
  const { io } = bench;
  const flush = io.flush.bind(io);
  io.flush = (count) => {
    waitingAtSend.push(bench.ring.waitingBytes);
    return flush(count);
  };
  const packets = [1, 2, 3].map((n) => ({ port: places.a.rtpPort, from: A, fromPort: 4_000, packet: rtp({ n }) }));
  io.deliver(...packets);
  assert.deepEqual(waitingAtSend, [0]);
  assert.equal(bench.out(B).length, 3);
  const heard: number[] = [];
  bench.ring.read(10, (id, _at, packet) => void heard.push(id, packet[3]!));
  assert.deepEqual(heard, [9, 1, 9, 2, 9, 3]);
});

test("a prompt leaves every 20 ms, in place of the other side, and one that is newer takes over", async () => {
  const bench = new RelayBench();
  const places = await bench.call(1);
  bench.fromA(places, 10);
  assert.equal(bench.out(B).length, 1);
  const first = bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples: loud(8_000) } });
  const at: number[] = [];
  for (let ms = 0; ms < 200; ms += 5) {
    bench.clock.advance(5);
    if (bench.out(B).length > 0) at.push(ms);
    if (ms % 20 === 0) bench.fromA(places, 11 + ms / 20);
    assert.equal(bench.out(B).length, 0);
  }
  assert.equal(at.length, 10);
  assert.deepEqual([...new Set(at.map((ms, i) => (i === 0 ? 20 : ms - at[i - 1]!)))], [20]);
  const second = bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples: loud(320) } });
  await settled();
  bench.clock.advance(100);
  await settled();
  const answers = bench.said.filter((message) => message.kind === "answer").slice(-2);
  assert.deepEqual(
    answers.map((message) => message.value),
    [false, true],
  );
  await Promise.all([first, second]);
  bench.io.sent.length = 0;
  bench.fromA(places, 40);
  assert.equal(bench.out(B).length, 1);
});

test("after a stall of the thread a prompt makes up for a little, not for all", async () => {
  const bench = new RelayBench();
  await bench.call(1);
  void bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples: loud(80_000) } });
  bench.clock.advance(5);
  assert.equal(bench.out(B).length, 1);
  // The clock jumps: its timers run late, all at once.
  const late = bench.clock.mono.bind(bench.clock);
  bench.clock.mono = () => (late() + 3_000) as ReturnType<typeof late>;
  bench.clock.advance(5);
  assert.ok(bench.out(B).length <= 7);
});

const L16: PayloadFormat = { payloadType: 96, codec: "L16", clockRateHz: 16_000, channels: 1 };
for (const { name, takes, bytes } of [
  { name: "another one", takes: PCMA, bytes: 160 },
  { name: "one of another rate", takes: L16, bytes: 640 },
  { name: "another number for it", takes: { ...PCMU, payloadType: 97 }, bytes: 160 },
]) {
  test(`the coding changes under a prompt to ${name}: the rest of it leaves so, and no sound is lost`, async () => {
    const bench = new RelayBench();
    await bench.call(1);
    // The first half of a second is loud, the second one quiet.
    const samples = Float32Array.from({ length: 8_000 }, (_, i) => (i < 4_000 ? 0.5 : 0.1) * Math.sin(i / 2));
    void bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples } });
    bench.clock.advance(400);
    const before = bench.out(B);
    assert.deepEqual(new Set(before.map(({ payloadType }) => payloadType)), new Set([0]));
    bench.tell({ kind: "state", call: 1, state: { ...stateOf({}, { takes: [takes, EVENT] }), agreement: 2 } });
    bench.clock.advance(700);
    await settled();
    const after = bench.out(B);
    assert.deepEqual(new Set(after.map(({ payloadType }) => payloadType)), new Set([takes.payloadType]));
    assert.ok(after.slice(1, -1).every(({ payload }) => payload.byteLength === bytes));
    assert.ok(Math.abs(before.length + after.length - 50) <= 1, `${before.length} and ${after.length} packets`);
    const sequences = [...before, ...after].map(({ sequenceNumber }) => sequenceNumber);
    assert.ok(sequences.every((sequence, i) => i === 0 || sequence === (sequences[i - 1] ?? 0) + 1));
    assert.deepEqual(bench.answerTo(2), { kind: "answer", id: 2, value: true });
  });
}

for (const { name, leg } of [
  { name: "one that cannot be made", leg: { takes: [OPUS, EVENT] } },
  { name: "a key that is not understood", leg: {} },
]) {
  test(`the coding changes under a prompt to ${name}: it is over, and the other side is heard`, async () => {
    const bench = new RelayBench();
    const places = await bench.call(1);
    void bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples: loud(8_000) } });
    bench.clock.advance(400);
    bench.out(B);
    const a: Partial<LegState> = "takes" in leg ? {} : { key: "unreadable" };
    bench.tell({ kind: "state", call: 1, state: { ...stateOf(a, leg), agreement: 2 } });
    await settled();
    assert.deepEqual(bench.answerTo(2), { kind: "answer", id: 2, value: false });
    bench.clock.advance(400);
    assert.equal(bench.out(B).length, 0);
    bench.fromA(places, 1);
    assert.equal(bench.out(B).length, 1);
  });
}

test("held, both sides hear a tone now and then and packets all the time; a prompt goes over it", async () => {
  const bench = new RelayBench();
  const places = await bench.call(1);
  bench.tell({ kind: "hold", call: 1, held: true });
  bench.clock.advance(4_000);
  const toB = bench.io.sent.filter(({ address }) => address === B).length;
  const toA = bench.io.sent.filter(({ address }) => address === A).length;
  assert.ok(toA >= 198 && toA <= 202 && toA === toB, `${toA} and ${toB}`);
  const heard = bench.out(B);
  const silence = new Set(heard.map(({ payload }) => new Set(payload).size));
  assert.ok(silence.has(1) && Math.max(...silence) > 5);
  assert.deepEqual(
    heard.map(({ sequenceNumber }) => sequenceNumber),
    heard.map((_, i) => heard[0]!.sequenceNumber + i),
  );
  const prompt = bench.ask({ name: "play", args: { call: 1, to: "b", sampleRateHz: 8_000, samples: loud(1_600) } });
  bench.clock.advance(300);
  await prompt;
  const law = new G711("PCMU");
  const isLoud = (payload: Uint8Array): boolean => payload.some((code) => (law.floats[code] ?? 0) > 0.3);
  assert.equal(bench.out(B).filter(({ payload }) => isLoud(payload)).length, 10);
  bench.fromA(places, 5);
  bench.clock.advance(1_000);
  assert.ok(bench.out(B).length >= 49);
  bench.tell({ kind: "hold", call: 1, held: false });
  bench.io.sent.length = 0;
  bench.fromA(places, 60);
  bench.clock.advance(1_000);
  assert.equal(bench.out(B).length, 1);
});

test("held in a coding that we cannot make there is silence", async () => {
  const bench = new RelayBench();
  await bench.call(1, () => stateOf({ takes: [OPUS] }, { takes: [OPUS] }));
  bench.tell({ kind: "hold", call: 1, held: true });
  bench.clock.advance(1_000);
  assert.equal(bench.io.sent.length, 0);
});

test("idle: from the answer on, not while somebody holds, and once", async () => {
  const bench = new RelayBench(10_000);
  const places = await bench.call(1);
  bench.clock.advance(60_000);
  assert.deepEqual(bench.events(), []);
  bench.tell({ kind: "answered", call: 1 });
  bench.clock.advance(9_000);
  bench.fromA(places, 1);
  bench.clock.advance(9_500);
  assert.deepEqual(bench.events(), []);
  bench.tell({ kind: "state", call: 1, state: { ...stateOf(), maySilent: true } });
  bench.clock.advance(600_000);
  assert.deepEqual(bench.events(), []);
  bench.tell({ kind: "state", call: 1, state: stateOf() });
  bench.clock.advance(9_000);
  assert.deepEqual(bench.events(), []);
  bench.clock.advance(3_000);
  assert.deepEqual(bench.events(), [{ kind: "idle" }]);
  bench.clock.advance(60_000);
  assert.equal(bench.events().length, 1);
});

test("a stranger's packets do not keep a call alive", async () => {
  const bench = new RelayBench(5_000);
  const places = await bench.call(1);
  bench.tell({ kind: "answered", call: 1 });
  for (let i = 0; i < 20; i++) {
    bench.clock.advance(500);
    bench.io.deliver({ port: places.a.rtpPort, from: "203.0.113.5", fromPort: 4_000, packet: rtp({ n: i }) });
  }
  assert.deepEqual(bench.events(), [{ kind: "idle" }]);
});

test("a digit whose end is lost is told all the same", async () => {
  const bench = new RelayBench();
  const places = await bench.call(1);
  const packet = rtp({ n: 1, payloadType: 101, payload: Uint8Array.of(5, 10, 0x03, 0x20) });
  bench.io.deliver({ port: places.a.rtpPort, from: A, fromPort: 4_000, packet });
  bench.clock.advance(2_000);
  assert.deepEqual(bench.events(), [{ kind: "digit", side: "a", digit: "5", durationMs: 100 }]);
});

test("a call that ends while its ports are being opened gets none", async () => {
  const bench = new RelayBench();
  const streams = [{ index: 0, isAudio: true, families: { a: 4, b: 4 } }] as const;
  bench.tell({ kind: "request", id: 1_001, name: "allocate", args: { call: 5, streams } });
  bench.tell({ kind: "request", id: 1_002, name: "close", args: { call: 5 } });
  await settled();
  assert.deepEqual(bench.io.ports, []);
  const refusal = bench.said.find((message) => message.kind === "refusal");
  assert.equal(refusal?.code, "media.unavailable");
});

test("ports that are asked for twice at once are opened once", async () => {
  const bench = new RelayBench();
  const streams = [{ index: 0, isAudio: true, families: { a: 4, b: 4 } }] as const;
  for (const id of [1_001, 1_002]) bench.tell({ kind: "request", id, name: "allocate", args: { call: 5, streams } });
  await settled();
  const answers = bench.said.flatMap((message) => (message.kind === "answer" ? [message.value] : []));
  assert.equal(answers.length, 2);
  assert.deepEqual(answers[0], answers[1]);
  assert.equal(bench.io.ports.length, 4);
});

test("closing gives every port back; what is not known is refused, not fatal", async () => {
  const bench = new RelayBench();
  for (let id = 1; id <= 20; id++) await bench.call(id);
  assert.equal(bench.io.ports.length, 80);
  for (let id = 1; id <= 20; id++) await bench.ask({ name: "close", args: { call: id } });
  assert.deepEqual(bench.io.ports, []);
  for (const request of [
    { name: "stats", args: { call: 3 } },
    { name: "close", args: { call: 3 } },
    { name: "play", args: { call: 3, to: "a", sampleRateHz: 8_000, samples: loud(10) } },
  ] as const) {
    assert.equal((await bench.ask(request))?.kind, "refusal", request.name);
  }
  for (const message of [
    { kind: "state", call: 99, state: stateOf() },
    { kind: "hold", call: 99, held: true },
    { kind: "release", call: 99, indexes: [0] },
    { kind: "answered", call: 99 },
    { kind: "expect", receiver: 99, peer: undefined },
    { kind: "close-receiver", receiver: 99 },
  ] as const) {
    bench.tell(message);
  }
});

test("figures of a stream that was released stay in the call's", async () => {
  const bench = new RelayBench();
  const places = await bench.call(1);
  for (let n = 1; n <= 5; n++) bench.fromA(places, n);
  bench.tell({ kind: "release", call: 1, indexes: [0] });
  const again = await bench.call(1);
  for (let n = 1; n <= 3; n++) bench.fromA(again, n);
  const answer = await bench.ask({ name: "stats", args: { call: 1 } });
  assert.ok(answer?.kind === "answer");
  assert.equal((answer.value as { a: { packets: number } }).a.packets, 8);
});
