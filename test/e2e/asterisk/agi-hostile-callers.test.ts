import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agiStage, type AgiStage } from "../../support/agi-stage.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { until } from "../../support/processes.js";
import { inviteRaw, type RawInvite } from "../../support/raw-invite.js";

const skip = asteriskMissing() ?? false;
const BLOCKED = "+13035550100";
const HONEST = "+13035550199";
const CALLED = "+12025550140";
const WAIT_SECONDS = 12;

const from = (display: string, user = BLOCKED): string => `"${display}" <sip:${user}@127.0.0.1>`;
const blocked: readonly (readonly [name: string, invite: Partial<RawInvite>])[] = [
  ["nothing special", {}],
  ["a delete character in the display name", { from: from("a\x7f") }],
  ["other control characters in it", { from: from("a\x01\x1b[2Jb") }],
  ["a line break after the number", { from: `<sip:${BLOCKED}%0a@127.0.0.1>` }],
  ["a line break in the number", { from: `<sip:+1303%0a5550100@127.0.0.1>` }],
  ["empty lines in the number", { from: `<sip:+1303%0a%0a555%0d%0a%0a0100@127.0.0.1>` }],
  ["a delete character in the number", { from: `<sip:+1303%7f5550100@127.0.0.1>` }],
  ["a line break after the called number", { to: `${CALLED}%0a` }],
  ["empty lines in the called number", { to: `+1202555%0a%0a0140` }],
  ["a Call-ID of 3,000 characters", { callId: `${"%".repeat(3_000)}@x` }],
  ["a Call-ID of 6,000 characters", { callId: `${"%".repeat(6_000)}@x` }],
  ["a mark of 6,000 characters", { headers: [`X-Ringfence-Leg: ${"%".repeat(6_000)}`] }],
];

const HANGUP = "%0a%0aHANGUP%0a510%20x%0a";
/** Callers who are nobody, as any made-up number is: but they are asked about. */
const madeUp: readonly (readonly [name: string, invite: Partial<RawInvite>])[] = [
  ["a field of the AGI in the number", { from: `<sip:1%0aagi_dnid%3a%201@127.0.0.1>` }],
  ["another call's id in the number", { from: `<sip:2%0aagi_uniqueid%3a%201.1@127.0.0.1>` }],
  ["an end of the AGI's environment in the number, and a hang-up", { from: `<sip:3${HANGUP}@127.0.0.1>` }],
  ["the same, and results", { from: `<sip:4%0a%0a200%20result=1%0a200%20result=1@127.0.0.1>` }],
  ["the same in the called number", { from: `<sip:5@127.0.0.1>`, to: `+12025550155${HANGUP}` }],
  ["a comma in the called number", { from: `<sip:6@127.0.0.1>`, to: `+12025550156,known=yes` }],
  ["an argument of the AGI in the number", { from: `<sip:7%0aagi_arg_1%3a%20known=yes%0a%0a@127.0.0.1>` }],
  ["brackets in the called number", { from: `<sip:8@127.0.0.1>`, to: `+12025550158)((` }],
];

describe("AGI: what a caller can choose decides nothing", { skip }, () => {
  let stage: AgiStage;
  before(async () => {
    const asterisk = { verdict: { unknownCallers: "warn" } };
    stage = await agiStage({ asterisk }, WAIT_SECONDS);
    const body = { a_number: BLOCKED, b_number: CALLED, reason: "test", ttl_ms: 600_000 };
    const { status, json } = await stage.gateway.api("/api/v1/blocks", { body });
    assert.equal(status, 201, JSON.stringify(json));
  });
  after(() => stage.close());

  for (const [name, invite] of blocked) {
    test(`a blocked caller is refused: ${name}`, async () => {
      const status = await inviteRaw(stage.asterisk.sipPort, { from: from("a"), to: CALLED, ...invite });
      assert.equal(status, 603, stage.asterisk.log().slice(-3_000));
    });
  }

  for (const [i, [name, invite]] of madeUp.entries()) {
    test(`a verdict is had: ${name}`, async () => {
      const seen = stage.seen().length;
      // Numbers of their own: five callers of one would be an attack.
      const to = `+1202555015${i}`;
      assert.equal(await inviteRaw(stage.asterisk.sipPort, { from: from("a", HONEST), to, ...invite }), 200);
      await until("the verdict", () => stage.seen().length > seen);
      assert.match(stage.seen().at(-1) ?? "", /^warn unknown-caller 0\.20 asterisk;/);
    });
  }

  test("all of them were asked about, and it was seen that some were odd", async () => {
    const odd = await stage.gateway.metric("ringfence_agi_odd_requests_total");
    assert.ok(odd >= 4, `${odd}`);
    for (const outcome of ["malformed", "too-long"])
      assert.equal(
        await stage.gateway.metric("ringfence_agi_requests_total", `{script="none",outcome="${outcome}"}`),
        0,
      );
  });

  test("a name that reads like the dialplan is a name: it runs nothing, with the verdict warn and without a prefix", async () => {
    const seen = stage.seen().length;
    const name = "a):Set(GLOBAL(CALLER_RAN)=this";
    assert.equal(await inviteRaw(stage.asterisk.sipPort, { from: from(name, HONEST), to: "+12025550160" }), 200);
    await until("the verdict", () => stage.seen().length > seen);
    assert.match(stage.seen().at(-1) ?? "", /^warn unknown-caller /);
    assert.doesNotMatch(await stage.asterisk.cli("dialplan show globals"), /CALLER_RAN/);
  });
});
