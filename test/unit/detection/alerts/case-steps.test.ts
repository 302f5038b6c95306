import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acknowledge,
  closeCase,
  escalate,
  escalationDeadline,
  markFalse,
  takeAlert,
  unixMs,
  type Alert,
  type AlertCase,
  type AlertGuard,
  type AlertSettings,
  type CaseStep,
} from "../../../../detection/index.js";
import { sampleAlert, sampleIncident } from "../../../support/records.js";

const T = 1_700_000_000_000;
const at = (seconds: number) => unixMs(T + seconds * 1_000);
const SETTINGS: AlertSettings = {
  groupMs: 600_000,
  updateEveryMs: 60_000,
  closeAfterQuietMs: 86_400_000,
  maintenance: [],
  suppress: [],
  escalation: [],
  teams: [],
};
const NOWHERE = { rules: [], called: [], trunks: [], teams: [] };

const alert = (seconds: number, change: Partial<Alert> = {}): Alert =>
  sampleAlert(seconds, { incidentId: "inc-1", severity: "medium", ...change, detectedAt: at(seconds) });

const take = (
  current: AlertCase | undefined,
  of: Alert,
  settings: Partial<AlertSettings> = {},
  guards: readonly AlertGuard[] = [],
): CaseStep =>
  takeAlert(
    current,
    of,
    sampleIncident(1),
    { settings: { ...SETTINGS, ...settings }, guards, now: of.detectedAt },
    `case-${of.id}`,
  );

test("the first alert opens a case and is told", () => {
  const { after, notice } = take(undefined, alert(0));
  assert.deepEqual([after.state, after.alertCount, after.sequence, notice?.event], ["open", 1, 1, "opened"]);
  assert.deepEqual(after.trunks, sampleIncident(1).trunks);
});

test("an incident that lay far back when its records were read is kept and not told; it is told when it goes on", () => {
  const finding = { id: "f", score: 1, firstAt: at(0), evidence: {}, detail: {} };
  const words = { explanation: "", recommended: "", falsePositives: "" };
  const escalation = [{ afterMs: 1_000, routes: ["mail"], minSeverity: "low" as const }];
  const old = take(undefined, alert(0, { finding: { ...finding, ...words, isPast: true } }), { escalation });
  assert.deepEqual([old.notice, old.after.state, old.after.suppressedBy], [undefined, "open", "history"]);
  const now = at(9_000);
  assert.equal(escalate(old.after, { settings: { ...SETTINGS, escalation }, guards: [], now }), undefined);
  const goesOn = take(old.after, alert(9_000, { finding: { ...finding, ...words } }));
  assert.deepEqual([goesOn.notice?.event, goesOn.after.suppressedBy], ["opened", undefined]);
});

const joins: readonly (readonly [what: string, next: Alert, joined: boolean])[] = [
  ["the same incident, much later", alert(9_000), true],
  ["another incident within groupMs", alert(599, { incidentId: "inc-2" }), true],
  ["another incident just within groupMs", alert(600, { incidentId: "inc-2" }), true],
  ["another incident after groupMs", alert(601, { incidentId: "inc-2" }), false],
];
for (const [what, next, joined] of joins) {
  test(`one case an incident: ${what} ${joined ? "joins" : "opens a case of its own"}`, () => {
    const first = take(undefined, alert(0)).after;
    const { after } = take(first, next);
    assert.equal(after.id === first.id, joined);
    assert.equal(after.alertCount, joined ? 2 : 1);
  });
}

test("a case that goes on is told again after updateEveryMs, or at once when it gets worse", () => {
  const first = take(undefined, alert(0)).after;
  const quiet = take(first, alert(59));
  assert.equal(quiet.notice, undefined);
  assert.equal(take(quiet.after, alert(60)).notice?.event, "updated");
  const worse = take(quiet.after, alert(59, { severity: "critical" }));
  assert.deepEqual([worse.notice?.event, worse.notice?.severity, worse.notice?.sequence], ["updated", "critical", 2]);
  assert.equal(take(worse.after, alert(60, { severity: "low" })).after.severity, "critical");
});

