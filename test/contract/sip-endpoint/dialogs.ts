import assert from "node:assert/strict";
import type { IncomingRequest, SipDialog } from "../../../gateway/ports/sip-endpoint.js";
import { headerOf, rawResponse, startLineOf, tagOf } from "../../support/raw-message.js";
import { TellingCaller, TellingDialogUser } from "../../support/telling-users.js";
import { answeredCallIn, answeredCallOut, SDP, sdpHeaders, text, unique, type Scenario } from "./scene.js";

export function insideDialogs(scenario: Scenario): void {
  scenario("requests of the peer reach the user and its answers the peer", async (scene) => {
    const { dialogUser, id, toTag } = await answeredCallIn(scene);
    scene.ua.request({
      method: "INFO",
      callId: id,
      branch: `z9hG4bKi${id}`,
      fromTag: `f${id}`,
      toTag,
      cseq: 2,
      headers: ["Content-Type: text/plain"],
      body: "5",
    });
    const info = await dialogUser.nextRequest();
    assert.deepEqual([info.request.method, text(info.request.body)], ["INFO", "5"]);
    info.respond({ status: 488, headers: [["X-Info", "no"]] });
    assert.equal(headerOf(await scene.ua.receive("SIP/2.0 488"), "X-Info"), "no");
  });

  scenario(
    "a re-INVITE of the peer is answered and acknowledged, body in the ACK included (late offer)",
    async (scene) => {
      const { dialogUser, id, toTag } = await answeredCallIn(scene);
      const common = { callId: id, fromTag: `f${id}`, toTag, cseq: 2 };
      scene.ua.request({ method: "INVITE", branch: `z9hG4bKr${id}`, ...common });
      const again = await dialogUser.nextRequest();
      again.respond({ status: 200, headers: sdpHeaders, body: Buffer.from(SDP) });
      await scene.ua.receive(/^SIP\/2\.0 200[^]*CSeq: 2 INVITE/);
      scene.ua.request({
        method: "ACK",
        branch: `z9hG4bKs${id}`,
        ...common,
        headers: ["Content-Type: application/sdp"],
        body: SDP,
      });
      assert.equal(text((await dialogUser.nextAck()).body), SDP);
    },
  );

  scenario("our re-INVITE is answered, acknowledged, and moves the target", async (scene) => {
    const { dialog } = await answeredCallOut(scene);
    const caller = new TellingCaller();
    dialog.request({ method: "INVITE", headers: sdpHeaders, body: Buffer.from(SDP) }, caller);
    const again = await scene.ua.receive("INVITE ");
    assert.equal(tagOf(headerOf(again, "To")), "far");
    scene.ua.send(rawResponse(again, 200, { headers: [`Contact: <sip:moved@${scene.ua.address}>`] }));
    const answer = await caller.answer();
    assert.equal(answer.dialog, dialog);
    dialog.ack();
    assert.equal(startLineOf(await scene.ua.receive("ACK ")), `ACK sip:moved@${scene.ua.address} SIP/2.0`);
  });

  scenario("requests of the peer wait for the user of their dialog, in order", async (scene) => {
    const { endpoint, ua, user, spec } = scene;
    const caller = new TellingCaller();
    endpoint.invite(spec(), caller);
    const invite = await ua.receive("INVITE ");
    ua.respond(invite, 200, { tag: "far" });
    const { dialog } = await caller.answer();
    const common = { callId: headerOf(invite, "Call-ID")!, fromTag: "far", toTag: tagOf(headerOf(invite, "From"))! };
    for (const cseq of [1, 2])
      ua.request({ method: "INFO", branch: `z9hG4bKh${unique()}`, ...common, cseq, body: String(cseq) });
    // It comes behind them.
    ua.request({ method: "OPTIONS", callId: unique(), branch: `z9hG4bKo${unique()}`, fromTag: "o" });
    (await user.nextRequest()).respond({ status: 200 });
    const dialogUser = new TellingDialogUser();
    dialog.user = dialogUser;
    dialog.ack();
    for (const body of ["1", "2"]) {
      const info = await dialogUser.nextRequest();
      assert.deepEqual([info.request.method, text(info.request.body)], ["INFO", body]);
      info.respond({ status: 200 });
    }
  });

  scenario("our requests carry a rising CSeq and the peer's answer comes back", async (scene) => {
    const { dialog } = await answeredCallOut(scene);
    let last = 1;
    for (const method of ["INFO", "UPDATE", "MESSAGE"]) {
      const caller = new TellingCaller();
      dialog.request({ method }, caller);
      const request = await scene.ua.receive(`${method} `);
      const cseq = Number.parseInt(headerOf(request, "CSeq")!, 10);
      assert.ok(cseq > last, `${cseq} after ${last}`);
      last = cseq;
      scene.ua.respond(request, 202);
      assert.equal((await caller.final()).response.status, 202);
    }
  });

  scenario("our BYE at the called end reaches the peer with the right tags", async (scene) => {
    const { dialog, id, toTag } = await answeredCallIn(scene);
    const caller = new TellingCaller();
    dialog.request({ method: "BYE" }, caller);
    const bye = await scene.ua.receive("BYE ");
    assert.deepEqual(
      [headerOf(bye, "Call-ID"), tagOf(headerOf(bye, "From")), tagOf(headerOf(bye, "To"))],
      [id, toTag, `f${id}`],
    );
    scene.ua.respond(bye, 481);
    assert.equal((await caller.final()).response.status, 481);
  });

  scenario("a dialog restored from JSON can be ended", async (scene, t) => {
    if (!scene.endpoint.capabilities.restoreDialogs) {
      t.skip("the engine cannot restore dialogs");
      return;
    }
    const { dialog } = await answeredCallOut(scene);
    const snapshot = JSON.parse(JSON.stringify(dialog.snapshot())) as ReturnType<SipDialog["snapshot"]>;
    dialog.discard();
    const caller = new TellingCaller();
    scene.endpoint.restoreDialog(snapshot).request({ method: "BYE" }, caller);
    const bye = await scene.ua.receive("BYE ");
    assert.equal(headerOf(bye, "Call-ID"), snapshot.callId);
    scene.ua.respond(bye, 200);
    assert.equal((await caller.final()).response.status, 200);
  });
}

