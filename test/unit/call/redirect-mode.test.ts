import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, TrunkId } from "../../../detection/index.js";
import { redirectAnswer } from "../../../gateway/call/redirect-mode.js";
import type { TrunkPolicy } from "../../../gateway/call/contracts.js";
import { plainPolicy } from "../../support/call-doubles.js";

const identity = {
  trunk: "t" as TrunkId,
  caller: "+12025550101" as CallerId,
  called: "+12025550199" as CalledId,
  emergency: false,
};
const policy = (over: Partial<TrunkPolicy> = {}): TrunkPolicy => ({
  ...plainPolicy,
  id: "t" as TrunkId,
  mode: "redirect",
  ...over,
});
const URI = "sip:+12025550199@gw.example";

test("redirect mode: an allowed call gets 404, so that the switch goes on with its next route", () => {
  assert.deepEqual(redirectAnswer(URI, identity, { verdict: "allow" }, policy()), { status: 404, reason: "Not Found" });
});

test("redirect mode: with redirectTo an allowed call gets 302", () => {
  const answer = redirectAnswer(URI, identity, { verdict: "allow" }, policy({ redirectTo: "sip:out.example" }));
  assert.deepEqual(answer, { status: 302, reason: "Moved Temporarily", contact: "<sip:out.example>" });
});

test("redirect mode: {user} keeps the called number, as it was written", () => {
  const answer = redirectAnswer(
    "sip:+1-202-555-0199;npdi@gw.example",
    identity,
    { verdict: "allow" },
    policy({ redirectTo: "sip:{user}@192.0.2.7" }),
  );
  assert.equal(answer.contact, "<sip:+1-202-555-0199;npdi@192.0.2.7>");
});

test("redirect mode: a user that looks like a replacement pattern is only text", () => {
  const answer = redirectAnswer(
    "sip:$&$'@gw.example",
    identity,
    { verdict: "allow" },
    policy({ redirectTo: "sip:{user}@192.0.2.7" }),
  );
  assert.equal(answer.contact, "<sip:$&$'@192.0.2.7>");
});

test("redirect mode: without a user there is nobody to redirect to", () => {
  assert.equal(
    redirectAnswer("sip:gw.example", identity, { verdict: "allow" }, policy({ redirectTo: "sip:{user}@192.0.2.7" }))
      .status,
    404,
  );
});

for (const [refusalStatus, reason] of [
  [603, "Decline"],
  [607, "Unwanted"],
  [608, "Rejected"],
] as const) {
  test(`redirect mode: a blocked call gets ${refusalStatus} with a Reason`, () => {
    const answer = redirectAnswer(URI, identity, { verdict: "refuse" }, policy({ refusalStatus }));
    assert.deepEqual(
      [answer.status, answer.reason, answer.headers],
      [refusalStatus, reason, [["Reason", 'Q.850;cause=21;text="call rejected"']]],
    );
  });
}

test("redirect mode: an emergency call is never blocked", () => {
  assert.equal(
    redirectAnswer("urn:service:sos", { ...identity, emergency: true }, { verdict: "refuse" }, policy()).status,
    404,
  );
});
