import assert from "node:assert/strict";
import { test } from "node:test";
import { heardAnswer } from "../../../gateway/api/schemas/heard.js";
import type { HeardView } from "../../../gateway/ports/gateway-control.js";
import { apiHarness } from "../../support/api-harness.js";

const VIEW: HeardView = {
  callId: "call-1@192.0.2.1",
  trunk: "t1",
  threat: { score: 0.9, state: "suspicious" },
  verdict: {
    index: 1,
    state: "suspicious",
    score: 0.8,
    kind: "tax",
    stage: "pressure",
    evidence: [{ turn: 1, start: 0, end: 5, text: "today", cue: "pressure.hurry", weight: 1.5 }],
  },
  shed: false,
  lines: [
    {
      kind: "transcript.line",
      callId: "call-1@192.0.2.1",
      segment: 0,
      speaker: "caller",
      text: "you must pay today",
      startMs: 0,
      endMs: 1_200,
      final: true,
      confidence: 0.9,
      language: "en",
    },
  ],
};
const URL = `/api/v1/calls/${encodeURIComponent(VIEW.callId)}`;

test("a live call's text and verdict are shown as the OpenAPI document says, and the reading is audited", async () => {
  const { control, ask, audit } = await apiHarness();
  control.heardCalls = [VIEW];
  const answer = await ask("GET", `${URL}/heard`, { as: "analyst" });
  assert.equal(answer.statusCode, 200);
  const shown = heardAnswer.parse(answer.json());
  assert.deepEqual([shown.state, shown.score, shown.kind, shown.stage], ["suspicious", 0.9, "tax", "pressure"]);
  assert.equal(shown.lines[0]?.text, "you must pay today");
  const entry = audit.at(-1);
  assert.deepEqual(
    [entry?.actor, entry?.action, entry?.target, entry?.outcome],
    ["the-analyst", "call.hear", VIEW.callId, "done"],
  );
  assert.ok(!JSON.stringify(audit).includes("pay today"), "no word of the call is in the audit log");
});

test("a call that has said nothing yet is clear", async () => {
  const { control, ask } = await apiHarness();
  control.heardCalls = [{ callId: "c", trunk: "t1", threat: undefined, verdict: undefined, shed: true, lines: [] }];
  const answer = (await ask("GET", "/api/v1/calls/c/heard", { as: "admin" })).json<Record<string, unknown>>();
  assert.deepEqual([answer["state"], answer["kind"], answer["shed"]], ["clear", "none", true]);
});

test("a call that nobody listens to is 404, for reading and for releasing", async () => {
  const { ask, audit } = await apiHarness();
  for (const [method, path] of [
    ["GET", "heard"],
    ["POST", "release"],
  ] as const) {
    const answer = await ask(method, `${URL}/${path}`, { as: "analyst" });
    assert.equal(answer.statusCode, 404);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, "call.unheard");
    assert.equal(audit.at(-1)?.outcome, "failed");
  }
});

test("an analyst releases a call; the audit log says who", async () => {
  const { control, ask, audit } = await apiHarness();
  control.heardCalls = [VIEW];
  const answer = await ask("POST", `${URL}/release`, { as: "analyst" });
  assert.deepEqual(answer.json(), { call_id: VIEW.callId, released: true });
  assert.deepEqual(control.released, [VIEW.callId]);
  assert.deepEqual([audit.at(-1)?.action, audit.at(-1)?.actor], ["call.release", "the-analyst"]);
});