test("an alert that comes late changes the count and not the latest alert", () => {
  const first = take(undefined, alert(30)).after;
  const { after } = take(first, alert(10, { message: "older" }));
  assert.deepEqual([after.alertCount, after.updatedAt, after.latest.message], [2, at(30), first.latest.message]);
});

test("in a maintenance window alerts are kept and nobody is told; after it the case opens for them", () => {
  const maintenance = [{ ...NOWHERE, name: "tests", from: at(-10), until: at(100) }];
  const quiet = take(undefined, alert(0), { maintenance });
  assert.deepEqual([quiet.notice, quiet.after.suppressedBy], [undefined, "maintenance tests"]);
  const later = take(quiet.after, alert(100), { maintenance });
  assert.deepEqual([later.notice?.event, later.after.suppressedBy], ["opened", undefined]);
});

const day = Date.UTC(2024, 0, 3); // a Wednesday
const window = (start: string, end: string, timeZone = "UTC") => ({
  maintenance: [{ ...NOWHERE, name: "w", weekly: { days: ["wednesday" as const], start, end, timeZone } }],
});
const weekly: readonly (readonly [what: string, iso: string, settings: Partial<AlertSettings>, quiet: boolean])[] = [
  ["within", "2024-01-03T10:00:00Z", window("09:00", "17:00"), true],
  ["at its end", "2024-01-03T17:00:00Z", window("09:00", "17:00"), false],
  ["on another day", "2024-01-04T10:00:00Z", window("09:00", "17:00"), false],
  ["before midnight", "2024-01-03T23:00:00Z", window("22:00", "02:00"), true],
  ["after midnight, the next day", "2024-01-04T01:59:00Z", window("22:00", "02:00"), true],
  ["after midnight of the day itself", "2024-01-03T01:00:00Z", window("22:00", "02:00"), false],
  ["in its own zone", "2024-01-04T02:00:00Z", window("20:00", "22:00", "America/Bogota"), true],
  ["in its own zone, over", "2024-01-04T03:00:00Z", window("20:00", "22:00", "America/Bogota"), false],
];
for (const [what, iso, settings, quiet] of weekly) {
  test(`a weekly window: ${what}`, () => {
    assert.equal(new Date(day).getUTCDay(), 3);
    const of = { ...alert(0), detectedAt: unixMs(Date.parse(iso)) };
    assert.equal(take(undefined, of, settings).notice === undefined, quiet);
  });
}

test("suppressions: by number prefix, below a severity, until a time", () => {
  const suppress = [{ ...NOWHERE, name: "lab", called: ["+1202*"], below: "high" as const, until: at(100) }];
  const of = (seconds: number, severity: Alert["severity"]) =>
    take(undefined, alert(seconds, { severity, called: "+12025550101" as Alert["called"] }), { suppress });
  assert.equal(of(0, "medium").after.suppressedBy, "suppression lab");
  assert.equal(of(0, "high").notice?.event, "opened");
  assert.equal(of(100, "medium").notice?.event, "opened");
});

const guard = (side: AlertGuard["side"], number: string, expiresAt?: number): AlertGuard => ({
  id: "g",
  side,
  number,
  caseId: "",
  createdAt: at(0),
  createdBy: "ana",
  reason: "",
  ...(expiresAt === undefined ? {} : { expiresAt: at(expiresAt) }),
});
test("numbers that were marked as honest: the called one, or all callers; until the mark is over", () => {
  const of = alert(0, { called: "+12025550101" as Alert["called"] });
  const [one = ""] = of.callers;
  assert.equal(take(undefined, of, {}, [guard("called", "+12025550101")]).notice, undefined);
  assert.equal(take(undefined, of, {}, [guard("called", "+1202555*", 1)]).notice, undefined);
  assert.ok(take(undefined, of, {}, [guard("called", "+1202555*", 0)]).notice !== undefined);
  assert.ok(take(undefined, of, {}, [guard("caller", one)]).notice !== undefined, "there is another caller");
  const alone = alert(0, { callers: [one as Alert["callers"][number]], callerCount: 1 });
  assert.equal(take(undefined, alone, {}, [guard("caller", one)]).notice, undefined);
  assert.ok(take(undefined, { ...alone, callerCount: 2 }, {}, [guard("caller", one)]).notice !== undefined);
});

