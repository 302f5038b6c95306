import assert from "node:assert/strict";
import { test } from "node:test";
import { JitterBuffer } from "../../../../gateway/media/jitter/jitter-buffer.js";
import { CN, EVENT, FrameLog, OPUS, PCMA, PCMU, play, rtp, type PacketPlan } from "../../../support/rtp-stream.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const FORMATS = [PCMU, PCMA, CN, EVENT, OPUS];
const ZERO = 1_000;
/** Packet n arrives 20·n ms after the zero, unless said otherwise. */
const due = (plan: PacketPlan, lateMs = 0): { at: number; packet: Uint8Array } => ({
  at: ZERO + plan.n * 20 + lateMs,
  packet: rtp(plan),
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function run(
  packets: readonly { at: number; packet: Uint8Array }[],
  untilMs?: number,
): { buffer: JitterBuffer; log: FrameLog } {
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const log = new FrameLog();
  play(buffer, log, packets, untilMs);
  return { buffer, log };
}
const counters = (b: JitterBuffer): Record<string, number> => {
  const { received, lost, late, duplicates, reordered, refused, unknown, sourceChanges } = b;
  const all = { received, lost, late, duplicates, reordered, refused, unknown, sourceChanges };
  return Object.fromEntries(Object.entries(all).filter(([, n]) => n !== 0));
};

test("in order: every packet goes out at once, over the wrap of sequence number and timestamp", () => {
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const log = new FrameLog();
  for (const [i, n] of range(65_530, 65_550).entries()) {
    buffer.onPacket(rtp({ n, timestamp: 0xffffffff - 800 + i * 160 }), ZERO + i * 20, log);
    assert.equal(log.lines.length, i + 1);
    assert.equal(log.lines.at(-1), `${i * 20}-${i * 20 + 20} PCMU`);
  }
  assert.deepEqual(counters(buffer), { received: 20 });
});

test("a packet that comes late in time is put in its place, and the wait costs only those behind it", () => {
  const { buffer, log } = run([due({ n: 0 }), due({ n: 1 }, 45), due({ n: 2 }), due({ n: 3 }), due({ n: 4 })]);
  assert.deepEqual(log.firstBytes, [0, 1, 2, 3, 4]);
  assert.deepEqual(log.lines, ["0-20 PCMU", "20-40 PCMU", "40-60 PCMU", "60-80 PCMU", "80-100 PCMU"]);
  assert.deepEqual(counters(buffer), { received: 5, reordered: 1 });
});

test("a lost packet is a gap after 60 ms", () => {
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const log = new FrameLog();
  for (const n of [0, 2, 3, 4]) buffer.onPacket(rtp({ n }), ZERO + n * 20, log);
  assert.equal(log.lines.length, 1);
  buffer.advance(ZERO + 99, log);
  assert.equal(log.lines.length, 1);
  buffer.advance(ZERO + 100, log);
  assert.deepEqual(log.lines, ["0-20 PCMU", "gap 20-40 lost", "40-60 PCMU", "60-80 PCMU", "80-100 PCMU"]);
  assert.deepEqual(counters(buffer), { received: 4, lost: 1 });
});

test("two holes are given up one after the other, each in its time", () => {
  const { buffer, log } = run(
    [0, 2, 4, 5, 6, 7, 8].map((n) => due({ n })),
    ZERO + 400,
  );
  assert.deepEqual(log.firstBytes, [0, 2, 4, 5, 6, 7, 8]);
  assert.deepEqual(log.lines.filter((line) => line.includes("lost")), ["gap 20-40 lost", "gap 60-80 lost"]); // prettier-ignore
  assert.equal(buffer.lost, 2);
});

test("late and duplicate packets are told apart; a late one makes the buffer wait longer, calm makes it shorter", () => {
  const { buffer, log } = run([...[0, 2, 3, 4, 5, 6, 7].map((n) => due({ n })), due({ n: 1 }, 90), due({ n: 5 }, 3), due({ n: 1 }, 95)]); // prettier-ignore
  assert.deepEqual(log.firstBytes, [0, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(counters(buffer), { received: 10, lost: 1, late: 1, duplicates: 2 });
  assert.ok(buffer.waitMs > 85 && buffer.waitMs <= 90, `${buffer.waitMs}`);
  play(buffer, log, range(8, 2_000).map((n) => due({ n }))); // prettier-ignore
  assert.ok(buffer.waitMs < 61, `${buffer.waitMs}`);
});

test("the wait never exceeds 200 ms", () => {
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const log = new FrameLog();
  for (let n = 0; n < 400; n += 2) {
    buffer.onPacket(rtp({ n }), ZERO + n * 20, log);
    buffer.onPacket(rtp({ n: n + 1 - 20 }), ZERO + n * 20 + 10, log);
  }
  assert.ok(buffer.late > 100);
  assert.ok(buffer.waitMs <= 200, `${buffer.waitMs}`);
});

test("an outage of 3 s is one gap, sound goes on at its place", () => {
  const { buffer, log } = run([...range(0, 5), ...range(155, 160)].map((n) => due({ n })));
  assert.deepEqual(log.lines.slice(-5), range(155, 160).map((n) => `${n * 20}-${n * 20 + 20} PCMU`)); // prettier-ignore
  const gaps = log.lines.filter((line) => line.startsWith("gap"));
  assert.ok(gaps.length > 10, "silence is stated while it lasts");
  assert.match(`${gaps[0]} … ${gaps.at(-1)}`, /^gap 100-\d+ silent … gap \d+-3100 lost$/);
  assert.equal(buffer.lost, 150);
});

test("60 s of silence by suppression: stated as it passes, nothing is lost", () => {
  const { buffer, log } = run([
    due({ n: 0 }),
    due({ n: 1 }),
    { at: ZERO + 60_000, packet: rtp({ n: 2, timestamp: 480_000 }) },
  ]);
  assert.equal(log.lines.at(-1), "60000-60020 PCMU");
  assert.ok(log.lines.every((line) => !line.includes("lost")));
  assert.equal(buffer.lost, 0);
  const stated = log.lines.filter((line) => line.startsWith("gap"));
  assert.ok(stated.length > 1_000);
});

test("a speaker who never sends again is silent to the end, at most 120 ms behind the clock", () => {
  const { log } = run([due({ n: 0 })], ZERO + 5_000);
  assert.ok(log.endMs >= 4_880 && log.endMs <= 5_000, `${log.endMs}`);
});

test("a stall of the network of 150 ms tears no hole into speech, one of 1 s costs silence but no word", () => {
  for (const stallMs of [150, 1_000]) {
    const packets = range(0, 1_500).map((n) => {
      const arrival = n * 20;
      const inStall = arrival >= 2_000 && arrival < 2_000 + stallMs;
      return { at: ZERO + (inStall ? 2_000 + stallMs - 1 + n / 1_000 : arrival), packet: rtp({ n }) };
    });
    const { buffer, log } = run(packets);
    assert.equal(log.firstBytes.length, 1_500);
    assert.equal(buffer.lost, 0);
    assert.equal(log.lines.some((line) => line.startsWith("gap")), stallMs === 1_000); // prettier-ignore
    assert.ok(Math.abs(log.endMs - 30_000) < 120, `labels are right again: ${log.endMs}`);
  }
});

test("stalls that come again tear no more holes into speech: the first has shown that the sender is slow, not silent", () => {
  const stalls = [2_000, 4_000, 6_000, 8_000];
  const packets = range(0, 500).map((n) => {
    const arrival = n * 20;
    const from = stalls.find((start) => arrival >= start && arrival < start + 260);
    return { at: ZERO + (from === undefined ? arrival : from + 259 + n / 1_000), packet: rtp({ n }) };
  });
  const { buffer, log } = run(packets);
  assert.equal(buffer.lost, 0);
  assert.equal(log.firstBytes.length, 500);
  const gaps = log.lines.filter((line) => line.startsWith("gap")).map((line) => Number(/\d+/.exec(line)?.[0]));
  assert.ok(gaps.length > 0, "the first one is taken for a pause");
  assert.ok(gaps.every((at) => at < 4_000), gaps.join(" ")); // prettier-ignore
});

test("pauses that the sender makes are stated as soon as ever: timestamps count on or stand still, the first words come at once or not", () => {
  const kinds = [
    { countsOn: true, isBurst: false },
    { countsOn: true, isBurst: true },
    { countsOn: false, isBurst: false },
  ];
  for (const { countsOn, isBurst } of kinds) {
    const packets = range(0, 500).map((n) => {
      const pausedMs = Math.floor(n / 50) * 400;
      const early = isBurst && n % 50 === 0 ? 19 : 0;
      return {
        at: ZERO + n * 20 + pausedMs + early,
        packet: rtp({ n, timestamp: n * 160 + (countsOn ? pausedMs * 8 : 0) }),
      };
    });
    const statedIn = (some: typeof packets): number =>
      run(some).log.lines.filter((line) => /^gap .* silent$/.test(line)).length;
    const ofOne = statedIn(packets.slice(0, 51));
    assert.ok(ofOne > 1);
    assert.equal(statedIn(packets), 9 * ofOne, `${countsOn} ${isBurst}: none is waited for longer than the first`);
  }
});

test("comfort noise and events take no time; the pause they stand for does", () => {
  const { log } = run([
    due({ n: 0 }),
    due({ n: 1, payloadType: 13, payload: Uint8Array.of(40) }),
    { at: ZERO + 100, packet: rtp({ n: 2, timestamp: 800 }) },
    due({ n: 3, payloadType: 101, timestamp: 960, payload: Uint8Array.of(5, 10, 0, 160) }),
    due({ n: 4, payloadType: 101, timestamp: 960, payload: Uint8Array.of(5, 10, 1, 64) }),
    { at: ZERO + 160, packet: rtp({ n: 5, timestamp: 1_280 }) },
  ]);
  assert.deepEqual(log.lines, [
    "0-20 PCMU",
    "20-20 CN",
    "gap 20-100 silent",
    "100-120 PCMU",
    "120-120 telephone-event",
    "120-120 telephone-event",
    "gap 120-160 silent",
    "160-180 PCMU",
  ]);
});

test("the codec changes in mid-stream, its clock too", () => {
  const twenty = Uint8Array.of(0x78, 1, 2, 3); // one CELT frame of 20 ms
  const { log } = run([
    due({ n: 0 }),
    due({ n: 1, payloadType: 8 }),
    due({ n: 2, payloadType: 111, timestamp: 77, payload: twenty }),
    due({ n: 3, payloadType: 111, timestamp: 77 + 960, payload: twenty }),
    due({ n: 4 }),
  ]);
  assert.deepEqual(log.lines, ["0-20 PCMU", "20-40 PCMA", "40-60 opus", "60-80 opus", "80-100 PCMU"]);
});

test("a timestamp that jumps is tied to the arrival anew, forwards and backwards", () => {
  for (const jump of [1_000_000, -1_000_000, 0x80000000, 8_000 * 5]) {
    const { log } = run([due({ n: 0 }), ...range(1, 4).map((n) => due({ n, timestamp: (n * 160 + jump) >>> 0 }))]);
    assert.deepEqual(log.lines, ["0-20 PCMU", "20-40 PCMU", "40-60 PCMU", "60-80 PCMU"], `${jump}`);
  }
});

test("another source after a longer pause has its place by the time of arrival", () => {
  const { log } = run([due({ n: 0 }), due({ n: 50, ssrc: 9, timestamp: 7 }), due({ n: 51, ssrc: 9, timestamp: 167 })]);
  assert.deepEqual(log.lines.slice(-3), ["restart", "gap 960-1020 silent", "1020-1040 PCMU"]);
});

test("another SSRC counts when the old one has stopped; a stray one never does", () => {
  const strays = run([...range(0, 20).map((n) => due({ n })), due({ n: 5, ssrc: 9 }, 2), due({ n: 6, ssrc: 9 }, 2)]);
  assert.equal(strays.log.lines.length, 20);
  assert.deepEqual(counters(strays.buffer), { received: 20, refused: 2 });

  const both = run(range(0, 50).flatMap((n) => [due({ n }), due({ n: n + 500, ssrc: 9 }, -500 * 20 + 7)]));
  assert.deepEqual([both.buffer.received, both.buffer.refused, both.buffer.sourceChanges], [50, 50, 0]);

  const change = run([
    ...range(0, 5).map((n) => due({ n })),
    ...range(5, 15).map((n) => ({
      at: ZERO + n * 20,
      packet: rtp({ n: n + 30_000, ssrc: 9, timestamp: n * 160 + 99 }),
    })),
  ]);
  assert.deepEqual(change.log.lines.slice(4, 8), ["80-100 PCMU", "restart", "gap 100-140 silent", "140-160 PCMU"]);
  assert.deepEqual(counters(change.buffer), { received: 13, refused: 2, sourceChanges: 1 });
});

test("a sender that restarts its sequence is believed with the second packet", () => {
  const { buffer, log } = run([
    ...range(0, 5).map((n) => due({ n })),
    ...range(5, 9).map((n) => ({ at: ZERO + n * 20, packet: rtp({ n: n + 40_000, timestamp: n * 160 + 12_345_678 }) })),
  ]);
  assert.deepEqual(log.lines.slice(5), ["restart", "100-120 PCMU", "120-140 PCMU", "140-160 PCMU"]);
  assert.deepEqual(counters(buffer), { received: 8, refused: 1, sourceChanges: 1 });
});

test("what is no RTP, RTCP, too long, of an unknown payload type or empty does no harm", () => {
  const { buffer, log } = run([
    due({ n: 0 }),
    { at: ZERO + 5, packet: new Uint8Array() },
    { at: ZERO + 5, packet: Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0) },
    { at: ZERO + 5, packet: rtp({ n: 1, payload: new Uint8Array(5_000) }) },
    due({ n: 1, payloadType: 50 }),
    due({ n: 2, payload: new Uint8Array() }),
    due({ n: 3 }),
  ]);
  assert.deepEqual(log.lines, ["0-20 PCMU", "gap 20-60 silent", "60-80 PCMU"]);
  assert.deepEqual(counters(buffer), { received: 4, refused: 3, unknown: 1 });
});

test("30 % loss, reordering, duplicates and jitter: each packet comes out once, in order, or is counted", () => {
  const random = new SeededRandom(3);
  const packets = range(0, 5_000)
    .filter(() => random.next() >= 0.3)
    .flatMap((n) => {
      const one = due({ n, payload: Uint8Array.of(n & 255, n >> 8, ...new Uint8Array(158)) }, random.next() * 55);
      const again = random.next() < 0.05 ? [{ ...one, at: one.at + random.next() * 100 }] : [];
      return [one, ...again];
    });
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const seen: number[] = [];
  const log = new FrameLog();
  play(buffer, {
    frame: (frame) => {
      seen.push((frame.bytes[frame.from] ?? 0) | ((frame.bytes[frame.from + 1] ?? 0) << 8));
      assert.ok(Math.abs(frame.atMs - (seen.at(-1) ?? 0) * 20) < 60, `${frame.atMs} for packet ${seen.at(-1)}`);
    },
    gap: () => undefined,
    restart: () => assert.fail("no restart"),
  }, packets); // prettier-ignore
  buffer.flush(log);
  assert.ok(seen.length > 3_400, `${seen.length}`);
  assert.ok(seen.every((n, i) => i === 0 || n > (seen[i - 1] ?? 0)), "in order, once"); // prettier-ignore
  assert.ok(seen.length + buffer.lost + log.lines.length >= 4_990);
  assert.ok(buffer.late < 60, `${buffer.late}`);
});

test("clocks that are 300 ppm off: after 20 minutes the position is still that of the arrival, and the two speakers agree", () => {
  for (const ppm of [300, -300]) {
    const buffer = new JitterBuffer(ZERO, FORMATS);
    let worstMs = 0;
    let gaps = 0;
    const random = new SeededRandom(1);
    let arrival = 0;
    for (let n = 0; n < 60_000; n++) {
      const sentAt = n * 20 * (1 + ppm / 1e6);
      arrival = Math.max(arrival, sentAt + random.next() ** 4 * 30);
      buffer.onPacket(rtp({ n: n & 0xffff, timestamp: (n * 160) >>> 0 }), ZERO + arrival, {
        frame: ({ atMs }) => (worstMs = Math.max(worstMs, n < 500 ? 0 : Math.abs(atMs - sentAt))),
        gap: () => gaps++,
        restart: () => undefined,
      });
    }
    assert.ok(worstMs < 20, `${worstMs}`);
    assert.equal(gaps, 0);
  }
});

test("the same packets with the same arrivals give the same frames, however late they are read", () => {
  const random = new SeededRandom(8);
  const packets = range(0, 1_000)
    .filter(() => random.next() > 0.1)
    .map((n) => due({ n }, random.next() * 40));
  const prompt = run(packets).log;
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const burst = new FrameLog();
  for (const { at, packet } of packets.toSorted((x, y) => x.at - y.at)) buffer.onPacket(packet, at, burst);
  assert.deepEqual(burst.lines, prompt.lines.slice(0, burst.lines.length));
  assert.ok(prompt.lines.length - burst.lines.length <= 3);
});

test("formats may change while packets wait", () => {
  const buffer = new JitterBuffer(ZERO, FORMATS);
  const log = new FrameLog();
  for (const n of [0, 2, 3]) buffer.onPacket(rtp({ n }), ZERO + n * 20, log);
  buffer.setFormats([PCMA]);
  buffer.flush(log);
  assert.deepEqual(log.lines, ["0-20 PCMU"]);
});
