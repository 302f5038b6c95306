import assert from "node:assert/strict";
import { test } from "node:test";
import { PIECE_RATE_HZ, PieceSplitter } from "../../../../gateway/pipeline/recordings/piece-splitter.js";

const SECONDS = 30;
/** Loud but for what is silent, s. */
function recording(seconds: number, silent: readonly (readonly [from: number, to: number])[]): Uint8Array {
  const samples = Int16Array.from({ length: seconds * PIECE_RATE_HZ }, (_, i) => {
    const at = i / PIECE_RATE_HZ;
    return silent.some(([from, to]) => at >= from && at < to) ? 0 : 1_000 + (i % 7);
  });
  return new Uint8Array(samples.buffer);
}

function piecesOf(bytes: Uint8Array, chunk: number): { starts: readonly number[]; whole: Buffer } {
  const splitter = new PieceSplitter(1, SECONDS);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += chunk) pieces.push(...splitter.push(bytes.subarray(at, at + chunk)));
  const last = splitter.end();
  if (last !== undefined) pieces.push(last);
  return { starts: pieces.map(({ startMs }) => startMs), whole: Buffer.concat(pieces.map(({ pcm }) => pcm)) };
}

test("a recording is cut where it is silent, at the last such place of a piece, and nothing of it is lost", () => {
  const bytes = recording(70, [
    [21, 22],
    [28, 29],
    [51, 52],
  ]);
  for (const chunk of [1_000_000, 65_536, 3_331]) {
    const { starts, whole } = piecesOf(bytes, chunk);
    const [, second = 0, third = 0] = starts;
    assert.ok(second > 28_500 && second < 29_000, starts.join(" "));
    assert.ok(third > 51_500 && third < 52_000, starts.join(" "));
    assert.equal(starts.length, 3);
    assert.deepEqual(whole, Buffer.from(bytes));
  }
});
