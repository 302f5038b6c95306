import assert from "node:assert/strict";
import { test } from "node:test";
import {
  builtInWeights,
  DEFAULT_THREAT_OPTIONS,
  ThreatPolicy,
  unixMs,
  type Action,
  type CalledId,
  type CallerId,
  type JudgeVerdict,
  type ThreatOptions,
  type ThreatState,
  type TrunkId,
  type TurnVerdict,
} from "../../../../detection/index.js";
import { CallerHistory } from "../../../../detection/policy/caller-history.js";
import { fuse } from "../../../../detection/policy/threat-fusion.js";

const NO_GUARD = { calledNumbers: [], calledPrefixes: [], callerNumbers: [], callerPrefixes: [], trunks: [] };
const SCORES: Readonly<Record<ThreatState, number>> = { clear: 0.02, uncertain: 0.3, suspicious: 0.7, scam: 0.9999 };
const START = 1_700_000_000_000;
const caller = "+12025550101" as CallerId;
const called = "+12025550199" as CalledId;
const trunk = "carrier" as TrunkId;

const heard = (state: ThreatState, index = 0): TurnVerdict => ({
  index,
  state,
  score: SCORES[state],
  kind: state === "clear" ? "none" : "bank-impersonation",
  stage: state === "scam" ? "request" : state === "clear" ? "none" : "pretext",
  evidence: [{ turn: index, start: 0, end: 4, text: "code", cue: "request.code", weight: 2 }],
});
const judged = (score: number): JudgeVerdict => ({ score, kind: "bank-impersonation", stage: "request" });

interface Setting {
  readonly options?: Partial<ThreatOptions>;
  readonly guard?: Partial<typeof NO_GUARD> | { readonly callerNumbers: string[] };
  readonly shadow?: boolean;
}
function policyWith({ options = {}, guard = {}, shadow = false }: Setting = {}): ThreatPolicy {
  let token = 0;
  const ids = { token: () => String(++token) };
  return new ThreatPolicy({ ...DEFAULT_THREAT_OPTIONS, ...options }, { ...NO_GUARD, ...guard }, shadow, ids);
}
function begun(setting: Setting = {}, signalling = 0): ThreatPolicy {
  const policy = policyWith(setting);
  assert.ok(policy.begin({ callId: "c1", caller, called, trunk, signalling }, unixMs(START)));
  return policy;
}
const names = (actions: readonly Action[]): string[] =>
  actions.map((action) => {
    if (action.kind === "incident") return `incident ${action.change}`;
    if (action.kind === "held-back") return `held-back ${action.why}`;
    if (action.kind === "hold-call") return action.held ? "hold" : "let go";
    if (action.kind === "alert") return `alert ${action.alert.severity}`;
    return action.kind;
  });
const at = (seconds: number): ReturnType<typeof unixMs> => unixMs(START + seconds * 1_000);

/** Turns from the most harmless to the worst. */
const TURNS: readonly TurnVerdict[] = [
  heard("clear"),
  heard("uncertain"),
  { ...heard("suspicious"), score: 0.55 },
  { ...heard("suspicious"), score: 0.99 },
  { ...heard("scam"), score: 0.998 },
  { ...heard("scam"), score: DEFAULT_THREAT_OPTIONS.endScore },
];
/** Each turn with itself and the next worse one. */
const WORSE_TURNS = TURNS.flatMap((turn, i) => [[turn, turn] as const, [turn, TURNS[i + 1] ?? turn] as const]);
const RUNGS: readonly Action["kind"][] = ["tag-call", "warn-call", "end-calls"];

/** How far the ladder goes for these turns of a call; 0: nothing is done. */
function reachedBy(
  turns: readonly TurnVerdict[],
  { endTurns = 1, signalling = 0, past = 0 }: { endTurns?: number; signalling?: number; past?: number },
): number {
  const policy = policyWith({ options: { endTurns, historyCallers: 2, maxCalls: 2 } });
  policy.begin({ callId: "before", caller, called, trunk, signalling: 0 }, at(0));
  policy.heard("before", { ...heard("clear"), score: past }, at(0));
  policy.ended("before", at(0));
  policy.begin({ callId: "c1", caller, called, trunk, signalling }, at(0));
  const actions = turns.flatMap((turn, i) => policy.heard("c1", turn, at(i)));
  return Math.max(0, ...actions.map(({ kind }) => 1 + RUNGS.indexOf(kind)));
}

