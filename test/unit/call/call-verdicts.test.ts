import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_VERDICT_CHOICES, SeenCallers, type CallerId, type VerdictChoices } from "../../../detection/index.js";
import { VerdictDesk } from "../../../gateway/call/call-verdicts.js";
import { HopLegBook } from "../../../gateway/call/hop-leg-book.js";
import { KnownCallers } from "../../../gateway/call/known-callers.js";
import { NotingScreen } from "../../../gateway/call/noting-screen.js";
import type { AskedCall } from "../../../gateway/ports/call-verdict.js";
import { LiveCallDouble, RandomDouble, settle } from "../../support/call-doubles.js";
import { placedLeg } from "../../support/hop-legs.js";
import { switchBench } from "../../support/switch-bench.js";

interface Over {
  readonly shadow?: boolean;
  readonly past?: number;
  /** Systems that somebody watches, and what they know of calls there. */
  readonly watched?: Readonly<Record<string, ReadonlyMap<string, "up" | "over">>>;
}

function deskBench(choices: Partial<VerdictChoices> = {}, over: Over = {}) {
  const bench = switchBench();
  const pastOf = (): number => over.past ?? 0;
  const seen = new KnownCallers({ screening: true, maxCalls: 1_000 }, { seen: new SeenCallers(100), pastOf });
  const legs = new HopLegBook(new RandomDouble());
  const desk = new VerdictDesk(
    { ...DEFAULT_VERDICT_CHOICES, ...choices },
    {
      ...bench,
      legs,
      screen: new NotingScreen(bench.screen, seen),
      seen,
      policy: { shadow: over.shadow ?? false, guards: (call) => bench.detection.guards(call) },
      pastOf,
      random: new RandomDouble(),
      watching: (server) => {
        const known = over.watched?.[server ?? ""];
        return known && ((callId) => known.get(callId));
      },
    },
  );
  /** A call of the hop under its caller's Call-ID. @returns What Asterisk is told by its INVITE. */
  const carry = (live: LiveCallDouble): Pick<AskedCall, "sipCallId" | "legMark"> => {
    bench.registry.onStarted(live);
    return { sipCallId: live.callId, legMark: placedLeg(legs, live) };
  };
  return { ...bench, legs, desk, seen, carry };
}

const call = (n: number, over: Partial<AskedCall> = {}): AskedCall => ({
  callId: `asterisk;1700000000.${n}`,
  caller: `+1303555010${n}`,
  called: "+12025550140",
  ...over,
});

test("asked calls: the fifth caller of one number is blocked, the four before it are ended where they are", async () => {
  const { desk, sink, disconnected } = deskBench();
  const verdicts = [1, 2, 3, 4, 5].map((n) => desk.ask(call(n)));
  assert.deepEqual(
    verdicts.map(({ verdict }) => verdict),
    ["allow", "allow", "allow", "allow", "block"],
  );
  const fifth = verdicts[4];
  assert.deepEqual([fifth?.score, fifth?.reason], [1, "masking"]);
  assert.equal(sink.of("alert")[0]?.alert.id, fifth?.alertId);
  await settle();
  for (const n of [1, 2, 3, 4]) assert.ok(disconnected.includes(`asterisk;1700000000.${n}`), String(n));
});

test("asked calls: a call that is asked about twice, or reported as well, counts once", async () => {
  const { desk, control } = deskBench();
  for (const n of [1, 2, 3, 4]) desk.ask(call(n));
  for (const n of [1, 2, 3, 4]) assert.equal(desk.ask(call(n)).verdict, "allow");
  const { callId, caller, called } = call(4);
  const reported = { callId, aNumber: caller, bNumber: called, at: undefined, switchId: "asterisk", trunk: undefined };
  await control.reportEvents([{ ...reported, status: "ringing", source: "asterisk" }]);
  assert.equal((await control.stats()).processedTotal, 4);
});

