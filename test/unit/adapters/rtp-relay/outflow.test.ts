import assert from "node:assert/strict";
import { test } from "node:test";
import { Outflow } from "../../../../gateway/adapters/rtp-relay/outflow.js";
import { RtpHeader } from "../../../../gateway/media/rtp/rtp-header.js";
import { rtp } from "../../../support/rtp-stream.js";

const CLOCK_HZ = 8_000;
const FRAME = 160;

function header(n: number, timestamp = n * FRAME, ssrc = 1): RtpHeader {
  const read = new RtpHeader();
  assert.equal(read.read(rtp({ n: n & 0xffff, timestamp: timestamp >>> 0, ssrc })), undefined);
  return read;
}

/** One packet of the other side. @returns How it leaves. */
function pass(flow: Outflow, n: number, nowMs: number, timestamp?: number, ssrc?: number): string {
  const passage = flow.pass(header(n, timestamp, ssrc), nowMs, CLOCK_HZ);
  return passage === "late" ? "late" : `${passage} ${flow.sequenceNumber} ${flow.timestamp}`;
}

/** One packet of ours. */
function own(flow: Outflow, nowMs: number): string {
  const isFirst = flow.next(nowMs, FRAME, CLOCK_HZ);
  return `${isFirst ? "first " : ""}${flow.sequenceNumber} ${flow.timestamp}`;
}

test("what passes alone stays as it is, whatever order it has", () => {
  const flow = new Outflow(() => 0.5);
  const all = [10, 11, 13, 12, 12, 500].map((n) => pass(flow, n, n * 20));
  assert.deepEqual(all, [
    "as-is 10 1600",
    "as-is 11 1760",
    "as-is 13 2080",
    "as-is 12 1920",
    "as-is 12 1920",
    "as-is 500 80000",
  ]);
  assert.equal(flow.isShifted, false);
});

test("a prompt goes on where the sender was, and the sender where the prompt ended", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 99, 0);
  pass(flow, 100, 20);
  assert.equal(flow.ssrc, 1);
  assert.deepEqual([own(flow, 40), own(flow, 60), own(flow, 80)], ["first 101 16160", "102 16320", "103 16480"]);
  // Meanwhile the sender has sent 101…104, which were dropped.
  assert.equal(pass(flow, 105, 100), "shifted 104 16640");
  assert.equal(pass(flow, 106, 120), "shifted 105 16800");
  assert.equal(flow.isShifted, true);
  assert.equal(flow.sequenceShiftOf(1), -1);
  assert.equal(flow.timestampShiftOf(1), (16_640 - 105 * FRAME) >>> 0);
  assert.equal(flow.sequenceShiftOf(2), 0);
});

test("packets from before the prompt that come late would be heard twice: they are dropped", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 100, 0);
  own(flow, 20);
  assert.equal(pass(flow, 110, 40), "shifted 102 16320");
  assert.equal(pass(flow, 109, 41), "late");
  assert.equal(pass(flow, 111, 60), "shifted 103 16480");
  assert.equal(pass(flow, 110, 61), "shifted 102 16320");
});

test("silence before and after a prompt is kept in the timestamps", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 100, 0);
  assert.equal(own(flow, 1_000), `first 101 ${100 * FRAME + 8_000}`);
  // It ended at 1,020 ms; the sender speaks again at 2,020.
  assert.equal(pass(flow, 101, 2_020), `shifted 102 ${100 * FRAME + 8_000 + FRAME + 8_000}`);
});

test("a second prompt goes on from the first; one that is minutes later keeps the time between", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 100, 0);
  own(flow, 20);
  pass(flow, 102, 40);
  assert.equal(own(flow, 60), "first 103 16480");
  assert.equal(own(flow, 60_080), `104 ${16_480 + FRAME + 60_000 * 8}`);
});

test("everything wraps: sequence numbers at 2^16, timestamps at 2^32", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 65_535, 0, 2 ** 32 - FRAME);
  assert.equal(own(flow, 20), "first 0 0");
  assert.equal(pass(flow, 1, 40, FRAME), "shifted 1 160");
  const other = new Outflow(() => 0.5);
  pass(other, 65_534, 0, 2 ** 32 - FRAME);
  for (let i = 0; i < 3; i++) own(other, 20 + 20 * i);
  assert.equal(pass(other, 65_535, 80, 0), "shifted 2 480");
});

test("a sender that changed its source in the meantime is not shifted", () => {
  const flow = new Outflow(() => 0.5);
  pass(flow, 100, 0);
  own(flow, 20);
  assert.equal(pass(flow, 7, 40, 7, 99), "as-is 7 7");
  assert.equal(flow.isShifted, false);
  assert.equal(own(flow, 60), `first 8 ${7 + FRAME}`);
});

test("before anything has passed a prompt begins a source of its own, which the sender does not join", () => {
  const flow = new Outflow(() => 0.25);
  assert.equal(own(flow, 0), `first ${2 ** 13 + 1} ${2 ** 30}`);
  assert.equal(flow.ssrc, 2 ** 30);
  assert.equal(pass(flow, 5, 40), "as-is 5 800");
});

test("the index of what only we send counts the wraps", () => {
  const flow = new Outflow(() => 0.999_99);
  const seen = new Set<number>();
  let last = -1;
  for (let i = 0; i < 140_000; i++) {
    flow.next(i * 20, FRAME, CLOCK_HZ);
    assert.equal(flow.index % 65_536, flow.sequenceNumber);
    assert.equal(flow.index, last < 0 ? flow.index : last + 1);
    last = flow.index;
    seen.add(flow.index);
  }
  assert.equal(seen.size, 140_000);
});
