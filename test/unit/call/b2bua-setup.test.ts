import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaBench, CALLED } from "../../support/b2bua-bench.js";
import { bodyText, headerOf } from "../../support/fake-sip-endpoint.js";

test("INVITE, 180, 200, ACK and BYE pass from end to end, and the CDR says so", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  assert.equal(bench.out.spec.uri, CALLED, "the Request-URI is kept");
  assert.equal(bodyText(bench.out.spec.body), "offer");
  bench.clock.advance(1_000);
  bench.out.provisional(180, { tag: "bob" });
  bench.clock.advance(2_000);
  const b = bench.out.answer({ tag: "bob", body: "answer" });
  assert.deepEqual(invite.statuses, [180, 200]);
  assert.equal(bodyText(invite.final?.body), "answer");
  assert.equal(b.acks.length, 0, "the ACK waits for the caller's");
  invite.ack();
  assert.equal(b.acks.length, 1);
  bench.clock.advance(5_000);
  const bye = invite.dialog()!.receive("BYE");
  assert.deepEqual(bye.statuses, [], "the answer is the called side's");
  b.last("BYE").final(200);
  assert.deepEqual(bye.statuses, [200]);
  const { cdr } = bench;
  assert.deepEqual(
    [cdr.status, cdr.endedBy, cdr.cause, cdr.durationMs, cdr.nextHop, cdr.trunk],
    [200, "caller", "normal", 5_000, "hop1", "t1"],
  );
  assert.equal(cdr.ringingAt! - cdr.startedAt, 1_000);
  assert.deepEqual(bench.log, [
    "started call1@caller.example",
    "invited call1@caller.example alice1",
    "detect-answered call1@caller.example",
    "answered",
    "detect-ended call1@caller.example",
  ]);
  assert.equal(bench.b2bua.size, 0, "an ended call is released at once");
});

test("a BYE of the called side ends the caller's leg", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const bye = b.receive("BYE", { headers: [["Reason", 'Q.850;cause=16;text="bye"']] });
  assert.equal(headerOf(a.last("BYE").spec, "Reason"), 'Q.850;cause=16;text="bye"', "Reason passes");
  a.last("BYE").final(200, { headers: [["X-Stat", "1"]] });
  assert.equal(headerOf(bye.final, "X-Stat"), "1");
  assert.deepEqual([bench.cdr.endedBy, bench.cdr.q850], ["called", 16]);
});

test("the B leg keeps Call-ID, From tag and parties, and its CSeq differs: a call that passes us twice is no merged request (RFC 3261 §8.2.2.2)", () => {
  const bench = new B2buaBench();
  bench.invite();
  const { spec } = bench.out;
  assert.deepEqual(
    [spec.callId, spec.fromTag, spec.from, spec.to, spec.cseq],
    [
      "call1@caller.example",
      "alice1",
      '"Alice" <sip:+12025550101@caller.example:5070>',
      "<sip:+12025550199@caller.example>",
      8,
    ],
  );
  assert.equal(spec.contactUser, "alice");
});

test("with topology hiding on, Call-ID, tags and hosts are ours", () => {
  const bench = new B2buaBench({ policy: { topologyHiding: true } });
  const invite = bench.invite([
    ["User-Agent", "Secret/1"],
    ["X-Keep", "yes"],
  ]);
  const { spec } = bench.out;
  assert.deepEqual(
    [spec.callId, spec.fromTag, spec.cseq, spec.from, spec.to],
    [undefined, undefined, undefined, '"Alice" <sip:+12025550101@hop.example>', "<sip:+12025550199@hop.example>"],
  );
  assert.equal(headerOf(spec, "User-Agent"), undefined);
  assert.equal(headerOf(spec, "X-Keep"), "yes");
  bench.out.final(488, {
    headers: [
      ["Server", "Secret/2"],
      ["Warning", '304 inside.example "no codec"'],
    ],
  });
  assert.equal(headerOf(invite.final, "Server"), undefined);
  assert.equal(headerOf(invite.final, "Warning"), '304 hop.example "no codec"');
});

