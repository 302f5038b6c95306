import assert from "node:assert/strict";
import { test } from "node:test";
import { DialogState, route } from "../../../../gateway/sip/dialog/dialog-state.js";

const facts = {
  callId: "c",
  localTag: "l",
  remoteTag: "r",
  localParty: "<sip:l@192.0.2.1>",
  remoteParty: "<sip:r@192.0.2.2>",
  localCseq: 0,
  remoteCseq: undefined,
  remoteTarget: "sip:r@192.0.2.2",
  routeSet: [],
  secure: false,
};

const routes = [
  {
    name: "without a route set requests go to the target",
    set: [],
    uri: "sip:t@192.0.2.9",
    routes: [],
    hop: "sip:t@192.0.2.9",
  },
  {
    name: "a loose router stays in Route and the target in the Request-URI",
    set: ["<sip:192.0.2.5;lr>", "<sip:192.0.2.6;lr>"],
    uri: "sip:t@192.0.2.9",
    routes: ["<sip:192.0.2.5;lr>", "<sip:192.0.2.6;lr>"],
    hop: "sip:192.0.2.5;lr",
  },
  {
    name: "lr=on is loose",
    set: ["<sip:192.0.2.5;lr=on;x>"],
    uri: "sip:t@192.0.2.9",
    routes: ["<sip:192.0.2.5;lr=on;x>"],
    hop: "sip:192.0.2.5;lr=on;x",
  },
  {
    name: "a strict router becomes the Request-URI, without URI headers and method, and the target goes last",
    set: ["<sip:192.0.2.5;method=INVITE;x=1?a=b>", "<sip:192.0.2.6;lr>"],
    uri: "sip:192.0.2.5;x=1",
    routes: ["<sip:192.0.2.6;lr>", "<sip:t@192.0.2.9>"],
    hop: "sip:192.0.2.5;method=INVITE;x=1?a=b",
  },
  {
    name: "lrx is not lr",
    set: ["<sip:192.0.2.5;lrx>"],
    uri: "sip:192.0.2.5;lrx",
    routes: ["<sip:t@192.0.2.9>"],
    hop: "sip:192.0.2.5;lrx",
  },
  {
    name: "a parameter of the header is not one of the URI",
    set: ["<sip:192.0.2.5>;lr"],
    uri: "sip:192.0.2.5",
    routes: ["<sip:t@192.0.2.9>"],
    hop: "sip:192.0.2.5",
  },
];
for (const each of routes) {
  test(`route set (RFC 3261 §12.2.1.1): ${each.name}`, () => {
    assert.deepEqual(route("sip:t@192.0.2.9", each.set), { uri: each.uri, routes: each.routes, nextHop: each.hop });
  });
}

test("CSeq of the peer: rises by any step, never falls; equal passes (§12.2.2)", () => {
  const state = new DialogState(facts, "confirmed");
  assert.deepEqual(
    [5, 5, 4, 9, 8].map((cseq) => state.takeRemoteCseq(cseq)),
    [true, true, false, true, false],
  );
});

test("our CSeq starts after the one given and stays below 2^31 (§8.1.1.5)", () => {
  assert.equal(new DialogState(facts, "early").nextCseq(), 1);
  const late = new DialogState({ ...facts, localCseq: 2 ** 31 - 2 }, "early");
  assert.deepEqual([late.nextCseq(), late.nextCseq()], [2 ** 31 - 1, 1]);
});

test("a target refresh and a new route set change where requests go", () => {
  const state = new DialogState(facts, "early");
  assert.equal(state.routing().uri, "sip:r@192.0.2.2");
  state.retarget("sip:r@192.0.2.3");
  assert.equal(state.routing().uri, "sip:r@192.0.2.3");
  state.reroute(["<sip:192.0.2.4;lr>"]);
  assert.equal(state.routing().nextHop, "sip:192.0.2.4;lr");
});

test("facts make the same state again", () => {
  const state = new DialogState({ ...facts, routeSet: ["<sip:192.0.2.4;lr>"] }, "confirmed");
  state.nextCseq();
  state.takeRemoteCseq(7);
  assert.deepEqual(state.facts(), { ...facts, routeSet: ["<sip:192.0.2.4;lr>"], localCseq: 1, remoteCseq: 7 });
});
