import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  answeredIn,
  answeredOut,
  DIALOG_A,
  DIALOG_B,
  inviteIn,
  inviteOut,
  startedScene,
  type DrachtioScene,
} from "../../support/drachtio-scene.js";
import { until } from "../../support/processes.js";
import { TellingCaller } from "../../support/telling-users.js";

async function dropped({ peer, endpoint }: DrachtioScene): Promise<void> {
  peer.drop();
  await until("loss", () => endpoint.listeners.length === 0);
}

async function connectedAgain({ peer, clock, endpoint }: DrachtioScene): Promise<void> {
  await until("a second connection", () => {
    clock.advance(200);
    return peer.connections === 2 && endpoint.listeners.length > 0;
  });
}

// The server leaves up what its client has lost (fault 6).
describe("drachtio: the connection is lost", () => {
  test("users are told of everything that was up, and nothing stays in the tables", async (t) => {
    const scene = await startedScene(t);
    const a = await answeredIn(scene);
    const b = await answeredOut(scene);
    const { caller } = await inviteOut(scene, { callId: "call-c" });
    const waiting = await inviteIn(scene, "TW", { callId: "call-w" });
    const gone = new Promise<void>((resolve) => (waiting.onGone = resolve));
    await dropped(scene);
    assert.equal((await a.dialogUser.nextRequest()).request.method, "BYE");
    assert.match((await b.dialogUser.nextRequest()).request.headers.get("reason") ?? "", /^SIP;cause=503/);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, true]);
    await gone;
    assert.equal(waiting.respond({ status: 200 }), false);
    const { transactions, dialogs } = scene.endpoint.load;
    assert.deepEqual([transactions, dialogs], [0, 0]);
  });

  test("with the next connection peers get what ends their calls: BYE, CANCEL, 503", async (t) => {
    const scene = await startedScene(t);
    await answeredIn(scene);
    await answeredOut(scene);
    const { caller } = await inviteOut(scene, { callId: "call-c" });
    await inviteIn(scene, "TW", { callId: "call-w" });
    await dropped(scene);
    await caller.final();
    assert.equal(scene.endpoint.load.lost, 4);
    await connectedAgain(scene);
    const { commands } = scene.peer;
    const sent = (start: string): readonly (readonly string[])[] =>
      commands.filter(({ sip }) => sip.startsWith(start)).map(({ fields }) => fields);
    await until("two BYEs", () => sent("BYE ").length === 2);
    // The first name tried: our tag. The server tells where it was not the right one.
    assert.deepEqual(new Set(sent("BYE ").map(([, id]) => id?.startsWith("call-"))), new Set([true]));
    assert.ok(sent("BYE ").some(([, id]) => id === DIALOG_B));
    assert.deepEqual(sent("CANCEL "), [["TB", ""]]);
    assert.deepEqual(sent("SIP/2.0 503"), [["TW", ""]]);
    const wrong = commands.find(({ sip, fields }) => sip.startsWith("BYE ") && fields[1] !== DIALOG_B)!;
    scene.peer.refuse(wrong, "Server error: unable to find dialog for dialog id provided");
    await until("the other name", () => sent("BYE ").some(([, id]) => id === DIALOG_A));
  });

  test("a request that the server has not answered yet ends with a local 503", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    const caller = new TellingCaller();
    dialog.request({ method: "INFO" }, caller);
    await scene.peer.next("INFO ");
    await dropped(scene);
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, true]);
  });

  test("closing tells nobody anything and is safe twice", async (t) => {
    const scene = await startedScene(t);
    const { dialog } = await answeredOut(scene);
    dialog.user = { onRequest: () => assert.fail("told") };
    await scene.endpoint.close();
    await scene.endpoint.close();
    await until("the server sees it", () => scene.peer.isDropped);
    assert.equal(dialog.state, "confirmed");
  });
});