test("ladder: each state takes its step, once: tag, warn and alert, end", () => {
  const policy = begun();
  assert.deepEqual(names(policy.heard("c1", heard("clear"), at(1))), []);
  assert.deepEqual(names(policy.heard("c1", heard("uncertain"), at(2))), ["tag-call"]);
  assert.deepEqual(names(policy.heard("c1", heard("uncertain"), at(3))), []);
  assert.deepEqual(names(policy.heard("c1", heard("suspicious"), at(4))), [
    "tag-call",
    "warn-call",
    "incident opened",
    "alert medium",
  ]);
  const last = policy.heard("c1", heard("scam"), at(5));
  assert.deepEqual(names(last), ["tag-call", "incident extended", "alert critical", "end-calls"]);
  const end = last.find((action) => action.kind === "end-calls");
  const alert = last.find((action) => action.kind === "alert");
  assert.equal(end?.alertId, alert?.alert.id);
  assert.equal(end?.incidentId, alert?.alert.incidentId);
  assert.deepEqual(names(policy.heard("c1", heard("scam"), at(6))), []);
  assert.deepEqual(names(policy.ended("c1", at(7))), ["incident closed"]);
  assert.equal(policy.followed, 0);
});

test("ladder: an alert names what was heard by its cue, never by the words", () => {
  const policy = begun();
  const alert = policy.heard("c1", heard("suspicious"), at(1)).find((action) => action.kind === "alert")?.alert;
  assert.deepEqual(alert?.threat?.cues, ["request.code"]);
  assert.ok(!JSON.stringify(alert).includes('"code"'));
  assert.match(alert.threat.recommended, /call the called side back/i);
});

test("ladder: a call that jumps to scam at once is warned about and ended at once", () => {
  const actions = names(begun().heard("c1", heard("scam"), at(1)));
  assert.deepEqual(actions, ["tag-call", "warn-call", "incident opened", "alert critical", "end-calls"]);
});

test("ladder: endTurns verdicts in a row are needed, and one milder verdict starts the count anew", () => {
  const policy = begun({ options: { endTurns: 2 } });
  const ends = (state: ThreatState, second: number): boolean =>
    names(policy.heard("c1", heard(state), at(second))).includes("end-calls");
  assert.deepEqual(
    [ends("scam", 1), ends("suspicious", 2), ends("scam", 3), ends("scam", 4)],
    [false, false, false, true],
  );
});

const leaveAlone: readonly (readonly [string, Setting, string])[] = [
  ["serve --shadow", { shadow: true }, "held-back shadow"],
  ["mode shadow", { options: { mode: "shadow" } }, "held-back shadow"],
  ["maxStep warn", { options: { maxStep: "warn" } }, "held-back max-step"],
  ["a guarded caller", { guard: { callerNumbers: [caller] } }, "held-back guard-list"],
];
for (const [name, setting, expected] of leaveAlone) {
  test(`ladder: ${name}: the alert is raised, nothing is cut, once`, () => {
    const policy = begun(setting);
    const actions = names(policy.heard("c1", heard("scam"), at(1)));
    assert.ok(actions.includes("alert critical") && actions.includes(expected), actions.join());
    assert.ok(!actions.includes("end-calls"));
    assert.deepEqual(names(policy.heard("c1", heard("scam"), at(2))), []);
  });
}

test("ladder: mode off does nothing at all", () => {
  assert.deepEqual(begun({ options: { mode: "off" } }).heard("c1", heard("scam"), at(1)), []);
});

test("ladder: a held call is ended when its hold is over, and not before", () => {
  const policy = begun({ options: { holdMs: 10_000 } });
  assert.ok(names(policy.heard("c1", heard("scam"), at(1))).includes("hold"));
  assert.deepEqual(names(policy.heard("c1", heard("scam"), at(2))), []);
  assert.deepEqual(policy.tick(at(10.9)), []);
  assert.deepEqual(names(policy.tick(at(11))), ["end-calls"]);
  assert.deepEqual(policy.tick(at(30)), []);
});

