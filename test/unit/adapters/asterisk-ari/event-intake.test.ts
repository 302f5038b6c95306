import assert from "node:assert/strict";
import { test } from "node:test";
import { EventIntake, type EventIntakeOptions } from "../../../../gateway/adapters/asterisk-ari/event-intake.js";
import { FakeClock } from "../../../support/fake-clock.js";

/** Every event costs `costMs`, as the clock has it. */
function intake(costMs: number, change: Partial<EventIntakeOptions> = {}) {
  const clock = new FakeClock();
  let workMs = 0;
  const told: string[] = [];
  let bad = 0;
  const made = new EventIntake(
    { sliceMs: 3, maxWaiting: 10, maxWaitingBytes: 1_000_000, ...change },
    {
      onEvent: ({ type }) => {
        told.push(type);
        workMs += costMs;
      },
      onBad: () => bad++,
      onLost: (count) => told.push(`lost ${count}`),
    },
    // Work makes time pass within a turn; timers see the clock alone.
    {
      mono: () => (clock.mono() + workMs) as ReturnType<FakeClock["mono"]>,
      unix: clock.unix,
      callAt: (_at, fn) => clock.callAt(clock.mono(), fn),
    },
  );
  const push = (...types: string[]): void => types.forEach((type) => made.push(JSON.stringify({ type })));
  return { made, clock, told, push, bad: () => bad };
}

test("a single event is told of at once", () => {
  const { told, push } = intake(0);
  push("a");
  assert.deepEqual(told, ["a"]);
});

test("a flood is worked on in slices, in order", () => {
  const { clock, told, push, made } = intake(1);
  push("1", "2", "3", "4", "5", "6", "7", "8");
  assert.deepEqual(told, ["1", "2", "3"]);
  assert.equal(made.waiting, 5);
  clock.advance(0);
  assert.deepEqual(told, ["1", "2", "3", "4", "5", "6", "7", "8"]);
  assert.equal(made.waiting, 0);
});

test("no turn works on more than a slice", () => {
  const { told, push, made } = intake(2, { maxWaiting: 100 });
  push(...Array.from({ length: 20 }, (_, at) => String(at)));
  assert.equal(told.length, 2, "2 ms each, 3 ms a turn");
  assert.equal(made.waiting, 18);
});

for (const [name, change] of [
  ["events", { maxWaiting: 3 }],
  ["bytes", { maxWaitingBytes: 39 }],
] as const) {
  test(`too many ${name} that wait are dropped all together and counted; what comes after is taken`, () => {
    const { clock, told, push } = intake(5, change);
    push("1", "2", "3", "4", "5", "6");
    assert.deepEqual(told, ["1", "lost 4"]);
    clock.advance(0);
    push("7");
    clock.advance(0);
    assert.deepEqual(told, ["1", "lost 4", "6", "7"]);
  });
}

test("what is no event is counted and nothing else", () => {
  const { made, told, bad } = intake(0);
  for (const text of ["", "nonsense", "[]", "null", "12", '{"no":"type"}', '{"type":7}']) made.push(text);
  assert.deepEqual(told, []);
  assert.equal(bad(), 7);
});

test("what waits when the connection is gone is forgotten", () => {
  const { made, clock, told, push } = intake(5);
  push("1", "2", "3");
  made.clear();
  clock.advance(10);
  assert.deepEqual(told, ["1"]);
  push("4");
  assert.deepEqual(told, ["1", "4"]);
});
