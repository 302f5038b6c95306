import assert from "node:assert/strict";
import { test } from "node:test";
import { giveUpAfter } from "../../../gateway/core/give-up.js";
import { FakeClock } from "../../support/fake-clock.js";

function scene(): { clock: FakeClock; at: number[]; cancel: () => void } {
  const clock = new FakeClock();
  const at: number[] = [];
  const cancel = giveUpAfter(clock, 500, () => void at.push(clock.mono()));
  return { clock, at, cancel };
}

test("gives up when the time is over, once", () => {
  const { clock, at } = scene();
  clock.advance(10_000);
  assert.deepEqual(at, [500]);
});

test("is cancelled", () => {
  const { clock, at, cancel } = scene();
  clock.advance(499);
  cancel();
  clock.advance(10_000);
  assert.deepEqual(at, []);
});

test("this thread stood still: what has come meanwhile may cancel it, else it gives up a moment later", () => {
  const [answered, silent] = [scene(), scene()];
  for (const { clock } of [answered, silent]) clock.stall(3_000);
  answered.cancel();
  for (const { clock } of [answered, silent]) clock.advance(10_000);
  assert.deepEqual([answered.at, silent.at], [[], [3_050]]);
});
