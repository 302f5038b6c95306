import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AriBridge, AriChannel } from "../../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { AriHands } from "../../../../gateway/adapters/asterisk-ari/hearing/ari-hands.js";
import { AriHearing } from "../../../../gateway/adapters/asterisk-ari/hearing/ari-hearing.js";
import type { MediaPath } from "../../../../gateway/adapters/asterisk-ari/hearing/media-path.js";
import { DEFAULT_OWN_OBJECTS, OwnObjects } from "../../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import type { InventoryUser } from "../../../../gateway/adapters/asterisk-ari/inventory.js";
import { LeftOvers } from "../../../../gateway/adapters/asterisk-ari/left-overs.js";
import { OwnMarks } from "../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { Slices } from "../../../../gateway/adapters/asterisk-ari/slices.js";
import { CallWatcher } from "../../../../gateway/adapters/asterisk-ari/watch/call-watcher.js";
import type { Clock } from "../../../../gateway/core/clock.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { monoMs, unixMs, type MonoMs } from "../../../../gateway/core/time.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { ariChannel, MemoryAriLink, settle } from "../../../support/memory-ari-link.js";
import { SeededRandom } from "../../../support/seeded-random.js";
import { FakeDesk } from "../../../support/watching.js";

describe("work in slices", () => {
  test("a turn is over after a few milliseconds, and what one piece has used the next one does not get again", async () => {
    const clock = new FakeClock();
    const slices = new Slices(clock, () => true);
    const done: number[] = [];
    const work = (item: number): void => {
      done.push(item);
      clock.advance(1);
    };
    // `advance` runs what waits for its turn, so it must not be what ends the work.
    const first = slices.each([1, 2], work);
    assert.equal(await first, true);
    void slices.each([3, 4, 5, 6, 7, 8], work);
    await settle();
    assert.deepEqual(done, [1, 2, 3, 4]);
    clock.advance(0);
    await settle();
    assert.deepEqual(done, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("what is not wanted any more stops", async () => {
    let wanted = true;
    const slices = new Slices(new FakeClock(), () => wanted);
    const done: number[] = [];
    const all = await slices.each([1, 2, 3], (item) => {
      done.push(item);
      wanted = item < 2;
    });
    assert.deepEqual([all, done], [false, [1, 2]]);
    assert.equal(await slices.sorted([2, 1], (a, b) => a - b), undefined);
  });

  for (const size of [0, 1, 255, 256, 257, 3_000]) {
    test(`${size} things are put in order, equal ones stay in theirs`, async () => {
      const items = Array.from({ length: size }, (_, at) => ({ at, key: (at * 7_919) % 97 }));
      const sorted = await new Slices(new FakeClock(), () => true).sorted(items, (a, b) => a.key - b.key);
      assert.deepEqual(
        sorted,
        items.toSorted((a, b) => a.key - b.key),
      );
    });
  }
});

const SIZE = 400;

/** A machine so slow that each look at the clock is a millisecond later; counts the turns that are waited for. */
class SlowClock implements Clock {
  turns = 0;
  #now = 0;
  mono = () => monoMs(this.#now++);
  unix = () => unixMs(1_700_000_000_000 + this.#now);

  callAt(_at: MonoMs, fn: () => void): () => void {
    this.turns++;
    setImmediate(fn);
    return () => undefined;
  }
}

for (const name of ["left-overs", "watcher", "hearing", "hands"] as const) {
  test(`an Asterisk with very many channels comes back: ${name} goes through them in turns`, async () => {
    const clock = new SlowClock();
    const { users, watcher } = usersOf(clock);
    const user = users[name];
    const channels = Array.from({ length: SIZE }, (_, at) => bigChannel(at));
    const bridges = Array.from({ length: SIZE / 2 }, (_, at) => bigBridge(at));
    user.onLoading?.();
    await user.onStock({ channels, bridges });
    watcher.close();
    // A slice is three milliseconds.
    assert.ok(clock.turns >= SIZE / 5, `${clock.turns} turns`);
    if (name === "watcher") assert.equal(watcher.size, SIZE / 2);
  });
}

function usersOf(clock: Clock) {
  const link = new MemoryAriLink();
  const random = new SeededRandom(1);
  const marks = new OwnMarks("ringfence", random);
  const deps = { link, marks, random, clock, metrics: noMetrics, log: silentLog };
  const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, deps);
  const watcher = new CallWatcher(
    { enforce: true },
    { ...deps, desk: new FakeDesk(), sink: { write: () => undefined } },
  );
  const user = { carried: () => false, open: () => undefined, close: () => undefined };
  const hearing = new AriHearing(
    { which: "all", maxTalks: 200, format: "ulaw", reopenings: 1, reopenMs: 500 },
    { ...deps, objects, path: {} as MediaPath, user },
  );
  const warning = { sampleRateHz: 8_000, samples: new Float32Array(0) };
  const hands = new AriHands({ ...deps, objects, path: {} as MediaPath, warning, heard: () => undefined });
  const users = { "left-overs": new LeftOvers(deps), watcher, hearing, hands } satisfies Record<string, InventoryUser>;
  return { users: users as Record<keyof typeof users, InventoryUser>, watcher };
}

const bigChannel = (at: number): AriChannel =>
  ariChannel(`1700000000.${at}`, {
    creationtime: new Date(1.7e12 + ((at * 7_919) % SIZE) * 10).toISOString(),
    dialplan: { context: "c", exten: "+12025550102", priority: 1, app_name: at % 2 === 0 ? "Dial" : "AppDial" },
  });

const bigBridge = (at: number): AriBridge => ({
  id: `b${at}`,
  name: "",
  creator: "",
  channels: [`1700000000.${2 * at}`, `1700000000.${2 * at + 1}`],
});
