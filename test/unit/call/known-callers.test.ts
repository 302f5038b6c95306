import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenCallers, unixMs, type CallerId, type CallStarted, type Decision } from "../../../detection/index.js";
import { KnownCallers } from "../../../gateway/call/known-callers.js";
import { NotingScreen } from "../../../gateway/call/noting-screen.js";

const CALLER = "+13035550177" as CallerId;
const started = (callId: string, caller = CALLER): CallStarted =>
  ({
    ...{ kind: "call.started", callId, caller, called: "+12025550140", trunk: "default" },
    ...{ at: unixMs(0), arrivedAt: unixMs(0), source: "asterisk", emergency: false },
  }) as CallStarted;

interface Over {
  /** How bad the caller's earlier calls were. */
  readonly past?: number;
  /** What is found against a call. */
  readonly found?: Partial<Decision>;
  readonly screening?: boolean;
  readonly maxCalls?: number;
}

function bench({ past = 0, found = {}, screening = true, maxCalls = 100 }: Over = {}) {
  const over = { past };
  const seen = new SeenCallers(100);
  const callers = new KnownCallers({ screening, maxCalls }, { seen, pastOf: () => over.past });
  const decision: Decision = { verdict: "allow", detected: false, wouldRefuse: false, actions: [], ...found };
  const inner = { callStarted: () => decision, callAnswered: () => undefined, callEnded: () => undefined };
  const screen = new NotingScreen(inner, callers);
  const call = (callId: string, talkedMs?: number): void => {
    screen.callStarted(started(callId));
    if (talkedMs === undefined) return;
    screen.callAnswered({ kind: "call.answered", callId, at: unixMs(1_000) });
    // As where several systems tell of one call.
    screen.callStarted(started(callId));
    screen.callEnded({ kind: "call.ended", callId, at: unixMs(1_000 + talkedMs) });
  };
  const knows = (): boolean => callers.knows(CALLER, "later", unixMs(60_000));
  return { over, seen, callers, screen, call, knows };
}

const TALKS: readonly (readonly [name: string, over: Over, talkedMs: number | undefined, known: boolean])[] = [
  ["ten seconds", {}, 10_000, true],
  ["less", {}, 9_999, false],
  ["not answered", {}, undefined, false],
  ["an hour, a fraud before", { past: 0.3 }, 3_600_000, false],
  ["an hour, part of an attack", { found: { detected: true } }, 3_600_000, false],
  ["an hour, refused in shadow", { found: { wouldRefuse: true } }, 3_600_000, false],
];
for (const [name, over, talkedMs, known] of TALKS) {
  test(`known callers: by talking, not by calling: ${name}`, () => {
    const { call, knows } = bench(over);
    call("1", talkedMs);
    assert.equal(knows(), known);
  });
}

test("known callers: as the dialplan counts, where nobody else told of the answer", () => {
  for (const talkedMs of [9_000, 10_000]) {
    const { callers, screen, knows } = bench();
    screen.callStarted(started("1"));
    callers.ended({ callId: "1", at: unixMs(50_000) }, talkedMs);
    screen.callEnded({ kind: "call.ended", callId: "1", at: unixMs(50_000) });
    assert.equal(knows(), talkedMs === 10_000);
  }
});

const SCREENED: readonly (readonly [
  name: string,
  made: readonly [result: string, reason: string] | undefined,
  known: boolean,
])[] = [
  ["is let through", ["pass", "answered"], true],
  ["hangs up in the prompt", undefined, false],
  ["says nothing and speaks to the voicemail", ["voicemail", "silence"], false],
  ["is only suspicious", ["voicemail", "suspicious"], false],
  ["is suspicious and let through by configuration", ["pass", "suspicious"], false],
  ["presses a key", ["pass", "keypad"], false],
  ["is let through by a fault of ours", ["unavailable", "unavailable"], false],
];
for (const [name, made, known] of SCREENED) {
  test(`known callers: who is to be screened and ${name}, however long the call is: ${known ? "known" : "unknown"}`, () => {
    const { call, callers, screen, knows } = bench();
    screen.callStarted(started("1"));
    callers.toScreen("1");
    if (made !== undefined) callers.screened(CALLER, "1", { result: made[0], reason: made[1] });
    call("1", 60_000);
    assert.equal(knows(), known);
  });
}

test("known callers: who is screened without our verdict, and not let through, does not become known by the voicemail", () => {
  const { call, callers, screen, knows } = bench();
  screen.callStarted(started("1"));
  callers.screened(CALLER, "1", { result: "voicemail", reason: "unclear" });
  call("1", 60_000);
  assert.equal(knows(), false);
});

test("known callers: who is known and then not let through is known no more; a fault of ours and a key take nothing away", () => {
  const { callers, knows } = bench();
  callers.screened(CALLER, "1", { result: "pass", reason: "answered" });
  callers.screened(CALLER, "2", { result: "unavailable", reason: "unavailable" });
  callers.screened(CALLER, "3", { result: "pass", reason: "keypad" });
  assert.equal(knows(), true);
  callers.screened(CALLER, "4", { result: "goodbye", reason: "scam" });
  assert.equal(knows(), false);
});

test("known callers: who is known and heard to be a fraud then is known no more, also when that is long ago", () => {
  const { over, call, knows } = bench();
  call("1", 60_000);
  assert.equal(knows(), true);
  over.past = 0.8;
  assert.equal(knows(), false);
  over.past = 0;
  assert.equal(knows(), false);
});

test("known callers: where we do not screen, the dialplan's own screening counts as talking", () => {
  const { call, callers, screen, knows } = bench({ screening: false });
  screen.callStarted(started("1"));
  callers.toScreen("1");
  call("1", 30_000);
  assert.equal(knows(), true);
});

test("known callers: calls that nobody ends are forgotten, the oldest first, and make nobody known", () => {
  const { callers, screen } = bench({ maxCalls: 2 });
  const all = ["a", "b", "c"].map((callId) => ({ callId, caller: `+1303555017${callId}` as CallerId }));
  for (const { callId, caller } of all) screen.callStarted(started(callId, caller));
  for (const { callId } of all) callers.ended({ callId, at: unixMs(1) }, 60_000);
  assert.deepEqual(
    all.map(({ caller }) => callers.knows(caller, "later", unixMs(2))),
    [false, true, true],
  );
});

test("known callers: who calls under the id of another's call makes that other known by nothing that he does", () => {
  const { screen, knows, seen } = bench();
  const other = "+13035550178" as CallerId;
  screen.callStarted(started("shared"));
  screen.callStarted({ ...started("shared", other), isNew: true });
  screen.callAnswered({ kind: "call.answered", callId: "shared", at: unixMs(1_000) });
  screen.callEnded({ kind: "call.ended", callId: "shared", at: unixMs(61_000) });
  assert.deepEqual([knows(), seen.knows(other, "later")], [false, true]);
});