test("asked calls: a call that the hop carries is the hop's", () => {
  const { desk, registry, foreignCalls, detection, carry } = deskBench();
  const leg = carry(new LiveCallDouble("hop@1"));
  const verdict = desk.ask(call(1, leg));
  assert.equal(verdict.callId, "hop@1");
  assert.equal(foreignCalls.get("hop@1"), undefined);
  assert.equal(foreignCalls.get("asterisk;1700000000.1"), undefined);
  desk.ask(call(1, leg));
  assert.equal(detection.stats().processed, 1);
  desk.ended({ callId: "hop@1" });
  assert.equal(registry.has("hop@1"), true);
});

test("asked calls: one that the hop sends on under a Call-ID of its own is found by that", () => {
  const { desk, registry, legs } = deskBench();
  const live = new LiveCallDouble("hop@1");
  for (const observer of [registry, legs]) observer.onStarted(live);
  legs.onInvited(live, "made-by-hop@1");
  assert.equal(desk.ask(call(1, { sipCallId: "made-by-hop@1" })).callId, "hop@1");
});

test("asked calls: a caller who bears the Call-ID of his own call at the hop is judged as who he is here", () => {
  const { desk, carry, foreignCalls } = deskBench({ anonymous: "screen" });
  const { sipCallId = "" } = carry(new LiveCallDouble("hop@1"));
  for (const said of [{}, { legMark: "guessed" }]) {
    const asked = call(1, { caller: "", sipCallId, ...said });
    const { callId, verdict } = desk.ask(asked);
    assert.deepEqual([callId, verdict], [asked.callId, "screen"]);
    assert.ok(foreignCalls.get(asked.callId) !== undefined, "it can be ended");
  }
});

const proofs: readonly {
  readonly name: string;
  readonly hop: LiveCallDouble["signedIdentity"];
  readonly said?: AskedCall["proof"];
  readonly is: string;
}[] = [
  { name: "the hop found that it does not hold", hop: { verdict: "failed", reason: "orig" }, is: "screen identity" },
  { name: "the hop found none", hop: { verdict: "absent" }, is: "warn identity" },
  { name: "the hop could not judge it", hop: { verdict: "unverified", reason: "busy" }, is: "allow unknown-caller" },
  { name: "the hop verified it", hop: { verdict: "verified", attest: "A" }, is: "allow unknown-caller" },
  { name: "nobody looked", hop: undefined, is: "allow unknown-caller" },
  {
    name: "an Asterisk that does not look says absent, the hop verified it",
    hop: { verdict: "verified", attest: "A" },
    said: { signature: "absent" },
    is: "allow unknown-caller",
  },
  {
    name: "Asterisk could not, the hop found that it does not hold",
    hop: { verdict: "failed", reason: "signature" },
    said: { signature: "unknown" },
    is: "screen identity",
  },
  {
    name: "Asterisk found that it does not hold, the hop did not get to it",
    hop: { verdict: "unverified", reason: "time-out" },
    said: { signature: "invalid" },
    is: "screen identity",
  },
];
for (const { name, hop, said, is } of proofs) {
  test(`asked calls: what the hop found of a signature counts in the verdict: ${name}`, () => {
    const { desk, carry } = deskBench({ badIdentity: "screen", unsigned: "warn" });
    const live = new LiveCallDouble("hop@1");
    live.signedIdentity = hop;
    const proof = said === undefined ? {} : { proof: said };
    const { verdict, reason } = desk.ask(call(1, { ...carry(live), ...proof }));
    assert.equal(`${verdict} ${reason}`, is);
  });
}

test("asked calls: what is remembered of a call goes with its end", () => {
  const { desk, foreignCalls } = deskBench();
  desk.ask(call(1, { server: "pbx1" }));
  assert.deepEqual(foreignCalls.get("asterisk;1700000000.1"), { callId: "asterisk;1700000000.1", switchId: "pbx1" });
  desk.ended({ callId: "asterisk;1700000000.1", cause: 16, talkedMs: 1_000 });
  assert.equal(foreignCalls.get("asterisk;1700000000.1"), undefined);
});

