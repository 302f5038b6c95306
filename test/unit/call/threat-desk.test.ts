import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_THREAT_OPTIONS,
  ThreatPolicy,
  type Action,
  type CalledId,
  type CallerId,
  type JudgeVerdict,
  type ThreatState,
  type TrunkId,
  type TurnVerdict,
} from "../../../detection/index.js";
import { DEFAULT_THREAT_DESK, ThreatDesk } from "../../../gateway/call/threat-desk.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import type { Explanation, Judge } from "../../../gateway/ports/judge.js";
import type { HeardCall, Listening } from "../../../gateway/ports/listening.js";
import { FakeClock } from "../../support/fake-clock.js";

const NO_GUARD = { calledNumbers: [], calledPrefixes: [], callerNumbers: [], callerPrefixes: [], trunks: [] };
const parties = { caller: "+12025550101" as CallerId, called: "+12025550199" as CalledId, trunk: "t" as TrunkId };
const heardCall = (callId: string): HeardCall => ({ callId, risk: 0, calledSide: "callee", parties });
const SCORES: Readonly<Record<ThreatState, number>> = { clear: 0.02, uncertain: 0.3, suspicious: 0.7, scam: 0.9999 };
const verdict = (state: ThreatState): TurnVerdict => ({
  index: 0,
  state,
  score: SCORES[state],
  kind: "bank-impersonation",
  stage: "request",
  evidence: [],
});
const turns = [{ speaker: "caller", text: "words", atMs: 0 }] as const;

interface FakeJudge {
  readonly judge: Judge;
  readonly asked: string[];
}
/** A judge that answers what the functions give; a promise that never settles is one that hangs. */
function fakeJudge(
  judged: () => Promise<JudgeVerdict | undefined>,
  explained: () => Promise<Explanation | undefined> = () => Promise.resolve(undefined),
): FakeJudge {
  const asked: string[] = [];
  const judge: Judge = {
    name: "fake",
    judge: (dialogue) => {
      asked.push(dialogue.map(({ text }) => text).join(" "));
      return judged();
    },
    explain: () => explained(),
    close: () => Promise.resolve(),
  };
  return { judge, asked };
}

function deskWith(judge?: Judge, options: Partial<typeof DEFAULT_THREAT_DESK> = {}, holdMs = 0) {
  const clock = new FakeClock();
  const actions: Action[] = [];
  const told: string[] = [];
  const listening: Listening = {
    open: ({ callId }) => void told.push(`open ${callId}`),
    risk: (callId, risk) => void told.push(`risk ${callId} ${risk}`),
    close: (callId) => void told.push(`close ${callId}`),
    ok: true,
    detail: "fake",
  };
  let token = 0;
  const policy = new ThreatPolicy({ ...DEFAULT_THREAT_OPTIONS, maxCalls: 2, holdMs }, NO_GUARD, false, {
    token: () => String(++token),
  });
  const desk = new ThreatDesk(
    { ...DEFAULT_THREAT_DESK, ...options },
    {
      policy,
      listening,
      carrier: { carryOut: (more) => void actions.push(...more) },
      clock,
      metrics: noMetrics,
      log: silentLog,
      ...(judge === undefined ? {} : { judge }),
    },
  );
  const kinds = (): string[] => actions.map(({ kind }) => kind);
  return { clock, desk, actions, told, kinds };
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a call is opened, judged, acted upon and closed; a second open of it and an unknown one do nothing", async () => {
  const { desk, told, kinds, actions } = deskWith();
  desk.open(heardCall("c1"));
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("scam"), turns);
  desk.onVerdict("nobody", verdict("scam"), turns);
  await settle();
  assert.deepEqual(kinds(), ["tag-call", "warn-call", "incident", "end-calls", "alert"]);
  const alert = actions.find((action) => action.kind === "alert")?.alert;
  assert.equal(alert?.threat?.by, "template");
  desk.close("c1");
  desk.close("c1");
  assert.deepEqual(told, ["open c1", "close c1"]);
  assert.equal(desk.view("c1"), undefined);
});