export function outsideDialogs(scenario: Scenario): void {
  scenario("a request of the peer reaches the user and is answered", async ({ ua, user }) => {
    const id = unique();
    ua.request({ method: "OPTIONS", callId: id, branch: `z9hG4bK${id}` });
    const options: IncomingRequest = await user.nextRequest();
    options.respond({ status: 200, headers: [["Allow", "INVITE, ACK, BYE"]] });
    assert.equal(headerOf(await ua.receive("SIP/2.0 200"), "Allow"), "INVITE, ACK, BYE");
  });

  scenario("our request reaches the peer and its answer comes back", async ({ endpoint, ua, spec }) => {
    const caller = new TellingCaller();
    endpoint.request(
      spec({ method: "MESSAGE", headers: [["Content-Type", "text/plain"]], body: Buffer.from("hello") }),
      caller,
    );
    const message = await ua.receive("MESSAGE ");
    assert.ok(message.endsWith("\r\n\r\nhello"));
    ua.respond(message, 202, { tag: "far" });
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [202, false]);
  });

  scenario("a request for a dialog that is not here gets 481", async ({ ua }) => {
    const id = unique();
    ua.request({ method: "BYE", callId: id, branch: `z9hG4bK${id}`, toTag: "nobody" });
    await ua.receive("SIP/2.0 481");
  });

  scenario("the listeners are known and closing twice does no harm", async ({ endpoint }) => {
    assert.ok(endpoint.listeners.length > 0);
    await endpoint.close();
    await endpoint.close();
  });
}