const context = (now: number, settings: Partial<AlertSettings>, guards: readonly AlertGuard[] = []) => ({
  settings: { ...SETTINGS, ...settings },
  guards,
  now: at(now),
});
const escalation = [
  { afterMs: 300_000, routes: ["boss"], minSeverity: "medium" as const },
  { afterMs: 900_000, routes: ["all"], minSeverity: "critical" as const },
];
test("without acknowledgement it is escalated, step by step, each once, and only as severe as it says", () => {
  const opened = take(undefined, alert(0), { escalation }).after;
  assert.equal(escalationDeadline(opened, context(0, { escalation })), at(300));
  assert.equal(escalate(opened, context(299, { escalation })), undefined);
  const first = escalate(opened, context(300, { escalation }));
  assert.deepEqual([first?.notice?.event, first?.onlyRoutes], ["escalated", ["boss"]]);
  assert.ok(first !== undefined);
  assert.equal(escalationDeadline(first.after, context(300, { escalation })), undefined, "not critical");
  const worse = take(first.after, alert(400, { severity: "critical" })).after;
  assert.deepEqual(escalate(worse, context(900, { escalation }))?.onlyRoutes, ["all"]);
});

test("steps that a reload brings are done in their turn, and those that are done are not done again", () => {
  const opened = take(undefined, alert(0), { escalation }).after;
  const [first] = escalation;
  assert.ok(first !== undefined);
  const done = escalate(opened, context(9_000, { escalation }))?.after;
  assert.ok(done !== undefined);
  const early = { afterMs: 1_000, routes: ["new"], minSeverity: "low" } as const;
  const others = [early, ...escalation];
  const next = escalate(done, context(9_000, { escalation: others }));
  assert.deepEqual(next?.onlyRoutes, ["new"]);
  const rest = escalate(next.after, context(9_000, { escalation: [early, first] }));
  assert.equal(rest, undefined);
});

test("who acknowledges stops it; twice is once", () => {
  const opened = take(undefined, alert(0), { escalation }).after;
  const step = acknowledge(opened, "ana", at(10));
  assert.ok(step !== undefined);
  assert.deepEqual([step.after.state, step.notice?.event, step.notice?.by], ["acknowledged", "acknowledged", "ana"]);
  assert.equal(escalate(step.after, context(9_000, { escalation })), undefined);
  assert.equal(acknowledge(step.after, "eve", at(11)), undefined);
});

test("what is over is told to who was told that it began; a new alert opens it again", () => {
  const opened = take(undefined, alert(0)).after;
  const closed = closeCase(opened, "incidents-over", at(50));
  assert.ok(closed !== undefined);
  assert.deepEqual([closed.after.state, closed.notice?.event], ["closed", "closed"]);
  assert.equal(closeCase(closed.after, "quiet", at(60)), undefined);
  const again = take(closed.after, alert(200, { incidentId: "inc-2" }));
  assert.deepEqual([again.after.id, again.after.state, again.after.closedAt], [opened.id, "open", undefined]);
  assert.equal(again.notice?.event, "opened");
  const untold = { ...opened };
  const { toldFirstAt, ...never } = untold;
  assert.ok(toldFirstAt !== undefined);
  assert.equal(closeCase(never, "incidents-over", at(50))?.notice, undefined);
});

test("a case that was marked as false is not told of again", () => {
  const opened = take(undefined, alert(0)).after;
  const marked = markFalse(opened, "ana", at(5));
  assert.deepEqual([marked?.after.state, marked?.notice?.event], ["false-positive", "false-positive"]);
  assert.ok(marked !== undefined);
  const next = take(marked.after, alert(120, { severity: "critical" }));
  assert.deepEqual(
    [next.notice, next.after.state, next.after.suppressedBy],
    [undefined, "false-positive", "false-positive"],
  );
  assert.equal(markFalse(marked.after, "ana", at(6)), undefined);
});

