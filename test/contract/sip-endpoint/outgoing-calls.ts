import assert from "node:assert/strict";
import { headerOf, startLineOf, tagOf } from "../../support/raw-message.js";
import { TellingCaller } from "../../support/telling-users.js";
import { answeredCallOut, SDP, sdpHeaders, text, type Scenario } from "./scene.js";

export function outgoingCalls(scenario: Scenario): void {
  scenario("is sent as given, rings, is answered, acknowledged and ended by us", async ({ endpoint, ua, spec }) => {
    const caller = new TellingCaller();
    endpoint.invite(
      spec({ headers: [["X-Note", "kept"], ...sdpHeaders], body: Buffer.from(SDP), maxForwards: 68 }),
      caller,
    );
    const invite = await ua.receive("INVITE ");
    assert.equal(startLineOf(invite), `INVITE sip:+12025550103@${ua.address} SIP/2.0`);
    assert.equal(headerOf(invite, "X-Note"), "kept");
    assert.equal(headerOf(invite, "Max-Forwards"), "68");
    assert.ok(invite.endsWith(SDP));
    ua.respond(invite, 183, { tag: "far", headers: ["X-Early: yes", "Content-Type: application/sdp"], body: SDP });
    const early = await caller.provisional();
    assert.equal(early.response.status, 183);
    assert.equal(early.response.headers.get("x-early"), "yes");
    assert.equal(text(early.response.body), SDP);
    assert.equal(early.dialog?.remoteTag, "far");
    ua.respond(invite, 200, { tag: "far" });
    const { dialog } = await caller.answer();
    assert.equal(dialog.state, "confirmed");
    assert.equal(dialog.remoteTarget, `sip:raw@${ua.address}`);
    dialog.ack({ headers: sdpHeaders, body: Buffer.from(SDP) });
    const ack = await ua.receive("ACK ");
    assert.equal(startLineOf(ack), `ACK sip:raw@${ua.address} SIP/2.0`);
    assert.equal(headerOf(ack, "CSeq"), headerOf(invite, "CSeq")!.replace("INVITE", "ACK"));
    assert.ok(ack.endsWith(SDP));
    const bye = new TellingCaller();
    dialog.request({ method: "BYE", headers: [["Reason", "Q.850;cause=21"]] }, bye);
    const hangUp = await ua.receive("BYE ");
    assert.equal(headerOf(hangUp, "Reason"), "Q.850;cause=21");
    ua.respond(hangUp, 200);
    assert.equal((await bye.final()).response.status, 200);
  });

  scenario(
    "is refused: status, reason and header fields come through, the ACK is the endpoint's",
    async ({ endpoint, ua, spec }) => {
      const caller = new TellingCaller();
      endpoint.invite(spec(), caller);
      const invite = await ua.receive("INVITE ");
      ua.respond(invite, 486, { tag: "far", headers: ["X-Why: lunch"] });
      const { response, local } = await caller.final();
      assert.deepEqual([response.status, response.headers.get("x-why"), local], [486, "lunch", false]);
      assert.match(await ua.receive("ACK "), /;tag=far/);
    },
  );

  scenario("is cancelled once a provisional response is there", async ({ endpoint, ua, spec }) => {
    const caller = new TellingCaller();
    const outgoing = endpoint.invite(spec(), caller);
    outgoing.cancel([["Reason", "SIP;cause=200"]]);
    const invite = await ua.receive("INVITE ");
    ua.respond(invite, 180, { tag: "far" });
    const cancel = await ua.receive("CANCEL ");
    assert.equal(headerOf(cancel, "Reason"), "SIP;cause=200");
    ua.respond(cancel, 200, { tag: "far" });
    ua.respond(invite, 487, { tag: "far" });
    assert.equal((await caller.final()).response.status, 487);
  });

  scenario("is reported as a local 408 when the hop says nothing", async ({ endpoint, ua, spec }) => {
    const caller = new TellingCaller();
    endpoint.invite(spec({ noResponseMs: 300 }), caller);
    await ua.receive("INVITE ");
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [408, true]);
  });

  scenario("is acknowledged again when its 2xx comes again", async (scene) => {
    const { invite } = await answeredCallOut(scene);
    scene.ua.respond(invite, 200, { tag: "far" });
    await scene.ua.receive("ACK ");
  });

  scenario("keeps Call-ID, From tag and CSeq as given", async ({ endpoint, ua, spec }, t) => {
    if (!endpoint.capabilities.keepsIdentifiers) {
      t.skip("the engine makes identifiers of its own");
      return;
    }
    endpoint.invite(spec({ callId: "given@192.0.2.1", fromTag: "given-tag", cseq: 21 }), new TellingCaller());
    const invite = await ua.receive("INVITE ");
    assert.equal(headerOf(invite, "Call-ID"), "given@192.0.2.1");
    assert.equal(tagOf(headerOf(invite, "From")), "given-tag");
    assert.equal(headerOf(invite, "CSeq"), "21 INVITE");
  });
}