test("a call that goes on unheard is not left on hold: nobody could release it", () => {
  const { desk, actions, told } = deskWith(undefined, {}, 10_000);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("scam"), turns);
  desk.unheard("c1");
  desk.close("c1");
  const holds = actions.flatMap((action) => (action.kind === "hold-call" ? [action.held] : []));
  assert.deepEqual(
    [holds, told],
    [
      [true, false],
      ["open c1", "close c1"],
    ],
  );
  assert.equal(desk.release("c1"), false);
});

test("who follows a call is told of its lines, and of the worst that anybody thinks of it", async () => {
  const { judge } = fakeJudge(() => Promise.resolve({ score: 0.9, kind: "tax", stage: "request" }));
  const { desk } = deskWith(judge);
  const told: string[] = [];
  const follower = {
    onLine: ({ text }: { text: string }) => told.push(text),
    onThreat: (state: ThreatState) => told.push(state),
  };
  assert.equal(desk.follow("c1", follower), undefined, "nobody listens to it");
  desk.open(heardCall("c1"));
  desk.open(heardCall("c2"));
  const stop = desk.follow("c1", follower);
  const line = { kind: "transcript.line", segment: 0, speaker: "caller", startMs: 0, endMs: 1, final: true } as const;
  desk.onLine({ ...line, callId: "c1", text: "words" });
  desk.onLine({ ...line, callId: "c2", text: "of another call" });
  desk.onVerdict("c1", verdict("uncertain"), turns);
  await settle();
  assert.deepEqual(told, ["words", "uncertain", "suspicious"], "the judge raised it");
  stop?.();
  desk.onVerdict("c1", verdict("clear"), turns);
  assert.equal(told.length, 3);
});

test("more calls than the policy follows are not listened to", () => {
  const { desk, told } = deskWith();
  for (const callId of ["c1", "c2", "c3"]) desk.open(heardCall(callId));
  assert.deepEqual(told, ["open c1", "open c2"]);
});

test("the judge is asked where tier one is unsure, never where it is sure", async () => {
  const { judge, asked } = fakeJudge(() => Promise.resolve({ score: 0.9, kind: "tax", stage: "request" }));
  const { desk, kinds } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("clear"), turns);
  await settle();
  assert.equal(asked.length, 0);
  desk.onVerdict("c1", verdict("uncertain"), turns);
  await settle();
  assert.equal(asked.length, 1);
  assert.ok(kinds().includes("warn-call"), "its verdict raised the state to suspicious");
  assert.ok(!kinds().includes("end-calls"), "and ended nothing");
});

test("one question a call at a time, and not again within judgeEveryMs", async () => {
  let answer: (verdict: undefined) => void = () => undefined;
  const { judge, asked } = fakeJudge(() => new Promise((resolve) => (answer = resolve)));
  const { desk, clock } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("uncertain"), turns);
  desk.onVerdict("c1", verdict("uncertain"), turns);
  assert.equal(asked.length, 1);
  answer(undefined);
  await settle();
  desk.onVerdict("c1", verdict("uncertain"), turns);
  assert.equal(asked.length, 1);
  clock.advance(DEFAULT_THREAT_DESK.judgeEveryMs);
  desk.onVerdict("c1", verdict("uncertain"), turns);
  assert.equal(asked.length, 2);
});

test("a judge that hangs loses its turn after judgeTimeoutMs, and is asked again", async () => {
  const { judge, asked } = fakeJudge(() => new Promise(() => undefined));
  const { desk, clock } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("uncertain"), turns);
  clock.advance(DEFAULT_THREAT_DESK.judgeTimeoutMs);
  await settle();
  clock.advance(DEFAULT_THREAT_DESK.judgeEveryMs);
  desk.onVerdict("c1", verdict("uncertain"), turns);
  assert.equal(asked.length, 2);
});

test("maxJudging limits the questions of all calls together", () => {
  const { judge, asked } = fakeJudge(() => new Promise(() => undefined));
  const { desk } = deskWith(judge, { maxJudging: 1 });
  for (const callId of ["c1", "c2"]) {
    desk.open(heardCall(callId));
    desk.onVerdict(callId, verdict("uncertain"), turns);
  }
  assert.equal(asked.length, 1);
});