test("a second attack right after 'over' is told as a new one, and escalated from then on, each step anew", () => {
  const opened = take(undefined, alert(0), { escalation }).after;
  const first = escalate(opened, context(300, { escalation }));
  assert.ok(first !== undefined);
  const taken = acknowledge(first.after, "ana", at(310));
  assert.ok(taken !== undefined);
  const closed = closeCase(taken.after, "incidents-over", at(320));
  assert.ok(closed !== undefined);
  const next = { ...alert(320, { incidentId: "inc-2" }), detectedAt: unixMs(at(320) + 1) };
  const again = take(closed.after, next, { escalation });
  assert.deepEqual([again.after.id, again.after.state, again.notice?.event], [opened.id, "open", "opened"]);
  assert.equal(again.notice?.sequence, (closed.notice?.sequence ?? 0) + 1, "ids of deliveries go on");
  assert.deepEqual([again.after.acknowledgedBy, again.after.toldFirstAt], [undefined, next.detectedAt]);
  assert.equal(escalate(again.after, context(600, { escalation })), undefined, "not 300 s since it began again");
  assert.deepEqual(escalate(again.after, context(621, { escalation }))?.onlyRoutes, ["boss"]);
});

test("no escalation within a maintenance window or for a guarded number: it waits, the case says why, and then it comes", () => {
  const maintenance = [{ ...NOWHERE, name: "w", from: at(1), until: at(5_000) }];
  const opened = take(undefined, alert(0), { escalation }).after;
  const quiet = escalate(opened, context(300, { escalation, maintenance }));
  assert.deepEqual([quiet?.notice, quiet?.after.suppressedBy], [undefined, "maintenance w"]);
  assert.ok(quiet !== undefined);
  assert.equal(escalationDeadline(quiet.after, context(300, { escalation, maintenance })), at(360));
  const after = escalate(quiet.after, context(5_000, { escalation, maintenance }));
  assert.deepEqual([after?.notice?.event, after?.after.suppressedBy], ["escalated", undefined]);
  const guarded = escalate(opened, context(300, { escalation }, [guard("called", opened.called)]));
  assert.deepEqual([guarded?.notice, guarded?.after.suppressedBy], [undefined, "false-positive g"]);
});

test("a case that was marked as false takes its own incidents only: another attack is a case of its own, and told", () => {
  const marked = markFalse(take(undefined, alert(0)).after, "ana", at(60))?.after;
  const other = take(marked, alert(590, { incidentId: "inc-2", severity: "critical" }));
  assert.deepEqual([other.after.id === marked?.id, other.notice?.event], [false, "opened"]);
  assert.equal(take(marked, alert(590, { severity: "critical" })).notice, undefined, "the incident that was marked");
});

test("an alert of long before (an import of last year) is not of today's case", () => {
  const today = take(undefined, alert(0)).after;
  assert.equal(take(today, alert(-599, { incidentId: "inc-0" })).after.id, today.id);
  assert.notEqual(take(today, alert(-601, { incidentId: "inc-0" })).after.id, today.id);
});

test("told by a clock that was hours ahead: what is left to wait counts from when it is set right", () => {
  const ahead = take(undefined, alert(36_000), { escalation }).after;
  assert.equal(take(ahead, alert(36_000 - 599)).notice?.event, "updated");
  const now = escalate(ahead, context(0, { escalation }));
  assert.deepEqual([now?.notice, now?.after.toldFirstAt], [undefined, at(0)]);
  assert.ok(now !== undefined);
  assert.equal(escalationDeadline(now.after, context(0, { escalation })), at(300));
});

test("the team is the first that fits, by trunk or by number", () => {
  const teams = [
    { name: "south", trunks: ["another"], called: [] },
    { name: "north", trunks: [], called: ["+1*"] },
  ];
  assert.equal(take(undefined, alert(0), { teams }).after.team, "north");
});