test("asked calls: the report of its end writes the CDR of a call that nobody else records, once", () => {
  const { desk, sink, clock } = deskBench();
  const startedAt = clock.unix();
  desk.ask(call(1, { server: "pbx1" }));
  desk.ask(call(2, { server: "pbx1" }));
  clock.advance(60_000);
  const end = { callId: call(1).callId, cause: 16, durationMs: 61_000, talkedMs: 50_000 };
  desk.ended(end);
  desk.ended(end);
  desk.ended({ callId: call(2).callId, cause: 17, durationMs: 60_000, talkedMs: 0 });
  desk.ended({ callId: "asterisk;never-asked", cause: 16, talkedMs: 1_000 });
  const [answered, busy, ...others] = sink.of("cdr").map(({ cdr }) => cdr);
  assert.equal(others.length, 0);
  assert.deepEqual(
    [answered?.callId, answered?.caller, answered?.called, answered?.status, answered?.cause, answered?.q850],
    [call(1).callId, "+13035550101", "+12025550140", 200, "normal", 16],
  );
  assert.deepEqual(
    [answered?.startedAt, answered?.answeredAt, answered?.endedAt, answered?.durationMs],
    [startedAt - 1_000, startedAt + 10_000, startedAt + 60_000, 50_000],
  );
  assert.deepEqual(
    [busy?.status, busy?.cause, busy?.endedBy, busy?.durationMs, busy?.answeredAt],
    [486, "failed", "called", 0, undefined],
  );
});

test("asked calls: the CDR of a call that was answered `block` says refused", () => {
  const { desk, sink } = deskBench();
  for (const n of [1, 2, 3, 4, 5]) desk.ask(call(n));
  desk.ended({ callId: call(5).callId, cause: 21, durationMs: 0, talkedMs: 0 });
  const [cdr] = sink.of("cdr").map((record) => record.cdr);
  assert.deepEqual([cdr?.status, cdr?.cause, cdr?.endedBy], [603, "refused", "gateway"]);
  assert.ok(cdr?.incidentId !== undefined);
});

test("asked calls: one that was answered `block`, and that its dialplan let through, was not refused", () => {
  const { desk, sink } = deskBench();
  for (const n of [1, 2, 3, 4, 5, 6]) desk.ask(call(n));
  desk.ended({ callId: call(5).callId, cause: 16, durationMs: 9_000, talkedMs: 8_000 });
  desk.ended({ callId: call(6).callId, cause: 21, durationMs: 9_000, talkedMs: 2_000 });
  const cdrs = sink.of("cdr").map(({ cdr }) => [cdr.status, cdr.cause, cdr.endedBy]);
  assert.deepEqual(cdrs, [
    [200, "normal", "called"],
    [200, "refused", "gateway"],
  ]);
});

test("asked calls: where somebody watches, the report records only what they never saw, in time or not", () => {
  const known = new Map<string, "up" | "over">();
  const { desk, sink, clock } = deskBench({}, { watched: { pbx1: known } });
  const ids = [1, 2, 3, 4].map((n) => `pbx1;1700000000.${n}`);
  ids.forEach((callId, n) => desk.ask(call(n, { callId, server: "pbx1" })));
  const [unseen = "", over = "", late = "", last = ""] = ids;
  known.set(over, "over");
  for (const callId of [unseen, over, late]) desk.ended({ callId, cause: 16, talkedMs: 1_000 });
  const endedAt = clock.unix();
  known.set(late, "over");
  assert.equal(sink.of("cdr").length, 0);
  clock.advance(2_000);
  assert.deepEqual(
    sink.of("cdr").map(({ cdr }) => [cdr.callId, cdr.endedAt]),
    [[unseen, endedAt]],
  );
  desk.ended({ callId: last, cause: 16, talkedMs: 1_000 });
  desk.flush();
  desk.flush();
  clock.advance(2_000);
  assert.equal(sink.of("cdr").length, 2);
});