test("ladder: a held call is let go, not ended, once the settings forbid to hold", () => {
  for (const [mode, shadow] of [
    ["enforce", true],
    ["shadow", false],
    ["off", false],
  ] as const) {
    const policy = begun({ options: { holdMs: 10_000 } });
    policy.heard("c1", heard("scam"), at(1));
    policy.reconfigure({ ...DEFAULT_THREAT_OPTIONS, holdMs: 10_000, mode }, NO_GUARD, shadow);
    assert.deepEqual(names(policy.tick(at(2))), ["let go"], mode);
    assert.deepEqual(policy.tick(at(60)), []);
    assert.ok(!names(policy.heard("c1", heard("scam"), at(61))).includes("end-calls"));
  }
});

test("ladder: a held call stays on hold where the settings forbid to end it by now", () => {
  const policy = begun({ options: { holdMs: 10_000 } });
  policy.heard("c1", heard("scam"), at(1));
  policy.reconfigure({ ...DEFAULT_THREAT_OPTIONS, maxStep: "hold" }, NO_GUARD, false);
  assert.deepEqual(policy.tick(at(60)), []);
  policy.reconfigure(DEFAULT_THREAT_OPTIONS, NO_GUARD, false);
  assert.deepEqual(names(policy.tick(at(61))), ["end-calls"]);
});

test("ladder: a person who releases a held call lifts the hold, and nothing more is done to it", () => {
  const policy = begun({ options: { holdMs: 10_000 } });
  policy.heard("c1", heard("scam"), at(1));
  assert.deepEqual(names(policy.release("c1", at(2)) ?? []), ["let go"]);
  assert.deepEqual(policy.tick(at(60)), []);
  assert.deepEqual(policy.heard("c1", heard("scam"), at(61)), []);
  assert.equal(policy.release("nobody", at(62)), undefined);
  policy.ended("c1", at(63));
  assert.ok(policy.begin({ callId: "c2", caller, called, trunk, signalling: 0 }, at(64)));
  assert.deepEqual(names(policy.heard("c2", heard("suspicious"), at(65))).includes("end-calls"), false);
});

test("ladder: the hold of a call that is not listened to any more is lifted, once; of others nothing is", () => {
  const policy = begun({ options: { holdMs: 10_000 } });
  assert.deepEqual(policy.unheard("c1"), []);
  policy.heard("c1", heard("scam"), at(1));
  assert.deepEqual(names(policy.unheard("c1")), ["let go"]);
  assert.deepEqual([policy.unheard("c1"), policy.unheard("nobody")], [[], []]);
  assert.deepEqual(policy.tick(at(60)), []);
  assert.deepEqual(names(policy.ended("c1", at(61))), ["incident closed"]);
});

test("ladder: the limit of ended calls a minute holds back, and the next turn asks again", () => {
  const policy = policyWith({ options: { endsPerMinute: 1 } });
  for (const callId of ["c1", "c2"]) policy.begin({ callId, caller, called, trunk, signalling: 0 }, at(0));
  assert.ok(names(policy.heard("c1", heard("scam"), at(1))).includes("end-calls"));
  assert.ok(names(policy.heard("c2", heard("scam"), at(2))).includes("held-back disconnect-limit"));
  assert.ok(names(policy.heard("c2", heard("scam"), at(70))).includes("end-calls"));
});

test("ladder: a held call whose end the limit forbids stays on hold and is ended in the next minute", () => {
  const policy = policyWith({ options: { endsPerMinute: 1, holdMs: 1_000 } });
  for (const callId of ["c1", "c2"]) {
    policy.begin({ callId, caller, called, trunk, signalling: 0 }, at(0));
    policy.heard(callId, heard("scam"), at(1));
  }
  assert.deepEqual(names(policy.tick(at(3))), ["end-calls", "held-back disconnect-limit"]);
  assert.deepEqual(names(policy.tick(at(90))), ["end-calls"]);
});