test("headers that are not one hop's own pass byte for byte, in order, compact forms too; X-Ringfence-* never leaves", () => {
  const bench = new B2buaBench();
  const passing: [string, string][] = [
    ["P-Asserted-Identity", "<sip:+12025550101@caller.example>"],
    ["Diversion", "<sip:+12025550102@caller.example>;reason=unconditional"],
    ["History-Info", "<sip:x@y?Reason=SIP%3Bcause%3D302>;index=1"],
    ["Identity", "eyJ.abc.def;info=<https://c.example/c.pem>;alg=ES256"],
    ["Date", "Sat, 13 Nov 2010 23:29:00 GMT"],
    ["Session-ID", "ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000"],
    ["User-to-User", "56a390f3d2b7310023a2;encoding=hex"],
    ["X-Anything", "caf\xc3\xa9"],
    ["Privacy", "id"],
    ["s", "subject"],
    ["Alert-Info", "<urn:alert:source:external>"],
    ["Require", "100rel"],
    ["Allow", "INVITE, BYE, FOO"],
    ["Accept-Language", "de"],
    ["User-Agent", "UA/1"],
    ["Content-Type", "application/sdp"],
    ["Proxy-Authorization", 'Digest username="u", uri="sip:x"'],
    ["Authorization", 'Digest username="u", uri="sip:x"'],
    ["Session-Expires", "1800;refresher=uac"],
    ["Resource-Priority", "dsn.flash"],
  ];
  bench.invite([...passing, ["X-Ringfence-Trunk", "t1"], ["Route", "<sip:r>"], ["Record-Route", "<sip:rr>"]]);
  assert.deepEqual(bench.out.spec.headers, passing);
});

test("option tags that do not work across a B2BUA are taken out of Supported", () => {
  const bench = new B2buaBench();
  bench.invite([["Supported", "100rel, outbound, timer, gruu"]]);
  assert.equal(headerOf(bench.out.spec, "Supported"), "100rel, timer");
  bench.invite([["k", "path"]]);
  assert.equal(headerOf(bench.out.spec, "k"), undefined);
});

test("Max-Forwards goes down across the B2BUA, and 0 gets 483 (RFC 7332)", () => {
  const bench = new B2buaBench();
  bench.invite([["Max-Forwards", "12"]]);
  assert.equal(bench.out.spec.maxForwards, 11);
  const looping = bench.invite([["Max-Forwards", "0"]]);
  assert.deepEqual(looping.statuses, [483]);
  assert.equal(bench.endpoint.invites.length, 1);
});

test("an unknown Require passes end to end, and gets 420 where the trunk rejects it", () => {
  const passing = new B2buaBench();
  passing.invite([["Require", "future-thing"]]);
  assert.equal(headerOf(passing.out.spec, "Require"), "future-thing");
  const rejecting = new B2buaBench({ policy: { requirePolicy: "reject" } });
  const refused = rejecting.invite([["Require", "100rel, future-thing"]]);
  assert.deepEqual(refused.statuses, [420]);
  assert.equal(headerOf(refused.final, "Unsupported"), "future-thing");
  assert.deepEqual(rejecting.log, [], "detection is not asked");
});

test("late offer: the 200 carries the offer and the ACK its answer, end to end", () => {
  const bench = new B2buaBench();
  const invite = bench.invite([], undefined);
  const b = bench.out.answer({ tag: "bob", body: "offer of b" });
  assert.equal(bodyText(invite.final?.body), "offer of b");
  invite.ack({ headers: [["Content-Type", "application/sdp"]], body: "answer of a" });
  assert.equal(bodyText(b.acks[0]?.body), "answer of a");
  assert.equal(headerOf(b.acks[0], "Content-Type"), "application/sdp");
});

test("bodies of any type pass, multipart too", () => {
  const bench = new B2buaBench();
  const body = "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x\r\n\r\n\x00\xff\r\n--x--";
  bench.invite([["Content-Type", "multipart/mixed;boundary=x"]], body);
  assert.equal(bodyText(bench.out.spec.body), body);
});

test("early media: a 183 with a body passes", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(183, { tag: "bob", body: "early", headers: [["Content-Type", "application/sdp"]] });
  assert.equal(invite.responses[0]?.status, 183);
  assert.equal(bodyText(invite.responses[0].body), "early");
});

test("a 1xx without a To tag belongs to the first early dialog", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180);
  bench.out.answer({ tag: "bob" });
  assert.deepEqual(
    invite.responses.map((each) => [each.status, each.fork]),
    [
      [180, undefined],
      [200, undefined],
    ],
  );
});

