import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../../gateway/core/log.js";
import { RecordingsPruning, type PruningDeps } from "../../../gateway/workers/recordings-pruning.js";
import { FakeClock } from "../../support/fake-clock.js";

const DAY = 86_400_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @param removes How many of the ids that it is given. */
function scene(kept: string[], removes: (ids: readonly string[]) => number, orphans = 0) {
  const asked: number[] = [];
  const events: string[] = [];
  const clock = new FakeClock();
  const deps: PruningDeps = {
    store: {
      endedBefore: () => {
        asked.push(kept.length);
        assert.ok(asked.length < 10, "it asks again and again");
        return Promise.resolve(kept.slice(0, 2));
      },
      get: () => Promise.resolve(undefined),
      dropRemoved: () => Promise.resolve(),
      giveUpOrphans: (home, before) =>
        Promise.resolve(home === "here" && before === clock.unix() - 30 * DAY ? orphans : 0),
    },
    home: "here",
    files: { ids: () => Promise.resolve([]) } as never,
    remove: (ids) => {
      const count = removes(ids);
      kept.splice(0, count);
      return Promise.resolve(count);
    },
    clock,
    log: { ...silentLog, warn: (event) => events.push(event), info: (event) => events.push(event) },
  };
  const pruning = new RecordingsPruning(30, deps);
  pruning.start();
  return { asked, events, clock, pruning };
}

test("what has ended long ago goes, some at a time, until nothing is left", async () => {
  const { asked, events, clock, pruning } = scene(["a", "b", "c"], (ids) => ids.length);
  clock.advance(30_000);
  await turn();
  assert.deepEqual([asked, events], [[3, 1, 0], ["recordings.pruned"]]);
  pruning.close();
});

test("ids that cannot be removed are told of and left until the next hour: they would come for ever", async () => {
  const { asked, events, clock, pruning } = scene(["a", "b"], () => 0);
  clock.advance(30_000);
  await turn();
  assert.deepEqual([asked, events], [[2], ["recordings.prune-stuck"]]);
  clock.advance(3_600_000);
  await turn();
  assert.equal(asked.length, 2);
  pruning.close();
});

test("jobs of a gateway that is gone are given up, and that is said", async () => {
  const { events, clock, pruning } = scene([], () => 0, 2);
  clock.advance(30_000);
  await turn();
  assert.deepEqual(events, ["recordings.orphans"]);
  pruning.close();
});
