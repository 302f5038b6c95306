import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acknowledge,
  closeCase,
  followIncident,
  markFalse,
  takeAlert,
  unixMs,
  type Alert,
  type AlertCase,
  type AlertSettings,
  type CaseStep,
  type Incident,
  type TrunkId,
} from "../../../../detection/index.js";
import { OpenIncident } from "../../../../detection/policy/open-incident.js";
import { ALERT_SETTINGS } from "../../../support/alert-desk-scene.js";
import { sampleAlert, sampleIncident } from "../../../support/records.js";

const T = 1_700_000_000_000;
const at = (seconds: number) => unixMs(T + seconds * 1_000);
const SETTINGS: AlertSettings = {
  ...ALERT_SETTINGS,
  groupMs: 600_000,
  teams: [{ name: "south", trunks: ["south"], called: [] }],
};
const context = (seconds: number, settings: Partial<AlertSettings> = {}) => ({
  settings: { ...SETTINGS, ...settings },
  guards: [],
  now: at(seconds),
});

const callers = (count: number): Alert["callers"] =>
  Array.from({ length: count }, (_, index) => `+12025550${100 + index}`) as never;
const alert = (count: number, seconds: number, change: Partial<Alert> = {}): Alert =>
  sampleAlert(seconds, {
    ...{ incidentId: "inc-1", callers: callers(count), callerCount: count, callCount: count, detectedAt: at(seconds) },
    message: `${count} callers reached one number`,
    ...change,
  });
const incident = (count: number, seconds: number, change: Partial<Incident> = {}): Incident =>
  sampleIncident(1, {
    ...{ id: "inc-1", openedAt: at(0), updatedAt: at(seconds), callers: callers(count), callerCount: count },
    calls: callers(count).map((caller) => ({ callId: caller, caller, trunk: "t" as TrunkId, at: at(0) })),
    callCount: count,
    ...change,
  });
const opened = (settings: Partial<AlertSettings> = {}): AlertCase =>
  takeAlert(undefined, alert(5, 0), incident(5, 0), context(0, settings), "case-1").after;
const follow = (of: AlertCase, grown: Incident, seconds: number): CaseStep => {
  const step = followIncident(of, grown, context(seconds));
  assert.ok(step !== undefined);
  return step;
};
const counts = ({ latest }: AlertCase): readonly number[] => [latest.callCount, latest.callerCount];

test("a case says how far its incident has gone; people are told at most so often", () => {
  const first = follow(opened(), incident(8, 3), 5);
  assert.deepEqual([counts(first.after), first.notice], [[8, 8], undefined]);
  assert.deepEqual([first.after.updatedAt, first.after.seenAt, first.after.alertCount], [at(3), at(5), 1]);
  assert.equal(first.after.latest.message, "8 callers reached one number");
  assert.equal(followIncident(first.after, incident(8, 3), context(70)), undefined, "nothing more");
  const later = follow(first.after, incident(30, 59), 60);
  assert.deepEqual([later.notice?.event, later.notice?.callCount, later.notice?.callerCount], ["updated", 30, 30]);
  assert.equal(later.after.latest.callers.length, 20, "so many are shown");
  assert.equal(follow(later.after, incident(31, 61), 62).notice, undefined);
});

test("counts never fall, and are of the latest alert's incident only", () => {
  const of = opened();
  for (const [other, what] of [
    [incident(4, 9), "older than the alert"],
    [incident(9, 9, { id: "inc-2" }), "another one"],
    [undefined, "not known"],
  ] as const)
    assert.equal(followIncident(of, other, context(9)), undefined, what);
  const { after } = follow(of, incident(4, 9, { callCount: 12 }), 9);
  assert.deepEqual([counts(after), after.latest.callers.length], [[12, 5], 5]);
});

