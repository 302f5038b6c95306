import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaBench } from "../../support/b2bua-bench.js";

// A bug of ours, wherever it is: the endpoint counts it, and the call that it happened in does not stay half set up.

const bug = (): never => {
  throw new Error("a bug of the test");
};

test("a bug while a 180 is passed on ends the call: 500 to the caller, CANCEL to the called side", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const respond = invite.respond.bind(invite);
  invite.respond = (spec) => (spec.status === 180 ? bug() : respond(spec));
  assert.throws(() => bench.out.provisional(180, { tag: "bob" }), /a bug of the test/);
  assert.deepEqual(invite.statuses, [500]);
  assert.equal(bench.out.isCancelled, true);
  bench.out.final(487);
  invite.onRefusalAcked?.();
  assert.equal(bench.b2bua.size, 0);
});

test("a bug while the answer is passed on ends both legs, and other calls go on", () => {
  let broken = true;
  const bench = new B2buaBench({ deps: { observers: [{ onAnswered: () => (broken ? bug() : undefined) }] } });
  const invite = bench.invite();
  const { out } = bench;
  assert.throws(() => out.answer({ tag: "bob" }), /a bug of the test/);
  invite.ack();
  const a = invite.dialog();
  const b = [...out.dialogs.values()].at(-1);
  assert.ok(a !== undefined && b !== undefined);
  for (const dialog of [a, b]) dialog.last("BYE").final(200);
  assert.equal(bench.b2bua.size, 0);
  broken = false;
  assert.equal(bench.answered().invite.final?.status, 200);
  assert.equal(bench.b2bua.size, 1);
});

test("a bug while a refusal is passed on does not leave the caller without an answer", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const respond = invite.respond.bind(invite);
  invite.respond = (spec) => (spec.status === 486 ? bug() : respond(spec));
  assert.throws(() => bench.out.final(486), /a bug of the test/);
  bench.clock.advance(64 * 500);
  assert.equal(bench.b2bua.size, 0);
  assert.deepEqual(invite.statuses, [500]);
});

test("a bug while the INVITE is sent on: 500 to the caller, and nothing is left of the call", () => {
  const bench = new B2buaBench();
  bench.endpoint.invite = bug;
  const place = () => bench.invite();
  assert.throws(place, /a bug of the test/);
  assert.equal(bench.call.phase, "ending");
  bench.clock.advance(64 * 500);
  assert.equal(bench.b2bua.size, 0);
  assert.deepEqual([bench.cdr.status, bench.cdr.cause], [500, "failed"]);
});