test("judge: it raises to suspicious at most, lowers nothing, and alone it never ends a call", () => {
  const policy = begun();
  policy.heard("c1", heard("clear"), at(1));
  assert.ok(!names(policy.judged("c1", judged(1), at(2))).includes("end-calls"));
  assert.equal(policy.stateOf("c1")?.state, "uncertain");
  policy.heard("c1", heard("uncertain"), at(3));
  assert.equal(policy.stateOf("c1")?.state, "suspicious");
  const suspicious = begun();
  suspicious.heard("c1", heard("suspicious"), at(1));
  assert.ok(!names(suspicious.judged("c1", judged(1), at(2))).includes("end-calls"));
  assert.equal(suspicious.stateOf("c1")?.state, "suspicious");
  const before = suspicious.stateOf("c1")?.score ?? 0;
  suspicious.judged("c1", judged(0), at(3));
  assert.ok((suspicious.stateOf("c1")?.score ?? 0) >= SCORES.suspicious && before >= SCORES.suspicious);
});

test("fusion: over all inputs the state is never two above the classifier's, never below it, and the score never lower", () => {
  const states: readonly ThreatState[] = ["clear", "uncertain", "suspicious", "scam"];
  const steps = [0, 0.25, 0.5, 0.75, 1];
  for (const state of states)
    for (const judge of steps)
      for (const signalling of steps)
        for (const history of steps) {
          const speech = heard(state);
          const fused = fuse({ speech, judge: judged(judge), signalling, history }, DEFAULT_THREAT_OPTIONS);
          const rise = states.indexOf(fused.state) - states.indexOf(state);
          assert.ok(rise === 0 || rise === 1, `${state} ${judge} ${signalling} ${history} → ${fused.state}`);
          assert.ok(fused.score >= speech.score && fused.score <= 1);
          if (fused.state === "scam" && state !== "scam")
            assert.ok(state === "suspicious" && (signalling >= 0.5 || history >= 0.5));
        }
});

test("fusion: signalling or a bad past raises suspicious to scam; weights of 0 switch that off", () => {
  const speech = heard("suspicious");
  assert.equal(fuse({ speech, signalling: 0.9 }, DEFAULT_THREAT_OPTIONS).state, "scam");
  assert.equal(fuse({ speech, history: 0.9 }, DEFAULT_THREAT_OPTIONS).state, "scam");
  const none = { signallingWeight: 0, historyWeight: 0, judgeWeight: 0 };
  assert.deepEqual(fuse({ speech, signalling: 1, history: 1, judge: judged(1) }, none), {
    score: speech.score,
    state: "suspicious",
  });
});

test("signalling that grows in mid-call counts at once, and never lowers", () => {
  const policy = begun();
  policy.heard("c1", heard("suspicious"), at(1));
  assert.ok(names(policy.suspected("c1", 0.9, at(2))).includes("end-calls"));
  assert.deepEqual(policy.suspected("c1", 0.1, at(3)), []);
});

test("history: a caller of a fraud is remembered, fades by half in a half-life, anonymous callers have no past", () => {
  const history = new CallerHistory(2, 1_000);
  history.note(caller, 0.9, unixMs(0));
  assert.equal(history.scoreOf(caller, unixMs(0)), 0.9);
  assert.equal(history.scoreOf(caller, unixMs(1_000)), 0.45);
  history.note("anonymous@carrier" as CallerId, 1, unixMs(0));
  history.note("+12025550102" as CallerId, 0.4, unixMs(0));
  assert.equal(history.size, 1);
  for (const n of [3, 4, 5]) history.note(`+1202555010${n}` as CallerId, 0.8, unixMs(0));
  assert.equal(history.size, 2);
  assert.equal(history.scoreOf(caller, unixMs(0)), 0);
});

