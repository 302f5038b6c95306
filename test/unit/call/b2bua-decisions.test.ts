import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, CalledId, CallerId, Decision, TrunkId } from "../../../detection/index.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { DialogSnapshot } from "../../../gateway/ports/sip-endpoint.js";
import { ALLOW, B2buaBench, FRAUD } from "../../support/b2bua-bench.js";
import { headerOf } from "../../support/fake-sip-endpoint.js";

const refuse: Decision = { ...ALLOW, verdict: "refuse", detected: true, incidentId: "inc-7", blockId: "blk-3" };
const endCalls = (callIds: string[]): Action => ({
  kind: "end-calls",
  callIds,
  incidentId: "inc-7",
  alertId: "alert-1",
  reason: "masking",
  foundAt: unixMs(0),
});

for (const refusalStatus of [603, 607, 608] as const) {
  test(`a refused call gets ${refusalStatus} with Reason, never leaves, and its CDR names incident and block`, () => {
    const bench = new B2buaBench({ decide: () => refuse, policy: { refusalStatus } });
    const invite = bench.invite();
    assert.deepEqual(invite.statuses, [refusalStatus]);
    assert.match(headerOf(invite.final, "Reason") ?? "", /^Q\.850;cause=21;text="/);
    assert.equal(bench.endpoint.invites.length, 0);
    const { cdr } = bench;
    assert.deepEqual(
      [cdr.status, cdr.endedBy, cdr.cause, cdr.incidentId, cdr.blockId, cdr.bCallId],
      [refusalStatus, "gateway", "refused", "inc-7", "blk-3", undefined],
    );
    assert.equal(bench.b2bua.size, 0);
  });
}

test("a decision that ends the very call being started keeps it in, whatever the verdict", () => {
  const bench = new B2buaBench({
    decide: (callId) => ({ ...ALLOW, detected: true, incidentId: "inc-7", actions: [endCalls(["other", callId])] }),
  });
  const invite = bench.invite();
  assert.deepEqual(invite.statuses, [603]);
  assert.equal(bench.endpoint.invites.length, 0);
  assert.equal(bench.actions.length, 1, "and the orders about the others are handed on");
  assert.equal(bench.cdr.cause, "fraud");
});

test("a call that the decision's orders end while they are carried out does not go out", () => {
  const bench = new B2buaBench({
    decide: () => ({ ...ALLOW, actions: [endCalls(["other"])] }),
    deps: { onActions: () => void bench.call.end(FRAUD) },
  });
  const invite = bench.invite();
  assert.deepEqual(invite.statuses, [603]);
  assert.equal(bench.endpoint.invites.length, 0);
});

test("an emergency call goes out whatever is decided", () => {
  const bench = new B2buaBench({ decide: () => refuse, emergency: true });
  const invite = bench.invite();
  assert.deepEqual(invite.statuses, []);
  assert.equal(bench.endpoint.invites.length, 1);
});

test("emergency calls pass the limit on live calls, others get 503 with a Retry-After of 1 to 5 s", () => {
  const bench = new B2buaBench({ options: { maxCalls: 1 } });
  bench.invite();
  const second = bench.invite();
  assert.equal(second.final?.status, 503);
  assert.ok(["1", "2", "3", "4", "5"].includes(headerOf(second.final, "Retry-After") ?? ""));
  const emergency = new B2buaBench({ options: { maxCalls: 0 }, emergency: true });
  assert.deepEqual(emergency.invite().statuses, []);
});

test("room is made as soon as a call is over", () => {
  const bench = new B2buaBench({ options: { maxCalls: 1 } });
  bench.invite();
  bench.out.final(486);
  assert.deepEqual(bench.invite().statuses, []);
});

test("admission: a refusal is answered with its headers, a drop is not answered at all; detection is not asked", () => {
  const refusal = { status: 503, reason: "Busy", headers: [["Retry-After", "0"]] } as const;
  const refusing = new B2buaBench({ refuse: { admit: () => ({ ok: false, refusal }) } });
  const refused = refusing.invite();
  assert.deepEqual([refused.final?.status, refused.final?.reason], [503, "Busy"]);
  assert.equal(headerOf(refused.final, "Retry-After"), "0");
  const dropping = new B2buaBench({ refuse: { admit: () => ({ ok: false, refusal: { ...refusal, drop: true } }) } });
  const dropped = dropping.invite();
  assert.deepEqual([dropped.statuses, dropped.ignored], [[], true]);
  assert.deepEqual([...refusing.log, ...dropping.log], []);
});

test("redirect mode: an allowed call gets the redirect answer, a refused one the refusal", () => {
  const deps = { redirect: () => ({ status: 302, contact: "<sip:next@192.0.2.9>" }) };
  const allowed = new B2buaBench({ policy: { mode: "redirect" }, deps });
  const first = allowed.invite();
  assert.deepEqual([first.final?.status, first.final?.contact], [302, "<sip:next@192.0.2.9>"]);
  assert.equal(allowed.endpoint.invites.length, 0);
  assert.deepEqual([allowed.cdr.status, allowed.cdr.cause, allowed.b2bua.size], [302, "normal", 0]);
  const refused = new B2buaBench({ policy: { mode: "redirect" }, deps, decide: () => refuse });
  assert.equal(refused.invite().final?.status, 603);
});

const outside = (bench: B2buaBench, method: string) =>
  bench.endpoint.receive(method, "sip:192.0.2.1", [
    ["From", "<sip:u@caller.example>;tag=u1"],
    ["To", "<sip:u@caller.example>"],
    ["Call-ID", "reg1@caller.example"],
    ["CSeq", "3 X"],
    ["Max-Forwards", "70"],
    ["Contact", "<sip:u@192.0.2.10>;expires=60"],
    ["Expires", "60"],
  ]);

test("OPTIONS outside of calls is answered with what we carry, and with 503 while draining", () => {
  let draining = false;
  const bench = new B2buaBench({ deps: { isDraining: () => draining } });
  const first = outside(bench, "OPTIONS");
  assert.equal(first.final?.status, 200);
  assert.match(headerOf(first.final, "Allow") ?? "", /INVITE.*UPDATE/);
  assert.match(headerOf(first.final, "Supported") ?? "", /100rel.*timer/);
  assert.doesNotMatch(headerOf(first.final, "Supported") ?? "", /outbound|gruu|from-change/);
  assert.match(headerOf(first.final, "Accept") ?? "", /application\/sdp/);
  draining = true;
  assert.equal(outside(bench, "OPTIONS").final?.status, 503);
});

for (const method of ["REGISTER", "PUBLISH", "SUBSCRIBE", "MESSAGE", "NOTIFY", "INFO", "REFER", "FOO"]) {
  test(`${method} outside of calls gets 405 with Allow`, () => {
    const refused = outside(new B2buaBench(), method);
    assert.equal(refused.final?.status, 405);
    assert.match(headerOf(refused.final, "Allow") ?? "", /INVITE/);
  });
}

for (const method of ["BYE", "PRACK", "UPDATE"]) {
  test(`${method} outside of calls gets 481`, () => {
    assert.equal(outside(new B2buaBench(), method).final?.status, 481);
  });
}

test("a trunk that relays: REGISTER passes with its Contact, and the bindings come back", () => {
  const bench = new B2buaBench({ policy: { relayOutOfDialog: true } });
  const register = outside(bench, "REGISTER");
  const [relayed] = bench.endpoint.requests;
  assert.deepEqual(
    [relayed?.spec.contact, relayed?.spec.uri, relayed?.spec.callId],
    ["<sip:u@192.0.2.10>;expires=60", "sip:192.0.2.1", "reg1@caller.example"],
  );
  assert.equal(headerOf(relayed?.spec, "Expires"), "60");
  relayed?.final(200, { headers: [["Contact", "<sip:u@192.0.2.10>;expires=59"]] });
  assert.deepEqual([register.final?.status, register.final?.contact], [200, "<sip:u@192.0.2.10>;expires=59"]);
});

test("a trunk that relays: the next hop is tried, and the last answer comes back", () => {
  const bench = new B2buaBench({ policy: { relayOutOfDialog: true } });
  const message = outside(bench, "MESSAGE");
  bench.endpoint.requests[0]?.local(408);
  bench.endpoint.requests[1]?.final(503);
  assert.deepEqual([message.statuses, bench.reports], [[503], ["hop1 silent", "hop2 failed"]]);
});

test("relayed requests outside of calls are limited", () => {
  const bench = new B2buaBench({ policy: { relayOutOfDialog: true }, options: { maxStandalone: 1 } });
  outside(bench, "MESSAGE");
  assert.equal(outside(bench, "MESSAGE").final?.status, 503);
  bench.endpoint.requests[0]?.final(200);
  assert.deepEqual(outside(bench, "MESSAGE").statuses, []);
});

const snapshot = (localTag: string, remoteTag: string): DialogSnapshot => ({
  callId: "old@caller.example",
  localTag,
  remoteTag,
  localParty: "<sip:a@192.0.2.1>",
  remoteParty: "<sip:b@192.0.2.2>",
  localCseq: 1,
  remoteCseq: 1,
  remoteTarget: "sip:b@192.0.2.2",
  routeSet: [],
  secure: false,
  protocol: "udp",
  state: "confirmed",
});
const journalled = {
  kind: "answered",
  callId: "old@caller.example",
  a: snapshot("ours", "alice"),
  b: snapshot("alice", "bob"),
  facts: {
    caller: "+12025550101" as CallerId,
    called: "+12025550199" as CalledId,
    trunk: "t1" as TrunkId,
    startedAt: 1_000,
    answeredAt: 4_000,
    nextHop: "hop1",
    emergency: false,
  },
  at: 4_000,
} as const;

test("a call of a process that died is taken down on both legs", async () => {
  const bench = new B2buaBench();
  const call = bench.b2bua.restore(journalled, bench.policy);
  const report = call.end({ cause: "restart", q850: 41, text: "restarted", refusalStatus: 503 });
  for (const dialog of bench.endpoint.restored) dialog.last("BYE").final(200);
  assert.deepEqual([(await report).a.outcome, (await report).b.outcome], ["confirmed", "confirmed"]);
  assert.deepEqual([bench.cdr.cause, bench.cdr.startedAt, bench.cdr.answeredAt], ["restart", 1_000, 4_000]);
});

test("a call of a process that died goes on relaying", () => {
  const bench = new B2buaBench();
  const call = bench.b2bua.restore(journalled, bench.policy);
  assert.deepEqual([call.phase, call.nextHop, bench.b2bua.size], ["answered", "hop1", 1]);
  const [a, b] = bench.endpoint.restored;
  const info = a!.receive("INFO");
  b!.last("INFO").final(200);
  const bye = b!.receive("BYE");
  a!.last("BYE").final(200);
  assert.deepEqual([info.statuses, bye.statuses, bench.b2bua.size], [[200], [200], 0]);
});

test("a dialog that is taken up jumps ahead with its CSeq: the journal knows the answer's only (RFC 3261 §12.2.2)", () => {
  const bench = new B2buaBench();
  bench.b2bua.restore(journalled, bench.policy);
  assert.ok(bench.endpoint.snapshots.length === 2);
  for (const { localCseq } of bench.endpoint.snapshots) assert.ok(localCseq > 1_000 && localCseq < 2 ** 31 - 1);
});

test("calls of one Call-ID that are taken up keep the names that they have in the journal: its entries stay apart", () => {
  const bench = new B2buaBench();
  const names = ["old@caller.example~1f", "old@caller.example"];
  const calls = names.map((callId) => bench.b2bua.restore({ ...journalled, callId }, bench.policy));
  assert.deepEqual(
    calls.map(({ callId, sipCallId }) => [callId, sipCallId]),
    names.map((name) => [name, "old@caller.example"]),
  );
});

test("a 2xx to an INVITE of a process that died gets ACK and BYE (RFC 3261 §13.2.2.4)", () => {
  const seen: string[] = [];
  const bench = new B2buaBench({ deps: { onStrayAnswer: (callId) => seen.push(callId) } });
  const dialog = bench.endpoint.restoreDialog(snapshot("alice", "bob"));
  bench.b2bua.onStrayAnswer({ kind: "response" } as never, dialog);
  assert.deepEqual([dialog.acks.length, dialog.methods(), seen], [1, ["BYE"], ["old@caller.example"]]);
});
