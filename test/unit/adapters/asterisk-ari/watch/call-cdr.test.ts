import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, Cdr, TrunkId } from "../../../../../detection/index.js";
import { cdrOf } from "../../../../../gateway/adapters/asterisk-ari/watch/call-cdr.js";
import { WatchedCall } from "../../../../../gateway/adapters/asterisk-ari/watch/watched-call.js";
import { unixMs } from "../../../../../gateway/core/time.js";

const parties = {
  caller: "+12025550100" as CallerId,
  called: "+12025550142" as CalledId,
  trunk: "pbx1" as TrunkId,
  emergency: false,
};

const at = (ms: number) => unixMs(1_700_000_000_000 + ms);

/** What was ordered about a call, and what became of that. */
interface Ordered {
  readonly cause: "fraud" | "operator" | "refused";
  readonly by: "taken" | "unanswered" | "failed" | "given-up" | "dialplan";
}

function order(call: WatchedCall, { cause, by }: Ordered): void {
  if (by === "dialplan") {
    call.orders.want(cause);
    call.orders.leaveToDialplan();
    return;
  }
  const over = call.orders.begin(cause);
  const answered = call.orders.send();
  if (by !== "unanswered") answered(by === "taken" || by === "given-up");
  if (by === "given-up") over();
}

function record({ ordered, ...change }: Partial<WatchedCall> & { readonly ordered?: Ordered }): Cdr {
  const call = new WatchedCall({
    uniqueId: "1.1",
    callId: "pbx1;1.1",
    callerNumber: "2025550100",
    calledNumber: "2025550142",
    startedAt: at(0),
    resumed: false,
  });
  if (ordered !== undefined) order(call, ordered);
  Object.assign(call, { endedAt: at(5_000), ...change });
  return cdrOf(call, parties, "cdr-1", at(9_000));
}

const cases: readonly { name: string; call: Parameters<typeof record>[0]; cdr: Partial<Cdr> }[] = [
  {
    name: "answered, the caller hung up",
    call: { answeredAt: at(2_000), ringingAt: at(100), q850: 16, hungUpBy: "caller" },
    cdr: { status: 200, cause: "normal", endedBy: "caller", durationMs: 3_000, q850: 16 },
  },
  {
    name: "answered, the called side hung up",
    call: { answeredAt: at(2_000), q850: 16, hungUpBy: "called" },
    cdr: { status: 200, endedBy: "called" },
  },
  {
    name: "answered, and given up by Asterisk as no sound came",
    call: { answeredAt: at(2_000), q850: 44, hungUpBy: "caller" },
    cdr: { status: 200, cause: "no-media", endedBy: "gateway", durationMs: 3_000, q850: 44 },
  },
  {
    name: "answered, and ended by a party with the cause that Asterisk has for that",
    call: { answeredAt: at(2_000), q850: 44, hungUpBy: "caller", partyHungUp: true },
    cdr: { status: 200, cause: "normal", endedBy: "caller" },
  },
  {
    name: "answered, and not there any more when Asterisk was asked anew",
    call: { answeredAt: at(2_000), endedAt: at(5_000), endUnseen: true },
    cdr: { status: 200, cause: "dead", durationMs: 3_000 },
  },
  {
    name: "given up by its caller: Asterisk names no cause",
    call: { hungUpBy: "caller" },
    cdr: { status: 487, cause: "cancelled", endedBy: "caller", durationMs: 0 },
  },
  { name: "given up, cause 127", call: { q850: 127, hungUpBy: "caller" }, cdr: { status: 487, cause: "cancelled" } },
  { name: "busy", call: { q850: 17, hungUpBy: "caller" }, cdr: { status: 486, cause: "failed", endedBy: "called" } },
  { name: "nobody picks up", call: { q850: 19 }, cdr: { status: 480, cause: "failed" } },
  { name: "no such number", call: { q850: 1 }, cdr: { status: 404, cause: "failed", endedBy: "called" } },
  { name: "no circuit", call: { q850: 34 }, cdr: { status: 503 } },
  { name: "a cause that nobody knows", call: { q850: 99 }, cdr: { status: 480, cause: "failed" } },
  {
    name: "ended for fraud before its answer",
    call: { q850: 21, ordered: { cause: "fraud", by: "unanswered" }, hungUpBy: "caller" },
    cdr: { status: 403, cause: "fraud", endedBy: "gateway", q850: 21 },
  },
  {
    name: "ended for fraud in mid-call",
    call: { answeredAt: at(1_000), q850: 21, ordered: { cause: "fraud", by: "taken" } },
    cdr: { status: 200, cause: "fraud", endedBy: "gateway", durationMs: 4_000 },
  },
  {
    name: "refused",
    call: { ordered: { cause: "refused", by: "taken" }, incidentId: "inc-1" },
    cdr: { cause: "refused", status: 403, incidentId: "inc-1" },
  },
  {
    name: "whose dialplan refuses it, whatever cause that gives",
    call: { ordered: { cause: "refused", by: "dialplan" }, q850: 17 },
    cdr: { cause: "refused", status: 603, endedBy: "gateway" },
  },
  {
    name: "whose dialplan was told to refuse it and let it through",
    call: { ordered: { cause: "refused", by: "dialplan" }, answeredAt: at(1_000), q850: 16, hungUpBy: "caller" },
    cdr: { cause: "normal", status: 200, endedBy: "caller" },
  },
  {
    name: "whose dialplan refuses it after a word",
    call: { ordered: { cause: "refused", by: "dialplan" }, answeredAt: at(1_000), q850: 21 },
    cdr: { cause: "refused", status: 200, endedBy: "gateway" },
  },
  {
    name: "whose end was ordered in vain",
    call: { ordered: { cause: "fraud", by: "failed" }, answeredAt: at(1_000), q850: 16, hungUpBy: "caller" },
    cdr: { cause: "normal", status: 200, endedBy: "caller" },
  },
  {
    name: "whose caller hangs up before it is ended at last",
    call: { ordered: { cause: "fraud", by: "given-up" }, answeredAt: at(1_000), q850: 16, hungUpBy: "caller" },
    cdr: { cause: "normal", endedBy: "caller" },
  },
  {
    name: "that Asterisk ends late, with our cause",
    call: { ordered: { cause: "fraud", by: "given-up" }, answeredAt: at(1_000), q850: 21 },
    cdr: { cause: "fraud", endedBy: "gateway" },
  },
  {
    name: "ended by an operator",
    call: { answeredAt: at(1), ordered: { cause: "operator", by: "taken" } },
    cdr: { cause: "operator", endedBy: "gateway" },
  },
  {
    name: "whose end nobody saw",
    call: { endedAt: undefined, answeredAt: at(1_000) },
    cdr: { endedAt: at(9_000), durationMs: 8_000 },
  },
  { name: "whose clock went back", call: { answeredAt: at(6_000) }, cdr: { durationMs: 0 } },
];

for (const { name, call, cdr } of cases) {
  test(`the CDR of a call ${name}`, () => {
    const made = record(call);
    for (const [key, value] of Object.entries(cdr)) assert.equal(made[key as keyof Cdr], value, key);
    assert.deepEqual(
      [made.callId, made.caller, made.called, made.trunk],
      ["pbx1;1.1", parties.caller, parties.called, "pbx1"],
    );
  });
}
