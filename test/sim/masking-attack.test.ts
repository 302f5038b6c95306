import assert from "node:assert/strict";
import { test } from "node:test";
import { caller, callers, Gateway, VICTIM } from "../support/attacked-gateway.js";
import { settle } from "../support/call-doubles.js";
import { headerOf } from "../support/fake-sip-endpoint.js";

test("attack: at the fifth caller both legs of the four answered calls get BYE and the fifth INVITE 603, in that turn", async () => {
  const gateway = new Gateway();
  const up = callers(1, 4).map((each) => gateway.answered(each));
  assert.equal(gateway.open, 4);
  const fifth = gateway.invite(caller(5));
  assert.deepEqual(fifth.statuses, [603]);
  assert.equal(gateway.endpoint.invites.length, 4, "the fifth never left");
  for (const { a, b } of up) {
    for (const dialog of [a, b]) {
      assert.deepEqual(
        dialog.methods().filter((method) => method === "BYE"),
        ["BYE"],
      );
      assert.match(headerOf(dialog.last("BYE").spec, "Reason") ?? "", /^Q\.850;cause=21;text="/);
    }
  }
  gateway.clock.advance(12);
  for (const { a, b } of up) {
    a.last("BYE").final(200);
    b.last("BYE").final(200);
  }
  await settle();
  assert.deepEqual(
    gateway.sink.of("teardown").map(({ teardown }) => [teardown.aOutcome, teardown.bOutcome, teardown.tookMs]),
    Array(4).fill(["confirmed", "confirmed", 12]),
  );
  assert.deepEqual([gateway.layer.registry.size, gateway.open], [0, 0]);
  assert.deepEqual(new Set(gateway.sink.of("cdr").map(({ cdr }) => cdr.cause)), new Set(["fraud", "refused"]));
  assert.equal(gateway.metrics.get("fraud_disconnects_total"), 4);
  assert.equal(gateway.sink.of("alert").length, 1);
});

test("attack: calls that all have one Call-ID are ended on both legs, though one of them has hung up before", async () => {
  const gateway = new Gateway();
  const [first, ...others] = callers(1, 4).map((each) => gateway.answered(each, { callId: "always-the-same" }));
  assert.ok(first !== undefined);
  first.a.receive("BYE");
  first.b.last("BYE").final(200);
  assert.deepEqual(gateway.invite(caller(5), { callId: "always-the-same" }).statuses, [603]);
  for (const { a, b } of others) for (const dialog of [a, b]) dialog.last("BYE").final(200);
  await settle();
  assert.deepEqual([gateway.layer.registry.size, gateway.open], [0, 0]);
  assert.equal(gateway.sink.of("cdr").filter(({ cdr }) => cdr.cause === "fraud").length, 3);
});

test("attack: every further caller from the attacking trunk is refused at once, for as long as it lasts (R2)", () => {
  const gateway = new Gateway();
  for (const each of callers(1, 5)) gateway.invite(each);
  for (const each of callers(6, 20)) {
    gateway.clock.advance(1_000);
    assert.deepEqual(gateway.invite(each).statuses, [603]);
  }
});

test("attack: a caller from another trunk, and the attackers' calls to other numbers, go through (R3)", () => {
  const gateway = new Gateway();
  for (const each of callers(1, 8)) gateway.invite(each);
  assert.deepEqual(gateway.invite(caller(50), { trunk: "south" }).statuses, []);
  assert.deepEqual(gateway.invite(caller(1), { called: "+12025550142" }).statuses, []);
});

test("attack: calls that only ring get CANCEL towards the victim and 603 towards the caller", async () => {
  const gateway = new Gateway();
  const ringing = callers(1, 4).map((each) => {
    const invite = gateway.invite(each);
    const out = gateway.endpoint.invites.at(-1);
    assert.ok(out !== undefined);
    out.provisional(180, { tag: "bob" });
    return { invite, out };
  });
  gateway.invite(caller(5));
  for (const { invite, out } of ringing) {
    assert.equal(out.isCancelled, true);
    assert.equal(invite.final?.status, 603);
    out.final(487);
    invite.onRefusalAcked?.();
  }
  await settle();
  assert.deepEqual(
    gateway.sink.of("teardown").map(({ teardown }) => [teardown.phase, teardown.bOutcome]),
    Array(4).fill(["ringing", "confirmed"]),
  );
});

test("attack: a call that the victim has ended by then is already gone, and is no disconnect of ours", async () => {
  const gateway = new Gateway();
  const [first, ...others] = callers(1, 4).map((each) => gateway.answered(each));
  assert.ok(first !== undefined);
  first.b.receive("BYE");
  first.a.last("BYE").final(200);
  gateway.invite(caller(5));
  for (const { a, b } of others) {
    a.last("BYE").final(200);
    b.last("BYE").final(481);
  }
  await settle();
  assert.equal(gateway.metrics.get("fraud_disconnects_total"), 3);
  assert.deepEqual(
    new Set(gateway.sink.of("teardown").map(({ teardown }) => `${teardown.aOutcome} ${teardown.bOutcome}`)),
    new Set(["confirmed already-gone"]),
  );
});

test("attack: one number written in five ways is one caller, five nameless callers of a trunk too (R8)", () => {
  const gateway = new Gateway();
  const forms = ["+12025550101", "0012025550101", "12025550101", "%2B1-202-555-0101", "+12025550101;npdi"];
  for (const form of forms) assert.deepEqual(gateway.invite(form).statuses, []);
  const other = new Gateway();
  for (let n = 0; n < 8; n++) assert.deepEqual(other.invite(n % 2 === 0 ? "anonymous" : "Restricted").statuses, []);
});

test("attack: a retransmission storm and a call that was forked upstream count once", () => {
  const gateway = new Gateway();
  for (let n = 0; n < 30; n++) assert.deepEqual(gateway.invite(caller(1), { callId: "one-call" }).statuses, []);
  assert.equal(gateway.detection.incidents().length, 0);
});

test("attack: emergency calls are neither counted, refused nor ended", () => {
  const gateway = new Gateway();
  for (const each of callers(1, 20)) assert.deepEqual(gateway.invite(each, { called: "911" }).statuses, []);
});

test("attack: in shadow mode nothing is cut, but everything is said", async () => {
  const gateway = new Gateway({ shadow: true });
  const up = callers(1, 6).map((each) => gateway.answered(each));
  await settle();
  assert.ok(up.every(({ a, b }) => [...a.methods(), ...b.methods()].every((method) => method !== "BYE")));
  assert.equal(gateway.sink.of("alert").length, 1);
  assert.ok(gateway.metrics.get("ringfence_calls_would_refuse_total") >= 1);
});

test("attack: a slow drip under the threshold is left alone (R1)", () => {
  const gateway = new Gateway();
  for (const each of callers(1, 40)) {
    assert.deepEqual(gateway.invite(each).statuses, []);
    gateway.clock.advance(4_000);
  }
});

test("attack on a trunk that only asks: the calls that were let go are not forgotten, and somebody is told that we cannot end them", async () => {
  const gateway = new Gateway();
  for (const each of callers(1, 4)) assert.deepEqual(gateway.invite(each, { trunk: "asks" }).statuses, [404]);
  assert.deepEqual(gateway.invite(caller(5), { trunk: "asks" }).statuses, [603]);
  await settle();
  assert.equal(gateway.metrics.get("ringfence_teardowns_total{none,not-carried}"), 4);
  assert.equal((await gateway.layer.control.stats()).activeCalls, 0);
});

test("a call passes: its headers for us do not, and its end is on record", () => {
  const gateway = new Gateway();
  const { a, b } = gateway.answered(caller(1), { trunk: "south" });
  assert.equal(headerOf(gateway.endpoint.invites[0]?.spec, "X-Ringfence-Trunk"), undefined);
  a.receive("BYE");
  b.last("BYE").final(200);
  const [{ cdr } = { cdr: undefined }] = gateway.sink.of("cdr");
  assert.deepEqual(
    [cdr?.trunk, cdr?.caller, cdr?.called, cdr?.cause, cdr?.nextHop],
    ["south", caller(1), VICTIM, "normal", "192.0.2.50:5060"],
  );
  assert.equal(gateway.open, 0);
});
