import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketIndex } from "../../../../gateway/media/srtp/packet-index.js";

const ROUND = 65_536;

/** Sequence numbers as they come → the index that each is taken for, "replay" or "before". */
function run(sequences: readonly number[], firstRoc = 0): (number | string)[] {
  const source = new PacketIndex(firstRoc);
  return sequences.map((sequence) => {
    const index = source.estimate(sequence);
    if (index < 0) return "before";
    if (source.isReplay(index)) return "replay";
    source.remember(index);
    return index;
  });
}

const cases = [
  { name: "in order", from: [5, 6, 7], to: [5, 6, 7] },
  { name: "over the wrap", from: [65_534, 65_535, 0, 1], to: [65_534, 65_535, ROUND, ROUND + 1] },
  { name: "reordered over the wrap", from: [65_534, 0, 65_535, 1], to: [65_534, ROUND, 65_535, ROUND + 1] },
  { name: "a loss of 20,000 over the wrap", from: [60_000, 14_464], to: [60_000, ROUND + 14_464] },
  { name: "the same twice", from: [9, 10, 10, 9], to: [9, 10, "replay", "replay"] },
  { name: "older than the window", from: [1000, 872, 873], to: [1000, "replay", 873] },
  { name: "a jump over the whole window clears it", from: [1, 2, 1000, 999], to: [1, 2, 1000, 999] },
  { name: "before the first wrap there is nothing", from: [3, 65_530], to: [3, "before"] },
  { name: "a stream that is joined late", from: [65_535, 0], to: [3 * ROUND + 65_535, 4 * ROUND], roc: 3 },
];
for (const { name, from, to, roc } of cases) {
  test(`packet index: ${name}`, () => assert.deepEqual(run(from, roc), to));
}

test("packet index: every packet of the window is told apart, across the words of its bitmap", () => {
  const source = new PacketIndex();
  const sent = Array.from({ length: 400 }, (_, i) => i).filter((i) => i % 3 !== 0);
  for (const i of sent) source.remember(source.estimate(i));
  for (let i = 399 - 127; i <= 399; i++) assert.equal(source.isReplay(i), i % 3 !== 0 || i > 399, `${i}`);
});
