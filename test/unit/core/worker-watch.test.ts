import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerWatch } from "../../../gateway/core/worker-watch.js";
import { FakeClock } from "../../support/fake-clock.js";

/** Watches a worker that answers as long as `alive` holds. */
function watched() {
  const clock = new FakeClock();
  const hungAt: number[] = [];
  const worker = { alive: true, asked: 0 };
  const watch: WorkerWatch = new WorkerWatch({
    clock,
    silentMs: 60_000,
    ask: () => {
      worker.asked++;
      if (worker.alive) watch.heard();
    },
    onHung: () => void hungAt.push(clock.mono()),
  });
  return { clock, worker, watch, hungAt };
}

test("a worker that answers is left alone for ever", () => {
  const { clock, worker, watch, hungAt } = watched();
  watch.start();
  clock.advance(24 * 3_600_000);
  assert.deepEqual(hungAt, []);
  assert.ok(worker.asked > 5_000);
});

test("a worker that falls silent hangs after silentMs and one question more, and is told of once", () => {
  const { clock, worker, watch, hungAt } = watched();
  watch.start();
  clock.advance(600_000);
  worker.alive = false;
  clock.advance(60_000);
  assert.deepEqual(hungAt, []);
  clock.advance(600_000);
  assert.deepEqual(hungAt, [675_000]);
});

test("a start may take longer than silence later on", () => {
  const { clock, worker, watch, hungAt } = watched();
  worker.alive = false;
  watch.start(180_000);
  clock.advance(180_000);
  assert.deepEqual(hungAt, []);
  clock.advance(15_000);
  assert.deepEqual(hungAt, [195_000]);
});

test("nothing is asked once it has stopped", () => {
  const { clock, worker, watch, hungAt } = watched();
  watch.start();
  clock.advance(30_000);
  const { asked } = worker;
  worker.alive = false;
  watch.stop();
  clock.advance(600_000);
  assert.deepEqual([worker.asked, hungAt], [asked, []]);
});