test("history: the next call of a scammer is ended as soon as it is suspicious", () => {
  const policy = begun();
  policy.heard("c1", heard("scam"), at(1));
  policy.ended("c1", at(2));
  policy.begin({ callId: "c2", caller, called, trunk, signalling: 0 }, at(3));
  assert.deepEqual(names(policy.heard("c2", heard("clear"), at(4))), ["tag-call"]);
  assert.ok(names(policy.heard("c2", heard("suspicious"), at(5))).includes("end-calls"));
});

test("history: a caller's past does not feed itself: honest calls let it fade", () => {
  const policy = policyWith({ options: { historyHalfLifeMs: 1_000 } });
  const callOf = (callId: string, state: ThreatState, second: number): number => {
    policy.begin({ callId, caller, called, trunk, signalling: 0 }, at(second));
    policy.heard(callId, { ...heard(state), score: state === "scam" ? 0.97 : 0.2 }, at(second));
    const score = policy.stateOf(callId)?.score ?? 0;
    policy.ended(callId, at(second));
    return score;
  };
  callOf("scam", "scam", 0);
  const scores = Array.from({ length: 50 }, (_, i) => callOf(`honest ${i}`, "clear", (i + 1) / 10));
  assert.ok((scores[0] ?? 0) > 0.5, "the past counts");
  assert.ok((scores.at(-1) ?? 1) < 0.25, `and fades: ${scores.map((score) => score.toFixed(2)).join(" ")}`);
});

test("more calls than maxCalls are not followed, and counted; verdicts of unknown calls do nothing", () => {
  const policy = policyWith({ options: { maxCalls: 1 } });
  assert.ok(policy.begin({ callId: "c1", caller, called, trunk, signalling: 0 }, at(0)));
  assert.ok(!policy.begin({ callId: "c2", caller, called, trunk, signalling: 0 }, at(0)));
  assert.equal(policy.notFollowed, 1);
  assert.deepEqual(policy.heard("c2", heard("scam"), at(1)), []);
  assert.deepEqual(policy.ended("c2", at(1)), []);
});

test("ladder: a scam below endScore is alerted about and not ended; facts beside it need no such score", () => {
  const unsure = { ...heard("scam"), score: DEFAULT_THREAT_OPTIONS.endScore - 0.001 };
  const actions = names(begun().heard("c1", unsure, at(1)));
  assert.deepEqual(actions, ["tag-call", "warn-call", "incident opened", "alert critical"]);
  assert.ok(names(begun({}, 0.9).heard("c1", heard("suspicious"), at(1))).includes("end-calls"));
});

test("ladder: facts beside a scam below endScore end it as they end a suspicion, also turn by turn", () => {
  const unsure = { ...heard("scam"), score: DEFAULT_THREAT_OPTIONS.endScore - 0.001 };
  assert.equal(names(begun({}, 0.9).heard("c1", unsure, at(1))).at(-1), "end-calls");
  const patient = begun({ options: { endTurns: 2 } }, 0.9);
  assert.equal(names(patient.heard("c1", heard("suspicious"), at(1))).includes("end-calls"), false);
  assert.equal(names(patient.heard("c1", unsure, at(2))).at(-1), "end-calls");
});

test("ladder: who sounds worse, or has more against him, never gets less, turn by turn", () => {
  const parts = [0, 0.4, 0.5, 0.9];
  for (const endTurns of [1, 2])
    for (const signalling of parts)
      for (const past of parts) {
        const settled = { endTurns, signalling, past };
        for (const [less, more] of WORSE_TURNS)
          for (const [before, after] of WORSE_TURNS) {
            const what = `${JSON.stringify(settled)}: ${less.state} ${less.score}, ${before.state} ${before.score}`;
            const reached = reachedBy([less, before], settled);
            assert.ok(reachedBy([more, after], settled) >= reached, `${what} < ${more.state} ${more.score}`);
            assert.ok(reachedBy([less, before], { ...settled, signalling: 1 }) >= reached, `${what}, signalling`);
            assert.ok(reachedBy([less, before], { ...settled, past: 1 }) >= reached, `${what}, past`);
          }
      }
});

test("ladder: the default endScore is the one that the classifier's evaluation justifies", () => {
  assert.equal(DEFAULT_THREAT_OPTIONS.endScore, builtInWeights().thresholds.end);
});
