import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../../gateway/core/log.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { IntakePosition } from "../../../gateway/ports/intake-position.js";
import type { HeldCallsQuery } from "../../../gateway/ports/legal-holds.js";
import { BackOfficePruning } from "../../../gateway/workers/back-office-pruning.js";
import { FakeClock } from "../../support/fake-clock.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

class SetClock extends FakeClock {
  aheadMs = 0;
  override unix = () => unixMs(1_700_000_000_000 + this.mono() + this.aheadMs);
}

interface Kept {
  position?: IntakePosition;
  newestAuditAt?: number;
  held?: boolean;
  heldCalls?: readonly string[];
}

/** One start of a gateway on a store that keeps things. */
function startOn(kept: Kept, clock = new SetClock(), auditFileDays = 0) {
  const pruned: {
    rows: number[];
    speech: number;
    keys: number;
    swept: number;
    audit: number[];
    kept?: ReadonlySet<string> | undefined;
  } = {
    ...{ rows: [], speech: 0, keys: 0, swept: 0, audit: [] },
  };
  const warned: string[] = [];
  const pruning = new BackOfficePruning(
    { audioDays: 30, keyDays: 30, auditFileDays },
    {
      store: {
        prune: (now) => {
          pruned.rows.push(now);
          return Promise.resolve({ deleted: {} as never, more: false });
        },
        callRecords: { position: () => Promise.resolve(kept.position) },
        cdrs: () => Promise.resolve([]),
        audit: () => Promise.resolve(kept.newestAuditAt === undefined ? [] : [{ at: kept.newestAuditAt } as never]),
        legalHolds: {
          holds: () => Promise.resolve(kept.held === true ? [{ number: "+12025550101" }] : []),
          heldCalls: ({ limit, after }: HeldCallsQuery) =>
            Promise.resolve((kept.heldCalls ?? []).filter((id) => after === undefined || id > after).slice(0, limit)),
        } as never,
      },
      speech: {
        prune: (_before, keep) => {
          pruned.kept = keep;
          return Promise.resolve(++pruned.speech);
        },
      },
      keys: {
        prune: () => {
          pruned.keys++;
          return Promise.resolve();
        },
        sweepSpeech: () => {
          pruned.swept++;
          return Promise.resolve();
        },
      },
      auditFile: { prune: (before) => Promise.resolve(pruned.audit.push(before)) },
      sink: {
        write: (record) => {
          if (record.kind === "intake-position") kept.position = record.position;
        },
      },
      clock,
      log: { ...silentLog, warn: (event) => warned.push(event) },
    },
  );
  pruning.start();
  const hours = async (count: number): Promise<void> => {
    for (let hour = 0; hour < count; hour++) {
      clock.advance(HOUR_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, pruned, warned, pruning, hours };
}

test("a clock that goes on as time does is believed; one that is hours off too, and after a restart", async () => {
  const kept: Kept = {};
  const first = startOn(kept);
  await first.hours(3);
  assert.ok(
    first.pruned.rows.length >= 2 && first.pruned.speech === 1 && first.pruned.keys === 1 && first.pruned.swept === 1,
  );
  assert.ok(first.pruning.mayPrune());
  first.clock.aheadMs = 20 * HOUR_MS;
  await first.hours(2);
  assert.ok(first.pruned.rows.length >= 4);
  first.pruning.close();
  const second = startOn(kept, first.clock);
  await second.hours(2);
  assert.ok(second.pruned.rows.length >= 1);
  assert.deepEqual([...first.warned, ...second.warned], []);
});

for (const [name, kept] of [
  ["the clock seen last", { position: { name: "clock", at: unixMs(1_700_000_000_000), value: {} } }],
  ["the newest row of a store that knows no clock", { newestAuditAt: 1_700_000_000_000 }],
] as const) {
  test(`a machine that boots eight years ahead deletes nothing, judged by ${name}`, async () => {
    const clock = new SetClock();
    clock.aheadMs = 8 * 365 * DAY_MS;
    const { pruned, warned, pruning, hours } = startOn({ ...kept }, clock);
    await hours(20);
    assert.deepEqual({ ...pruned }, { rows: [], speech: 0, keys: 0, swept: 0, audit: [] });
    assert.equal(pruning.mayPrune(), false);
    assert.deepEqual(warned, ["store.clock-leapt"]);
    clock.aheadMs = 0;
    await hours(2);
    assert.ok(pruned.rows.length >= 1 && pruned.rows.every((now) => now <= clock.unix()), "it was set right");
  });
}

test("a clock that leaps while we run is not believed before it has gone on for a day", async () => {
  const { clock, pruned, hours } = startOn({});
  await hours(2);
  const before = pruned.rows.length;
  clock.aheadMs = 30 * DAY_MS;
  await hours(23);
  assert.equal(pruned.rows.length, before);
  await hours(4);
  assert.ok(pruned.rows.length > before, "somebody was off for a month, and the clock is right");
});

test("a store that cannot be asked what was seen last loses nothing", async () => {
  const clock = new SetClock();
  const kept = {
    get position(): IntakePosition {
      throw new Error("down");
    },
  };
  const { pruned, hours } = startOn(kept, clock);
  await hours(3);
  assert.deepEqual(pruned.rows, []);
});

test("audit files go daily where there is a limit of days; not while a number is held, nor by a clock that is not believed", async () => {
  const never = startOn({});
  await never.hours(30);
  assert.deepEqual(never.pruned.audit, []);
  const kept: Kept = {};
  const { clock, pruned, hours } = startOn(kept, new SetClock(), 2_557);
  await hours(50);
  assert.equal(pruned.audit.length, 3);
  assert.ok(Math.abs(clock.unix() - (pruned.audit.at(-1) ?? 0) - 2_557 * DAY_MS) < DAY_MS);
  kept.held = true;
  await hours(50);
  assert.equal(pruned.audit.length, 3);
  kept.held = false;
  clock.aheadMs = 400 * DAY_MS;
  await hours(20);
  assert.equal(pruned.audit.length, 3);
});

test("speech of every call that a legal hold keeps stays, however many those are", async () => {
  const heldCalls = Array.from({ length: 2_500 }, (_, index) => `call-${String(index).padStart(5, "0")}`);
  const { pruned, hours } = startOn({ heldCalls });
  for (let turn = 0; turn < 9 && pruned.kept === undefined; turn++) await hours(1);
  assert.equal(pruned.kept?.size, 2_500);
});