test("forked 18x: each early dialog of the called side gets its own A-side tag", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "b1" });
  bench.out.provisional(183, { tag: "b2" });
  bench.out.provisional(180, { tag: "b1" });
  assert.deepEqual(
    invite.responses.map((each) => [each.status, each.fork]),
    [
      [180, undefined],
      [183, "b2"],
      [180, undefined],
    ],
  );
  assert.notEqual(invite.dialog()?.localTag, invite.dialog("b2")?.localTag);
  bench.out.answer({ tag: "b2" });
  assert.equal(invite.final?.fork, "b2");
});

test("where the endpoint cannot fork, all early dialogs share the caller's one", () => {
  const bench = new B2buaBench({ capabilities: { forkedEarlyDialogs: false } });
  const invite = bench.invite();
  bench.out.provisional(180, { tag: "b1" });
  bench.out.provisional(180, { tag: "b2" });
  const b2 = bench.out.answer({ tag: "b2" });
  invite.ack();
  assert.deepEqual(
    invite.responses.map((each) => each.fork),
    [undefined, undefined, undefined],
  );
  assert.equal(b2.acks.length, 1);
  invite.dialog()!.receive("INFO");
  assert.deepEqual(b2.methods(), ["INFO"]);
});

test("the 200 of a second fork gets its own ACK and a BYE (RFC 3261 §13.2.2.4; drachtio fault 6)", () => {
  const bench = new B2buaBench();
  const { invite, out, b } = bench.answered();
  const second = out.answer({ tag: "b2" });
  assert.equal(second.acks.length, 1);
  assert.deepEqual(second.methods(), ["BYE"]);
  assert.deepEqual(invite.statuses, [180, 200]);
  assert.deepEqual(b.methods(), [], "the first answer stays up");
  assert.equal(bench.call.phase, "answered");
});

test("early dialogs over the limit are not shown to the caller, but may answer", () => {
  const bench = new B2buaBench({ options: { maxForks: 2 } });
  const invite = bench.invite();
  for (const tag of ["b1", "b2", "b3"]) bench.out.provisional(180, { tag });
  assert.equal(invite.responses.length, 2);
  bench.out.answer({ tag: "b3" });
  assert.equal(invite.final?.fork, "b3");
});

test("3xx to 6xx pass with status, reason, headers and body", () => {
  for (const status of [302, 401, 407, 404, 422, 486, 503, 600, 603, 608]) {
    const bench = new B2buaBench({ hops: ["hop1"] });
    const invite = bench.invite();
    bench.out.final(status, {
      headers: [
        ["Contact", "<sip:else@192.0.2.77>"],
        ["Proxy-Authenticate", 'Digest realm="r", nonce="n"'],
        ["Min-SE", "90"],
        ["Retry-After", "7"],
      ],
      body: "why",
    });
    const { final } = invite;
    assert.deepEqual([final?.status, final?.reason, final?.contact], [status, `S${status}`, "<sip:else@192.0.2.77>"]);
    assert.equal(headerOf(final, "Proxy-Authenticate"), 'Digest realm="r", nonce="n"', "digest challenges pass");
    assert.equal(headerOf(final, "Min-SE"), "90", "session timers pass");
    assert.equal(bodyText(final?.body), "why");
    assert.deepEqual([bench.cdr.status, bench.cdr.endedBy, bench.cdr.cause], [status, "called", "failed"]);
    assert.equal(bench.b2bua.size, 0);
  }
});

test("a 3xx becomes 480 where redirects are not to pass", () => {
  const bench = new B2buaBench({ options: { passRedirects: false } });
  const invite = bench.invite();
  bench.out.final(302, { headers: [["Contact", "<sip:inside@192.0.2.77>"]] });
  assert.deepEqual([invite.final?.status, invite.final?.contact], [480, undefined]);
});

for (const status of [408, 500, 502, 503, 504]) {
  test(`the next hop is tried on ${status}`, () => {
    const bench = new B2buaBench();
    const invite = bench.invite();
    const first = bench.out;
    first.final(status, { headers: [["Retry-After", "9"]] });
    assert.equal(bench.endpoint.invites.length, 2);
    assert.deepEqual(bench.out.spec.targets?.[0]?.address, "192.0.2.51");
    assert.equal(bench.out.spec.cseq, 9, "no merged request where both hops lead to one server");
    assert.deepEqual(bench.reports, [status === 503 ? "hop1 failed 9000" : "hop1 failed"]);
    assert.deepEqual(invite.statuses, []);
    assert.equal(bench.log.filter((line) => line.startsWith("started")).length, 1, "a retry is no new call");
    bench.out.answer({ tag: "bob" });
    assert.deepEqual(invite.statuses, [200]);
    assert.equal(bench.call.nextHop, "hop2");
  });
}

