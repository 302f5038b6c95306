import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, TrunkId } from "../../../detection/index.js";
import { buildCdr, CdrRecorder } from "../../../gateway/call/cdr-builder.js";
import type { CallFacts } from "../../../gateway/call/contracts.js";
import { unixMs } from "../../../gateway/core/time.js";
import { LiveCallDouble, SinkDouble, cdrOf } from "../../support/call-doubles.js";

const facts = (over: Partial<CallFacts> = {}): CallFacts => ({
  callId: "a",
  bCallId: "b",
  identity: {
    trunk: "north" as TrunkId,
    caller: "+12025550101" as CallerId,
    called: "+12025550199" as CalledId,
    emergency: false,
  },
  nextHop: "192.0.2.9:5060",
  startedAt: unixMs(1_000),
  ringingAt: unixMs(2_000),
  answeredAt: unixMs(3_000),
  endedAt: unixMs(63_500),
  status: 200,
  endedBy: "caller",
  ...over,
});

test("cdr: an answered call lasts from its answer", () => {
  assert.deepEqual(buildCdr(facts(), "id-1"), {
    id: "id-1",
    callId: "a",
    bCallId: "b",
    caller: "+12025550101",
    called: "+12025550199",
    trunk: "north",
    nextHop: "192.0.2.9:5060",
    startedAt: 1_000,
    ringingAt: 2_000,
    answeredAt: 3_000,
    endedAt: 63_500,
    durationMs: 60_500,
    status: 200,
    endedBy: "caller",
    cause: "normal",
    emergency: false,
  });
});

const causes: readonly (readonly [name: string, over: Partial<CallFacts>, cause: string])[] = [
  ["the caller gave up", { answeredAt: undefined, status: 487, endedBy: "caller" }, "cancelled"],
  ["the called side was busy", { answeredAt: undefined, status: 486, endedBy: "called" }, "failed"],
  ["the called side hung up", { endedBy: "called" }, "normal"],
  ["the gateway ended it", { endedBy: "gateway", cause: "fraud" }, "fraud"],
  ["the gateway refused it", { answeredAt: undefined, status: 603, endedBy: "gateway", cause: "refused" }, "refused"],
];
for (const [name, over, cause] of causes) {
  test(`cdr: ${name}: ${cause}`, () => assert.equal(buildCdr(facts(over), "id").cause, cause));
}

test("cdr: what is not known is absent, not undefined; a call that was not answered lasts 0", () => {
  const cdr = buildCdr(
    facts({
      bCallId: undefined,
      nextHop: undefined,
      ringingAt: undefined,
      answeredAt: undefined,
      status: 503,
      endedBy: "gateway",
      cause: "no-hop",
    }),
    "id",
  );
  assert.deepEqual(
    Object.keys(cdr).filter((key) =>
      ["bCallId", "nextHop", "ringingAt", "answeredAt", "q850", "incidentId", "blockId"].includes(key),
    ),
    [],
  );
  assert.equal(cdr.durationMs, 0);
});

test("cdr: a wall clock that jumped back makes no negative duration", () => {
  assert.equal(buildCdr(facts({ endedAt: unixMs(2_500) }), "id").durationMs, 0);
});

test("cdr: every ended call's is handed to the store", () => {
  const sink = new SinkDouble();
  const call = new LiveCallDouble("1");
  new CdrRecorder(sink).onEnded(call, cdrOf(call));
  assert.deepEqual(sink.records, [{ kind: "cdr", cdr: cdrOf(call) }]);
});