test("an alert carries the judge's words where they come in time; the end of the call does not wait for them", async () => {
  let say: (words: Explanation) => void = () => undefined;
  const { judge } = fakeJudge(
    () => Promise.resolve(undefined),
    () => new Promise((resolve) => (say = resolve)),
  );
  const { desk, kinds, actions } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("scam"), turns);
  await settle();
  assert.ok(kinds().includes("end-calls") && !kinds().includes("alert"));
  say({ text: "A stranger asked for a code.", recommended: "Call back.", by: "model" });
  await settle();
  const alert = actions.find((action) => action.kind === "alert")?.alert;
  assert.equal(alert?.threat?.explanation, "A stranger asked for a code.");
  assert.equal(alert.threat.by, "model");
});

for (const [name, explained] of [
  ["hangs", () => new Promise<undefined>(() => undefined)],
  ["throws", () => Promise.reject(new Error("judge's bug"))],
  ["has no words", () => Promise.resolve(undefined)],
] as const) {
  test(`an alert goes out with our own words when the judge ${name}`, async () => {
    const { judge } = fakeJudge(() => Promise.resolve(undefined), explained);
    const { desk, clock, actions } = deskWith(judge);
    desk.open(heardCall("c1"));
    desk.onVerdict("c1", verdict("scam"), turns);
    clock.advance(DEFAULT_THREAT_DESK.explainTimeoutMs);
    await settle();
    assert.equal(actions.find((action) => action.kind === "alert")?.alert.threat?.by, "template");
  });
}

test("a view shows the newest text of each segment by time, and whether the call has been shed", () => {
  const { desk } = deskWith();
  desk.open(heardCall("c1"));
  const line = { kind: "transcript.line", callId: "c1", speaker: "caller", endMs: 900, confidence: 0.9 } as const;
  desk.onLine({ ...line, segment: 1, text: "second", startMs: 500, final: true });
  desk.onLine({ ...line, segment: 0, text: "fir", startMs: 0, final: false });
  desk.onLine({ ...line, segment: 0, text: "first", startMs: 0, final: true });
  desk.onShed("c1", true);
  const view = desk.view("c1");
  assert.deepEqual(
    view?.lines.map(({ text }) => text),
    ["first", "second"],
  );
  assert.equal(view.shed, true);
  assert.equal(view.trunk, heardCall("c1").parties.trunk);
});

test("what is kept of a call is bounded: the oldest lines go first", () => {
  const { desk } = deskWith();
  desk.open(heardCall("c1"));
  for (let segment = 0; segment < 2_000; segment++) {
    const times = { startMs: segment, endMs: segment + 1, final: true, segment };
    desk.onLine({ kind: "transcript.line", callId: "c1", speaker: "caller", text: "x".repeat(200), ...times });
  }
  const lines = desk.view("c1")?.lines ?? [];
  assert.ok(lines.length > 100 && lines.length <= 500);
  assert.ok(lines.reduce((sum, { text }) => sum + text.length, 0) <= 65_536);
  assert.equal(lines.at(-1)?.segment, 1_999);
});

test("a released call is left alone; nobody can release a call that is not heard", async () => {
  const { desk, kinds } = deskWith();
  desk.open(heardCall("c1"));
  assert.equal(desk.release("c1"), true);
  assert.equal(desk.release("c2"), false);
  desk.onVerdict("c1", verdict("scam"), turns);
  await settle();
  assert.deepEqual(kinds(), []);
});

test("after stop nothing is opened and the judge is not asked", () => {
  const { judge, asked } = fakeJudge(() => Promise.resolve(undefined));
  const { desk, told } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.stop();
  desk.stop();
  desk.open(heardCall("c2"));
  desk.onVerdict("c1", verdict("uncertain"), turns);
  assert.deepEqual([told, asked], [["open c1"], []]);
});

test("stop: an alert that waits for the judge's words goes out at once, with our own", async () => {
  const { judge } = fakeJudge(
    () => Promise.resolve(undefined),
    () => new Promise(() => undefined),
  );
  const { desk, actions } = deskWith(judge);
  desk.open(heardCall("c1"));
  desk.onVerdict("c1", verdict("scam"), turns);
  await settle();
  desk.stop();
  await settle();
  assert.equal(actions.find((action) => action.kind === "alert")?.alert.threat?.by, "template");
});