test("the next hop is tried after a transport error and after silence for hopTimeoutMs", () => {
  for (const status of [503, 408] as const) {
    const bench = new B2buaBench({ policy: { hopTimeoutMs: 1_500 } });
    bench.invite();
    assert.equal(bench.out.spec.noResponseMs, 1_500);
    bench.out.local(status);
    assert.equal(bench.endpoint.invites.length, 2);
    assert.deepEqual(bench.reports, [status === 408 ? "hop1 silent" : "hop1 failed"]);
  }
});

test("never another hop after an 18x, and none for a final answer that may be the callee's", () => {
  const rung = new B2buaBench();
  const invite = rung.invite();
  rung.out.provisional(180, { tag: "bob" });
  rung.out.final(503);
  assert.deepEqual([invite.final?.status, rung.endpoint.invites.length], [503, 1]);
  const busy = new B2buaBench();
  busy.invite();
  busy.out.final(486);
  assert.equal(busy.endpoint.invites.length, 1);
  assert.deepEqual(busy.reports, ["hop1 answered"]);
});

test("no hop left: the last answer of a peer, else 408 or 503 of our own", () => {
  const peer = new B2buaBench();
  const first = peer.invite();
  peer.out.final(500);
  peer.out.local(408);
  assert.equal(first.final?.status, 500);
  const silent = new B2buaBench({ hops: ["hop1"] });
  const second = silent.invite();
  silent.out.local(408);
  assert.equal(second.final?.status, 408);
  assert.deepEqual([silent.cdr.cause, silent.cdr.endedBy], ["no-hop", "gateway"]);
  const none = new B2buaBench({ hops: [] });
  assert.equal(none.invite().final?.status, 503);
  assert.equal(none.cdr.cause, "no-hop");
});

test("an abandoned hop that rings late is cancelled, one that answers late gets ACK and BYE", () => {
  const bench = new B2buaBench();
  const invite = bench.invite();
  const slow = bench.out;
  slow.local(408);
  const second = bench.out;
  second.provisional(180, { tag: "bob" });
  slow.provisional(180, { tag: "late" });
  assert.equal(slow.cancels.length, 1);
  slow.provisional(183, { tag: "late" });
  assert.equal(slow.cancels.length, 1, "once");
  const late = slow.answer({ tag: "late" });
  assert.equal(late.acks.length, 1);
  assert.deepEqual(late.methods(), ["BYE"]);
  assert.deepEqual(invite.statuses, [180], "the caller hears nothing of it");
  second.answer({ tag: "bob" });
  assert.equal(invite.final?.status, 200);
});

test("hops that have to be looked up first: the INVITE waits, and a CANCEL meanwhile keeps it in", async () => {
  let resolve: (hops: []) => void = () => undefined;
  const pending = new Promise<[]>((done) => (resolve = done));
  const bench = new B2buaBench({ deps: { hops: { choose: () => pending, report: () => undefined } } });
  const invite = bench.invite();
  invite.cancel();
  resolve([]);
  await pending;
  assert.deepEqual(invite.statuses, [487]);
  assert.equal(bench.endpoint.invites.length, 0);
  assert.equal(bench.cdr.cause, "cancelled");
});

test("a look-up that fails is no hop", async () => {
  const bench = new B2buaBench({
    deps: { hops: { choose: () => Promise.reject(new Error("dns")), report: () => undefined } },
  });
  const invite = bench.invite();
  await new Promise(setImmediate);
  assert.equal(invite.final?.status, 503);
});

test("an INVITE without a final answer for setupTimeoutMs is ended with 408, an emergency call is not", () => {
  for (const emergency of [false, true]) {
    const bench = new B2buaBench({ options: { setupTimeoutMs: 200_000 }, emergency });
    const invite = bench.invite();
    bench.out.provisional(180, { tag: "bob" });
    bench.clock.advance(200_000);
    bench.clock.advance(5_000);
    assert.equal(invite.final?.status, emergency ? undefined : 408);
    assert.equal(bench.out.isCancelled, !emergency);
  }
});
