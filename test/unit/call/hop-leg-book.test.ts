import assert from "node:assert/strict";
import { test } from "node:test";
import { HopLegBook } from "../../../gateway/call/hop-leg-book.js";
import { LEG_HEADER } from "../../../gateway/ports/hop-legs.js";
import type { DialogSnapshot, OutgoingSpec } from "../../../gateway/ports/sip-endpoint.js";
import { LiveCallDouble, RandomDouble } from "../../support/call-doubles.js";
import { placedLeg } from "../../support/hop-legs.js";

const SPEC: OutgoingSpec = {
  method: "INVITE",
  uri: "sip:b@192.0.2.1",
  targets: [],
  from: "<sip:a@192.0.2.2>",
  to: "<sip:b@192.0.2.1>",
  callId: "a@1",
};
const book = (remembered?: number): HopLegBook => new HopLegBook(new RandomDouble(), remembered);

test("hop legs: both sides of a call are known, each by its direction, while it is up and for some calls longer", () => {
  const legs = book(2);
  const calls = ["a", "b", "c"].map((id) => new LiveCallDouble(id));
  for (const call of calls) {
    legs.onStarted(call);
    legs.onInvited(call, `${call.callId}-out`);
    legs.onInvited(call, `${call.callId}-again`);
  }
  const known = (...ids: string[]) => ids.map((id) => `${legs.received(id) ? "in" : ""} ${legs.placed(id)}`);
  assert.deepEqual(known("a", "a-out", "a-again", "d"), ["in no", " yes", " yes", " no"]);
  for (const call of calls) legs.onEnded(call);
  assert.deepEqual(known("a", "a-out", "a-again"), [" no", " no", " no"], "the third last");
  assert.deepEqual(known("b", "b-out", "c", "c-again"), ["in no", " yes", "in no", " yes"]);
});

test("hop legs: one under its caller's Call-ID is known by its mark alone, one under our own needs none", () => {
  const legs = book();
  const [passes, hides] = [new LiveCallDouble("chosen@1"), new LiveCallDouble("chosen@2")];
  const mark = placedLeg(legs, passes);
  const { callId: _chosen, ...hidden } = SPEC;
  const own = legs.marked(hides, hidden);
  assert.equal(own.headers, undefined);
  legs.onStarted(hides);
  legs.onInvited(hides, "ours@hop");
  assert.deepEqual(
    [legs.placed("chosen@1"), legs.placed("chosen@2"), legs.placed("ours@hop")],
    ["marked", "no", "yes"],
  );
  const asked = [mark, "", undefined, "0".repeat(mark.length)].map((said) => legs.call("chosen@1", said)?.callId);
  assert.deepEqual(asked, ["chosen@1", undefined, undefined, undefined]);
  assert.deepEqual([legs.show("chosen@1", "", "1.0"), legs.show("ours@hop", mark, "1.0")], [false, false]);
  assert.equal(legs.call("ours@hop", undefined), hides);
  legs.onEnded(passes);
  assert.equal(legs.call("chosen@1", mark), undefined, "it is over");
  const shown = ["1.0", "1.1", "1.0"].map((by) => legs.show("chosen@1", mark, by));
  assert.deepEqual(shown, [true, false, true], "and remembered, for one channel, whoever asks about it");
});

test("hop legs: each call has a mark of its own, the same for every hop that is tried", () => {
  const legs = book();
  const [one, other] = [new LiveCallDouble("same@1"), new LiveCallDouble("same@1~2", { sipCallId: "same@1" })];
  const marks = [one, one, other].map((call) => placedLeg(legs, call));
  assert.equal(marks[0], marks[1]);
  assert.notEqual(marks[0], marks[2]);
  assert.equal(legs.call("same@1", marks[0]), one);
  assert.equal(legs.call("same@1", marks[2]), other);
});

test("hop legs: of calls that cannot be asked any more as many are believed as there are legs", () => {
  const legs = book();
  const [one, other] = [new LiveCallDouble("same@1"), new LiveCallDouble("same@1~2", { sipCallId: "same@1" })];
  // The first hop that is tried for one of them fails.
  for (const call of [one, one, other]) placedLeg(legs, call);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => legs.claim("same@1")),
    [true, true, true, false],
  );
  assert.equal(legs.claim("other@1"), false);
});

test("hop legs: a call that was taken up after a restart is known by its Call-IDs", () => {
  const legs = book();
  const dialog = { callId: "chosen@1" } as DialogSnapshot;
  const call = Object.assign(new LiveCallDouble("chosen@1"), { snapshots: () => ({ a: dialog, b: dialog }) as never });
  legs.onStarted(call);
  assert.equal(legs.placed("chosen@1"), "yes");
  assert.equal(legs.call("chosen@1", undefined), call);
});

test("hop legs: an id that two calls bear is known until both are forgotten", () => {
  const legs = book(1);
  const [one, two, three] = ["same", "same", "other"].map((id) => new LiveCallDouble(id));
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  for (const call of [one, two]) placedLeg(legs, call);
  legs.onEnded(one);
  legs.onEnded(one);
  legs.onStarted(three);
  legs.onEnded(three);
  const known = (): readonly unknown[] => [legs.received("same"), legs.placed("same")];
  assert.deepEqual(known(), [true, "marked"]);
  legs.onEnded(two);
  legs.onEnded(new LiveCallDouble("unknown"));
  assert.deepEqual(known(), [true, "marked"]);
  const last = new LiveCallDouble("last");
  legs.onStarted(last);
  legs.onEnded(last);
  assert.deepEqual(known(), [false, "no"]);
});

test(`hop legs: ${LEG_HEADER} joins what the INVITE bears`, () => {
  const { headers } = book().marked(new LiveCallDouble("a@1"), { ...SPEC, headers: [["X-Keep", "yes"]] });
  assert.deepEqual(
    headers?.map(([name]) => name),
    ["X-Keep", LEG_HEADER],
  );
});