test("asked calls: a call that goes on after a transfer is not over because its first channel says so", () => {
  const callId = "pbx1;1700000000.1";
  const { desk, sink, clock, foreignCalls } = deskBench({}, { watched: { pbx1: new Map([[callId, "up"]]) } });
  desk.ask(call(1, { callId, server: "pbx1" }));
  desk.ended({ callId, cause: 16, talkedMs: 1_000 });
  clock.advance(10_000);
  assert.ok(foreignCalls.get(callId) !== undefined, "it can be ended still");
  assert.equal(sink.of("cdr").length, 0);
});

test("asked calls: other choices are in force from the next question on", () => {
  const { desk } = deskBench({ unknownCallers: "allow" });
  assert.equal(desk.ask(call(1)).verdict, "allow");
  desk.reconfigure({ ...DEFAULT_VERDICT_CHOICES, unknownCallers: "screen" });
  assert.equal(desk.ask(call(2)).verdict, "screen");
});

test("asked calls: who was screened and let through is known at the next call, who only called is not", () => {
  const { desk, seen } = deskBench({ unknownCallers: "screen" });
  const again = { callId: "asterisk;2.0" };
  assert.equal(desk.ask(call(1)).verdict, "screen");
  desk.ended({ callId: call(1).callId, cause: 16, talkedMs: 60_000 });
  assert.equal(desk.ask(call(1, again)).verdict, "screen");
  seen.screened(call(1).caller as CallerId, again.callId, { result: "pass", reason: "answered" });
  assert.equal(desk.ask(call(1, { callId: "asterisk;3.0" })).verdict, "allow");
  assert.equal(desk.ask(call(2, { known: true })).reason, "none");
});

test("asked calls: a withheld number is anonymous where its trunk says so", () => {
  const { desk } = deskBench({ anonymous: "screen" });
  assert.equal(desk.ask(call(1, { withheld: true })).reason, "anonymous");
  assert.equal(desk.ask(call(2, { caller: "anonymous" })).verdict, "screen");
  assert.equal(desk.ask(call(3, { caller: "" })).verdict, "screen");
});

test("asked calls: an emergency call is let through and never ended", () => {
  const { desk, foreignCalls } = deskBench({ anonymous: "screen" }, { past: 1 });
  const verdict = desk.ask(call(1, { called: "112", caller: "" }));
  assert.deepEqual([verdict.verdict, verdict.reason], ["allow", "emergency"]);
  assert.equal(foreignCalls.get(verdict.callId), undefined);
});

test("asked calls: the caller's past speaks, in shadow it only warns", () => {
  assert.equal(deskBench({ suspected: "screen" }, { past: 0.9 }).desk.ask(call(1)).verdict, "screen");
  assert.equal(deskBench({ suspected: "screen" }, { past: 0.9, shadow: true }).desk.ask(call(1)).verdict, "warn");
});

test("asked calls: the call that is answered `block` is left to its dialplan, and ended only where that does not end it", async () => {
  const { desk, disconnected, clock, sink } = deskBench();
  for (const n of [1, 2, 3, 4, 5]) desk.ask(call(n, { server: "pbx1" }));
  await settle();
  assert.deepEqual(
    disconnected.toSorted(),
    [1, 2, 3, 4].map((n) => call(n).callId),
  );
  assert.deepEqual([desk.ask(call(6)).verdict, desk.ask(call(7)).verdict], ["block", "block"]);
  clock.advance(1_000);
  desk.ended({ callId: call(5).callId, cause: 21 });
  // To ask again gives no more time.
  desk.ask(call(6));
  clock.advance(1_500);
  await settle();
  assert.deepEqual(disconnected.slice(4), [call(6).callId, call(7).callId]);
  const last = sink.of("teardown").at(-1)?.teardown;
  assert.deepEqual([last?.callId, last?.aOutcome, last?.incidentId !== undefined], [call(7).callId, "confirmed", true]);
});

