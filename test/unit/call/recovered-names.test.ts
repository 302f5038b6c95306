import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalKeeper } from "../../../gateway/call/journal-keeper.js";
import { DEFAULT_RECOVERY, openCalls, recoverCalls } from "../../../gateway/call/recover-calls.js";
import type { JournalEntry } from "../../../gateway/ports/dialog-journal.js";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { LogDouble, RandomDouble, SinkDouble, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";
import { answered, invited, snapshot } from "../../support/journal-entries.js";

const CALL_ID = "again@caller.example";
const AGAIN = [["Call-ID", CALL_ID]] as const;

/** A gateway that was started anew on a journal; what it and the last one wrote, in order. */
function startedOn(left: readonly JournalEntry[]) {
  const clock = new FakeClock();
  const written = [...left];
  const sink = new SinkDouble();
  const journal = { append: (entry: JournalEntry): void => void written.push(entry) };
  const bench = new B2buaBench({ clock, observers: [new JournalKeeper(journal, clock)] });
  bench.b2bua.holdNames(left.map(({ callId }) => callId));
  const recover = (afterRestart: "end" | "resume" = "end") =>
    recoverCalls(
      left,
      { ...DEFAULT_RECOVERY, afterRestart },
      {
        ...{ endpoint: bench.endpoint, journal, clock, random: new RandomDouble() },
        ...{ sink, log: new LogDouble() },
        resume: (entry) => {
          bench.b2bua.restore(entry, bench.policy);
          return true;
        },
        onOver: (name, wasAnswered) => bench.b2bua.releaseName(name, wasAnswered),
      },
    );
  return { bench, written, sink, recover };
}

test("a call that comes under the Call-ID of one that is being ended after a restart stays in the journal when that has ended", async () => {
  const { bench, written, recover } = startedOn([answered(CALL_ID)]);
  const over = recover();
  await settle();
  assert.equal(bench.endpoint.restored.length, 2);
  const { b } = bench.answered(AGAIN);
  for (const dialog of bench.endpoint.restored) dialog.last("BYE").final(200);
  assert.equal((await over).ended, 1);
  const { answered: up } = openCalls(written);
  assert.deepEqual(
    up.map(({ b: leg }) => leg.callId),
    [b.callId],
    "a second crash knows it",
  );
});

test("a call that comes under the Call-ID of one that is being ended after a restart, and ends first, leaves that one in the journal", async () => {
  const { bench, written, recover } = startedOn([answered(CALL_ID)]);
  const over = recover();
  await settle();
  const { a, b } = bench.answered(AGAIN);
  a.receive("BYE");
  b.last("BYE").final(200);
  assert.equal(bench.b2bua.size, 0);
  assert.deepEqual(
    openCalls(written).answered.map(({ callId }) => callId),
    [CALL_ID],
  );
  for (const dialog of bench.endpoint.restored) dialog.last("BYE").final(200);
  await over;
  assert.deepEqual(openCalls(written), { answered: [], unanswered: [] });
});

test("a call that comes before the recovery has begun, under the Call-ID of one that rang, stays in the journal", async () => {
  const { bench, written, recover } = startedOn([invited(CALL_ID)]);
  const { b } = bench.answered(AGAIN);
  assert.equal((await recover()).unanswered, 1);
  assert.deepEqual(
    openCalls(written).answered.map(({ b: leg }) => leg.callId),
    [b.callId],
  );
});

test("a call that goes on after a restart has its name still, and is in the journal under it", async () => {
  const { bench, written, recover } = startedOn([answered(CALL_ID)]);
  await recover("resume");
  assert.equal(bench.call.callId, CALL_ID);
  assert.deepEqual(
    openCalls(written).answered.map(({ callId }) => callId),
    [CALL_ID],
  );
});

test("the record of a call that a restart has ended has the name that all kept of it has, and says which Call-ID it came under", async () => {
  const name = `${CALL_ID}~1f`;
  const { bench, recover, sink } = startedOn([{ ...answered(name), a: { ...snapshot, callId: CALL_ID } }]);
  const over = recover();
  await settle();
  for (const dialog of bench.endpoint.restored) dialog.last("BYE").final(200);
  await over;
  const [{ cdr } = { cdr: undefined }] = sink.of("cdr");
  assert.deepEqual([cdr?.callId, cdr?.origin?.related], [name, CALL_ID]);
  assert.deepEqual(
    sink.of("teardown").map(({ teardown }) => teardown.callId),
    [name],
  );
});
