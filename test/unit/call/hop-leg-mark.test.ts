import assert from "node:assert/strict";
import { test } from "node:test";
import { HopLegBook } from "../../../gateway/call/hop-leg-book.js";
import { LEG_HEADER } from "../../../gateway/ports/hop-legs.js";
import { B2buaBench, type BenchSettings } from "../../support/b2bua-bench.js";
import { RandomDouble } from "../../support/call-doubles.js";

const CALL_ID = "call1@caller.example";

function marking(settings: BenchSettings = {}) {
  const legs = new HopLegBook(new RandomDouble());
  const bench = new B2buaBench({
    ...settings,
    observers: [legs],
    deps: { markLeg: (call, spec) => legs.marked(call, spec) },
  });
  const marks = (): readonly (readonly string[])[] =>
    bench.endpoint.invites.map(({ spec }) =>
      (spec.headers ?? []).flatMap(([name, value]) => (name.toLowerCase() === LEG_HEADER.toLowerCase() ? [value] : [])),
    );
  return { legs, bench, marks };
}

test("an INVITE leaves with the mark of its leg, not with its caller's, to every next hop that is tried", () => {
  const { legs, bench, marks } = marking();
  bench.invite([[LEG_HEADER, "forged"]]);
  bench.out.final(503);
  const [[first = ""] = [], second] = marks();
  assert.ok(legs.show(CALL_ID, first, "1.0"));
  assert.ok(!legs.show(CALL_ID, "forged", "1.0"));
  assert.deepEqual(second, [first]);
});

test("with topology hiding the Call-ID is the mark", () => {
  const { legs, bench, marks } = marking({ policy: { topologyHiding: true } });
  bench.invite([[LEG_HEADER, "forged"]]);
  assert.deepEqual(marks(), [[]]);
  const sent = bench.out.request.headers.get("call-id") ?? "";
  assert.deepEqual([legs.placed(sent), legs.placed(CALL_ID), legs.received(CALL_ID)], ["yes", "no", true]);
});

test("where nobody sees the hop's legs they are not marked", () => {
  const bench = new B2buaBench();
  bench.invite();
  assert.ok(!(bench.out.spec.headers ?? []).some(([name]) => name === LEG_HEADER));
});
