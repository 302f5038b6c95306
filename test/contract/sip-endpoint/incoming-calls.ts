import assert from "node:assert/strict";
import { headerOf, startLineOf, tagOf } from "../../support/raw-message.js";
import { TellingDialogUser } from "../../support/telling-users.js";
import { callIn, respondAndTakeDialog, SDP, text, unique, type Scenario } from "./scene.js";

export function incomingCalls(scenario: Scenario): void {
  scenario("rings, is answered, acknowledged and ended by the caller", async (scene) => {
    const { ua } = scene;
    const { invite, id, sent } = await callIn(
      scene,
      ["X-Note: kept as sent", "P-Asserted-Identity: <tel:+12025550101>"],
      SDP,
    );
    assert.equal(invite.request.headers.get("x-note"), "kept as sent");
    assert.equal(text(invite.request.body), SDP);
    assert.equal(invite.source.address, "127.0.0.1");
    assert.equal(invite.source.port, ua.port);
    invite.respond({ status: 180, headers: [["X-Ring", "yes"]] });
    const ringing = await ua.receive("SIP/2.0 180");
    assert.equal(headerOf(ringing, "X-Ring"), "yes");
    assert.equal(headerOf(ringing, "Call-ID"), headerOf(sent, "Call-ID"));
    const dialogUser = new TellingDialogUser();
    const dialog = respondAndTakeDialog(invite, dialogUser);
    const ok = await ua.receive("SIP/2.0 200");
    const toTag = tagOf(headerOf(ok, "To"))!;
    assert.equal(toTag, tagOf(headerOf(ringing, "To")));
    assert.ok(ok.endsWith(SDP));
    assert.ok(headerOf(ok, "Contact") !== undefined);
    ua.request({ method: "ACK", callId: id, branch: `z9hG4bKa${id}`, fromTag: `f${id}`, toTag });
    assert.equal((await dialogUser.nextAck()).method, "ACK");
    assert.equal(dialog.state, "confirmed");
    ua.request({
      method: "BYE",
      callId: id,
      branch: `z9hG4bKb${id}`,
      fromTag: `f${id}`,
      toTag,
      cseq: 2,
      headers: ['Reason: Q.850;cause=16;text="bye"'],
    });
    const bye = await dialogUser.nextRequest();
    assert.equal(bye.request.headers.get("reason"), 'Q.850;cause=16;text="bye"');
    bye.respond({ status: 200 });
    await ua.receive(/^SIP\/2\.0 200[^]*CSeq: 2 BYE/);
  });

  scenario("is refused with status, reason phrase and header fields as given", async (scene) => {
    const { invite, id } = await callIn(scene);
    invite.respond({ status: 603, reason: "Not Today", headers: [["Retry-After", "120"]] });
    const refusal = await scene.ua.receive("SIP/2.0 603");
    assert.equal(startLineOf(refusal), "SIP/2.0 603 Not Today");
    assert.equal(headerOf(refusal, "Retry-After"), "120");
    assert.equal(invite.respond({ status: 200 }), false, "a second final answer");
    scene.ua.request({
      method: "ACK",
      callId: id,
      branch: `z9hG4bK${id}`,
      fromTag: `f${id}`,
      toTag: tagOf(headerOf(refusal, "To"))!,
    });
  });

  scenario("is cancelled: the endpoint answers the CANCEL, the user the INVITE", async (scene) => {
    const { ua } = scene;
    const { invite, id } = await callIn(scene);
    invite.respond({ status: 180 });
    await ua.receive("SIP/2.0 180");
    const cancelled = new Promise<void>((resolve) => (invite.onCancel = () => resolve()));
    ua.request({ method: "CANCEL", callId: id, branch: `z9hG4bK${id}`, fromTag: `f${id}` });
    assert.match(await ua.receive("SIP/2.0 200"), /CSeq: 1 CANCEL/);
    await cancelled;
    invite.respond({ status: 487 });
    const ended = await ua.receive("SIP/2.0 487");
    ua.request({
      method: "ACK",
      callId: id,
      branch: `z9hG4bK${id}`,
      fromTag: `f${id}`,
      toTag: tagOf(headerOf(ended, "To"))!,
    });
  });

  scenario("has a To tag for each fork", async (scene, t) => {
    if (!scene.endpoint.capabilities.forkedEarlyDialogs) {
      t.skip("the engine has one early dialog per INVITE");
      return;
    }
    const { invite } = await callIn(scene);
    invite.respond({ status: 183, fork: "one" });
    const one = tagOf(headerOf(await scene.ua.receive("SIP/2.0 183"), "To"));
    invite.respond({ status: 183, fork: "two" });
    const two = tagOf(headerOf(await scene.ua.receive("SIP/2.0 183"), "To"));
    assert.notEqual(one, two);
    invite.respond({ status: 486 });
  });

  scenario("is answered until the ACK comes", async (scene) => {
    const { invite } = await callIn(scene);
    invite.respond({ status: 200 });
    const first = await scene.ua.receive("SIP/2.0 200");
    assert.equal(await scene.ua.receive("SIP/2.0 200"), first);
  });

  scenario("is refused with 503 while draining", async ({ endpoint, ua }) => {
    endpoint.drain();
    const id = unique();
    ua.request({ method: "INVITE", callId: id, branch: `z9hG4bK${id}` });
    assert.notEqual(headerOf(await ua.receive("SIP/2.0 503"), "Retry-After"), undefined);
  });
}
