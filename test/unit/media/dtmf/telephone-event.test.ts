import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTracker } from "../../../../gateway/media/dtmf/event-tracker.js";
import { digitOf } from "../../../../gateway/media/dtmf/telephone-event.js";
import { buildTelephoneEvent, digitPackets, eventOf, parseTelephoneEvent } from "../../../support/digit-packets.js";

interface Step {
  readonly ts: number;
  readonly payload: Uint8Array;
  readonly at?: number;
}
const event = (digit: number, ticks: number, end = false): Uint8Array =>
  buildTelephoneEvent({ event: digit, end, volume: 10, durationTicks: ticks });

function track(steps: readonly Step[], endMs?: number): string[] {
  const told: string[] = [];
  const tracker = new EventTracker((digit, durationMs) => told.push(`${digit} ${durationMs}`));
  for (const { ts, payload, at } of steps) tracker.onPacket(ts, 8_000, payload, 0, payload.byteLength, at ?? 0);
  if (endMs !== undefined) tracker.onTime(endMs);
  return told;
}
const sent = (digit: string, durationMs: number, ts: number): Step[] =>
  digitPackets(digit, { durationMs, clockRateHz: 8_000 }).map(({ payload, sendAtMs }) => ({
    ts,
    payload,
    at: sendAtMs,
  }));

test("events: what is written is read", () => {
  const one = { event: 11, end: true, volume: 63, durationTicks: 65_535 };
  assert.deepEqual(parseTelephoneEvent(buildTelephoneEvent({ ...one, durationTicks: 70_000 })), one);
  assert.equal(parseTelephoneEvent(Uint8Array.of(1, 2, 3)), undefined);
  assert.deepEqual(["0", "9", "*", "#", "a", "D", "E", "", "12"].map(eventOf), [0, 9, 10, 11, 12, 15, undefined, undefined, undefined]); // prettier-ignore
  assert.deepEqual([0, 10, 15, 16].map(digitOf), ["0", "*", "D", undefined]);
});

test("events: a digit is sent as updates and three ends with one timestamp (RFC 4733 §2.5.1)", () => {
  const packets = digitPackets("5", { durationMs: 100, clockRateHz: 8_000 });
  assert.deepEqual(
    packets.map(({ payload, marker, sendAtMs }) => {
      const read = parseTelephoneEvent(payload);
      return [sendAtMs, read?.durationTicks, read?.end, marker];
    }),
    [
      [20, 160, false, true],
      [40, 320, false, false],
      [60, 480, false, false],
      [80, 640, false, false],
      [100, 800, true, false],
      [100, 800, true, false],
      [100, 800, true, false],
    ],
  );
  assert.deepEqual(digitPackets("x", { durationMs: 100, clockRateHz: 8_000 }), []);
  const short = digitPackets("5", { durationMs: 10, clockRateHz: 8_000 });
  assert.deepEqual([short.length, short[0]?.marker], [3, true]);
});

test("events: each digit is told once, with its length", () => {
  assert.deepEqual(track([...sent("1", 100, 1_000), ...sent("1", 60, 3_000), ...sent("#", 2_000, 9_000)]), [
    "1 100",
    "1 60",
    "# 2000",
  ]);
});

const CASES: readonly { name: string; steps: readonly Step[]; endMs?: number; told: readonly string[] }[] = [
  { name: "all ends but one are lost", steps: sent("7", 100, 5).slice(-1), told: ["7 100"] },
  { name: "the ends are lost, another digit begins", steps: [...sent("7", 100, 5).slice(0, 3), ...sent("8", 40, 2_000)], told: ["7 60", "8 40"] },
  { name: "the ends are lost, nothing comes: after 200 ms", steps: sent("7", 100, 5).slice(0, 3), endMs: 260, told: ["7 60"] },
  { name: "not before", steps: sent("7", 100, 5).slice(0, 3), endMs: 259, told: [] },
  { name: "the first packets are lost", steps: sent("7", 100, 5).slice(3), told: ["7 100"] },
  { name: "updates out of order", steps: [...sent("7", 100, 5)].reverse(), told: ["7 100"] },
  { name: "a late copy of the digit before", steps: [...sent("7", 100, 5), ...sent("8", 60, 2_000).slice(0, 2), ...sent("7", 100, 5).slice(-1), ...sent("8", 60, 2_000).slice(2)], told: ["7 100", "8 60"] },
  { name: "the timestamp wraps", steps: [...sent("7", 100, 0xfffffff0), ...sent("8", 100, 1_500)], told: ["7 100", "8 100"] },
  { name: "a long press in two segments (§2.5.1.3)", steps: [{ ts: 0, payload: event(3, 0xffff) }, { ts: 0xffff, payload: event(3, 800) }, { ts: 0xffff, payload: event(3, 1_600, true) }, { ts: 0xffff, payload: event(3, 1_600, true) }], told: ["3 8391.875"] },
  { name: "two presses of the same digit are two", steps: [...sent("7", 100, 0), ...sent("7", 100, 800)], told: ["7 100", "7 100"] },
  { name: "flash and tones are no digits", steps: [{ ts: 0, payload: event(16, 100, true) }, { ts: 900, payload: event(66, 100, true) }], told: [] },
  { name: "payloads too short", steps: [{ ts: 0, payload: Uint8Array.of(1, 128, 0) }, { ts: 0, payload: new Uint8Array() }], told: [] },
  { name: "timestamps that begin anew far below", steps: [...sent("7", 100, 2_000_000_000), ...sent("8", 100, 50)], told: ["7 100", "8 100"] },
]; // prettier-ignore
for (const { name, steps, endMs, told } of CASES) {
  test(`events: ${name}`, () => assert.deepEqual(track(steps, endMs), told));
}

test("events: another source ends the digit and begins anew", () => {
  const told: string[] = [];
  const tracker = new EventTracker((digit, durationMs) => told.push(`${digit} ${durationMs}`));
  const one = event(1, 400);
  tracker.onPacket(80_000, 8_000, one, 0, 4, 0);
  tracker.restart();
  const two = event(2, 960, true);
  tracker.onPacket(79_000, 48_000, two, 0, 4, 0);
  assert.deepEqual(told, ["1 50", "2 20"]);
});
