import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_THREAT_OPTIONS,
  ThreatPolicy,
  type CalledId,
  type CallerId,
  type TranscriptLine,
  type TrunkId,
  type TurnVerdict,
} from "../../../detection/index.js";
import { DEFAULT_THREAT_DESK, ThreatDesk } from "../../../gateway/call/threat-desk.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import type { HeardView } from "../../../gateway/ports/gateway-control.js";
import type { HeardCall } from "../../../gateway/ports/listening.js";
import { FakeClock } from "../../support/fake-clock.js";

// Kept transcripts: what is said right before the end becomes text after it.

const NO_GUARD = { calledNumbers: [], calledPrefixes: [], callerNumbers: [], callerPrefixes: [], trunks: [] };
const parties = { caller: "+12025550101" as CallerId, called: "+12025550199" as CalledId, trunk: "t" as TrunkId };
const heardCall = (callId: string): HeardCall => ({ callId, risk: 0, calledSide: "callee", parties });
const line = (callId: string, segment: number, text: string, final = true): TranscriptLine => ({
  kind: "transcript.line",
  callId,
  segment,
  speaker: "caller",
  text,
  startMs: segment * 1_000,
  endMs: segment * 1_000 + 900,
  final,
});
const SCAM: TurnVerdict = { index: 0, state: "scam", score: 0.99, kind: "tax", stage: "request", evidence: [] };
const LAST_WORDS_MS = 5_000;

function scene(options: { readonly kept?: boolean } = {}) {
  const clock = new FakeClock();
  const kept: HeardView[] = [];
  const actions: string[] = [];
  const policy = new ThreatPolicy({ ...DEFAULT_THREAT_OPTIONS, maxCalls: 10_000, holdMs: 0 }, NO_GUARD, false, {
    token: () => "x",
  });
  const desk = new ThreatDesk(
    { ...DEFAULT_THREAT_DESK, lastWordsMs: LAST_WORDS_MS },
    {
      policy,
      listening: { open: () => undefined, risk: () => undefined, close: () => undefined, ok: true, detail: "fake" },
      carrier: { carryOut: (more) => void actions.push(...more.map(({ kind }) => kind)) },
      clock,
      metrics: noMetrics,
      log: silentLog,
      ...(options.kept === false ? {} : { onClosed: (view) => kept.push(view) }),
    },
  );
  const texts = (): string[][] => kept.map(({ lines }) => lines.map(({ text }) => text));
  return { clock, desk, kept, texts, actions };
}

test("what becomes text after the end is in the transcript, which is kept when the listening side is through", () => {
  const { desk, texts, kept, clock } = scene();
  desk.open(heardCall("c1"));
  desk.onLine(line("c1", 0, "hello"));
  desk.onLine(line("c1", 1, "goodb", false));
  desk.close("c1");
  assert.deepEqual([texts(), desk.view("c1")], [[], undefined]);
  desk.onLine(line("c1", 1, "goodbye"));
  desk.onEnded("c1");
  assert.deepEqual(texts(), [["hello", "goodbye"]]);
  desk.onEnded("c1");
  desk.onLine(line("c1", 2, "too late"));
  clock.advance(60_000);
  assert.equal(kept.length, 1);
});

test("a verdict that comes after the end is kept, and nothing is done", () => {
  const { desk, kept, actions } = scene();
  desk.open(heardCall("c1"));
  desk.close("c1");
  desk.onVerdict("c1", SCAM, []);
  desk.onEnded("c1");
  assert.deepEqual([kept[0]?.verdict, kept[0]?.threat], [SCAM, { state: "scam", score: 0.99 }]);
  assert.deepEqual(actions, []);
});

test("a listening side that dies in between delays a transcript by the time of last words and a second", () => {
  const { desk, texts, clock } = scene();
  desk.open(heardCall("c1"));
  desk.onLine(line("c1", 0, "hello"));
  desk.close("c1");
  clock.advance(LAST_WORDS_MS + 999);
  assert.deepEqual(texts(), []);
  clock.advance(1);
  assert.deepEqual(texts(), [["hello"]]);
});

test("a call id that comes again begins a transcript of its own", () => {
  const { desk, texts } = scene();
  desk.open(heardCall("c1"));
  desk.onLine(line("c1", 0, "first"));
  desk.close("c1");
  desk.open(heardCall("c1"));
  desk.onLine(line("c1", 0, "second"));
  desk.close("c1");
  desk.onEnded("c1");
  assert.deepEqual(texts(), [["first"], ["second"]]);
});

test("more ended calls than are waited for: the oldest is kept as it is", () => {
  const { desk, texts } = scene();
  for (let i = 0; i <= 1_000; i++) {
    desk.open(heardCall(`c${i}`));
    desk.onLine(line(`c${i}`, 0, `words ${i}`));
    desk.close(`c${i}`);
  }
  assert.deepEqual(texts(), [["words 0"]]);
});

test("at the stop nothing is waited for any more; what ends later is kept at once", () => {
  const { desk, texts } = scene();
  for (const callId of ["c1", "c2"]) {
    desk.open(heardCall(callId));
    desk.onLine(line(callId, 0, callId));
  }
  desk.close("c1");
  desk.stop();
  assert.deepEqual(texts(), [["c1"]]);
  desk.close("c2");
  assert.deepEqual(texts(), [["c1"], ["c2"]]);
});

test("where nobody keeps transcripts nothing is held after the end", () => {
  const { desk, clock, kept } = scene({ kept: false });
  desk.open(heardCall("c1"));
  desk.close("c1");
  desk.onLine(line("c1", 0, "late"));
  desk.onEnded("c1");
  clock.advance(60_000);
  assert.equal(kept.length, 0);
});