/** As ARI reports the call that the dialplan asks about. */
const reported = (n: number) => {
  const { callId, caller, called } = call(n);
  const facts = { callId, aNumber: caller, bNumber: called, at: undefined, switchId: "pbx1", trunk: undefined };
  return { ...facts, status: "active", source: "asterisk" } as const;
};

test("asked calls: ARI reports the fifth call before its dialplan asks: it waits for that, not for ever", async () => {
  const { desk, control, disconnected, clock, dialplans } = deskBench();
  for (const n of [1, 2, 3, 4]) desk.ask(call(n, { server: "pbx1" }));
  const [fifth] = await control.reportEvents([reported(5)]);
  await settle();
  assert.deepEqual([fifth?.verdict, disconnected.length, dialplans.isLeft(call(5).callId)], ["refuse", 4, true]);
  clock.advance(400);
  assert.equal(desk.ask(call(5, { server: "pbx1" })).verdict, "block");
  clock.advance(1_900);
  await settle();
  assert.equal(disconnected.length, 4, "told: it has two seconds");
  await control.reportEvents([{ ...reported(5), status: "ended" }, reported(6)]);
  clock.advance(499);
  await settle();
  assert.equal(disconnected.length, 4, "may still ask");
  clock.advance(1);
  await settle();
  assert.deepEqual(disconnected.slice(4), [call(6).callId], "did not ask");
});

test("asked calls: of a system whose dialplan never asked all are ended at once", async () => {
  const { control, disconnected, dialplans } = deskBench();
  await control.reportEvents([1, 2, 3, 4, 5].map((n) => reported(n)));
  await settle();
  assert.deepEqual([disconnected.length, dialplans.isLeft(call(5).callId)], [5, false]);
});

const unreadable: readonly (readonly [name: string, over: Partial<AskedCall>])[] = [
  ["no call id", { callId: "" }],
  ["no called number", { called: " " }],
  ["a called number of a kilobyte", { called: "1".repeat(1_024) }],
  ["a caller of a kilobyte", { caller: "1".repeat(1_024) }],
];
for (const [name, over] of unreadable) {
  test(`asked calls: ${name}: let through, nothing counted`, () => {
    const { desk, detection } = deskBench();
    const { verdict, reason } = desk.ask(call(1, over));
    assert.deepEqual([verdict, reason, detection.stats().processed], ["allow", "unavailable", 0]);
  });
}

test("asked calls: a bug in detection lets the call through", () => {
  const bench = deskBench();
  const broken = new VerdictDesk(DEFAULT_VERDICT_CHOICES, {
    ...bench,
    screen: {
      callStarted: () => {
        throw new Error("bug");
      },
      callAnswered: () => undefined,
      callEnded: () => undefined,
    },
    seen: new KnownCallers({ screening: true, maxCalls: 1 }, { seen: new SeenCallers(0), pastOf: () => 0 }),
    policy: { shadow: false, guards: () => false },
    pastOf: () => 0,
    watching: () => undefined,
    random: new RandomDouble(),
  });
  assert.equal(broken.ask(call(1)).reason, "unavailable");
});

test("asked calls: whoever finds a call in its dialplan learns the number that was asked about, until its end is reported", () => {
  const { desk } = deskBench();
  const { callId } = call(1);
  assert.equal(desk.askedNumber(callId), undefined);
  desk.ask(call(1, { called: "12025550140" }));
  assert.equal(desk.askedNumber(callId), "12025550140", "as it came: the trunk's number plan reads it");
  desk.ended({ callId });
  assert.equal(desk.askedNumber(callId), undefined);
});