test("an alert that was sorted late has the counts of its incident by then, and takes over as the latest", () => {
  const spooled = takeAlert(undefined, alert(5, 0), incident(8, 3, { state: "closed" }), context(900), "case-1");
  assert.deepEqual([spooled.notice?.event, spooled.notice?.callCount], ["opened", 8]);
  const followed = follow(opened(), incident(40, 20), 21).after;
  const worse = takeAlert(followed, alert(15, 10, { disposition: "shadow" }), incident(40, 20), context(22), "case-2");
  assert.deepEqual([counts(worse.after), worse.after.latest.disposition], [[40, 40], "shadow"]);
  assert.deepEqual([worse.after.updatedAt, worse.after.alertCount], [at(20), 2]);
});

test("with the calls come their trunks: who sees the case, and whose it is, goes by them", () => {
  const { after } = follow(opened(), incident(8, 3, { trunks: ["south" as TrunkId] }), 5);
  assert.deepEqual([after.trunks, after.team], [["default", "south"], "south"]);
});

test("a case that was closed by hand is opened again by calls after that, and only by these", () => {
  const closed = closeCase(opened(), "by-hand", at(10), "ana")?.after;
  assert.ok(closed !== undefined);
  const before = follow(closed, incident(8, 9), 12);
  assert.deepEqual([before.after.state, counts(before.after), before.notice], ["closed", [8, 8], undefined]);
  const over = follow(closed, incident(9, 11, { state: "closed", closedAt: at(60) }), 61);
  assert.deepEqual([over.after.state, counts(over.after), over.notice], ["closed", [9, 9], undefined]);
  const goesOn = follow(before.after, incident(9, 11), 12);
  assert.deepEqual([goesOn.after.state, goesOn.notice?.event, goesOn.notice?.callCount], ["open", "opened", 9]);
  assert.deepEqual([goesOn.after.closedAt, goesOn.after.seenAt], [undefined, at(12)]);
});

test("a case that was marked as false is counted and not told; one that is kept quiet is told when nothing keeps it", () => {
  const marked = markFalse(opened(), "ana", at(10))?.after;
  assert.ok(marked !== undefined);
  const { after, notice } = follow(marked, incident(9, 500), 500);
  assert.deepEqual([after.state, counts(after), notice], ["false-positive", [9, 9], undefined]);
  const tests = { rules: [], called: [], trunks: [], teams: [], name: "tests", until: at(100) };
  const quiet = opened({ maintenance: [tests] });
  const during = followIncident(quiet, incident(8, 50), context(50, { maintenance: [tests] }));
  assert.deepEqual([during?.notice, during?.after.suppressedBy], [undefined, "maintenance tests"]);
  const later = follow(during?.after ?? quiet, incident(9, 100), 101);
  assert.deepEqual([later.notice?.event, later.after.suppressedBy], ["opened", undefined]);
});

test("who has acknowledged it goes on to be told", () => {
  const taken = acknowledge(opened(), "ana", at(10))?.after;
  assert.ok(taken !== undefined);
  const { after, notice } = follow(taken, incident(9, 69), 70);
  assert.deepEqual([after.state, after.acknowledgedBy, notice?.event], ["acknowledged", "ana", "updated"]);
});

test("the text of a real attack's alert is counted anew too", () => {
  const others = { release: () => undefined } as never;
  const attack = new OpenIncident({
    ...{ id: "inc-1", alertId: "alert-1", called: "+12025550101" as never, at: at(0), windowMs: 5_000, threshold: 5 },
    ...{ reachedInMs: 1_000, repeats: 0, disposition: "enforced", others },
  });
  const add = (index: number): boolean =>
    attack.add(
      { callId: `c-${index}`, caller: callers(20)[index] as never, trunk: "t" as TrunkId, callerHash: index },
      at(1),
    );
  for (let index = 0; index < 5; index++) add(index);
  const { after } = takeAlert(undefined, attack.alert("alert-1", at(1)), attack.snapshot(), context(1), "case-1");
  for (let index = 5; index < 8; index++) add(index);
  const { message, callIds } = follow(after, attack.snapshot(at(60)), 61).after.latest;
  assert.equal(message, attack.alert("alert-2", at(1)).message);
  assert.deepEqual([message.slice(0, 9), callIds.length], ["8 callers", 8]);
});
