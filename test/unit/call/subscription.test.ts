import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeaderEntries } from "../../../gateway/ports/sip-endpoint.js";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { FakeIncoming, headerOf } from "../../support/fake-sip-endpoint.js";
import { SipHeaders } from "../../../gateway/sip/message/sip-headers.js";
import { NO_BODY } from "../../../gateway/sip/message/sip-message.js";

const relaying = (): B2buaBench => new B2buaBench({ policy: { relayOutOfDialog: true } });

const subscribe = (
  bench: B2buaBench,
  headers: HeaderEntries = [["Expires", "600"]],
  method = "SUBSCRIBE",
): FakeIncoming =>
  bench.endpoint.receive(method, "sip:bob@192.0.2.1", [
    ["From", "<sip:watcher@caller.example>;tag=w1"],
    ["To", "<sip:bob@caller.example>"],
    ["Call-ID", "sub1@caller.example"],
    ["CSeq", "5 SUBSCRIBE"],
    ["Max-Forwards", "70"],
    ["Contact", "<sip:watcher@192.0.2.10>"],
    ["Record-Route", "<sip:p1;lr>, <sip:p2;lr>"],
    ["Event", "dialog"],
    ...headers,
  ]);

const ok: HeaderEntries = [
  ["To", "<sip:bob@caller.example>;tag=n1"],
  ["Contact", "<sip:notifier@192.0.2.51>"],
  ["Record-Route", "<sip:q1;lr>"],
  ["Expires", "600"],
];

/** A NOTIFY that the endpoint knows no dialog for. */
function strayNotify(bench: B2buaBench, callId: string, toTag: string, fromTag = "n1"): FakeIncoming | undefined {
  const notify = new FakeIncoming(bench.endpoint, {
    kind: "request",
    method: "NOTIFY",
    uri: "sip:us@192.0.2.1",
    headers: SipHeaders.of([
      ["From", `<sip:bob@caller.example>;tag=${fromTag}`],
      ["To", `<sip:watcher@caller.example>;tag=${toTag}`],
      ["Call-ID", callId],
      ["CSeq", "31 NOTIFY"],
      ["Contact", "<sip:notifier@192.0.2.51>"],
      ["Subscription-State", "active;expires=600"],
    ]),
    body: NO_BODY,
  });
  const take = bench.b2bua.onStrayRequest(notify.request);
  take?.(notify);
  return take === undefined ? undefined : notify;
}

test("SUBSCRIBE outside of calls: its answer makes a dialog on either side, NOTIFYs and refreshes pass (RFC 6665)", () => {
  const bench = relaying();
  const asked = subscribe(bench);
  const [sent] = bench.endpoint.requests;
  assert.equal(headerOf(sent?.spec, "Event"), "dialog");
  sent?.final(200, { headers: ok });
  const [a, b] = bench.endpoint.restored;
  assert.equal(asked.final?.status, 200);
  assert.equal(asked.final.toTag, a?.localTag);
  assert.deepEqual([a?.callId, a?.remoteTag], ["sub1@caller.example", "w1"]);
  assert.deepEqual([b?.localTag, b?.remoteTag], ["w1", "n1"]);
  const notify = b!.receive("NOTIFY", { headers: [["Subscription-State", "active;expires=599"]] });
  a!.last("NOTIFY").final(200);
  assert.deepEqual(notify.statuses, [200]);
  const refresh = a!.receive("SUBSCRIBE", { headers: [["Expires", "600"]] });
  b!.last("SUBSCRIBE").final(200);
  assert.deepEqual(refresh.statuses, [200]);
});

test("the first NOTIFY may come before the 2xx; a NOTIFY of another fork or of nothing known is not taken", () => {
  const bench = relaying();
  subscribe(bench);
  assert.equal(strayNotify(bench, "other", "w1"), undefined);
  assert.equal(strayNotify(bench, "sub1@caller.example", "w2"), undefined);
  const notify = strayNotify(bench, "sub1@caller.example", "w1");
  const [a, b] = bench.endpoint.restored;
  a!.last("NOTIFY").final(200);
  assert.deepEqual(notify?.statuses, [200]);
  assert.equal(strayNotify(bench, "sub1@caller.example", "w1", "n2"), undefined);
  bench.endpoint.requests[0]?.final(200, { headers: ok });
  assert.equal(bench.endpoint.restored.length, 2, "one dialog each");
  assert.equal(b?.remoteTag, "n1");
});

test("a refused SUBSCRIBE leaves nothing behind", () => {
  const bench = new B2buaBench({ policy: { relayOutOfDialog: true }, options: { maxStandalone: 1 } });
  const refused = subscribe(bench);
  bench.endpoint.requests[0]?.final(489);
  assert.deepEqual(refused.statuses, [489]);
  assert.equal(strayNotify(bench, "sub1@caller.example", "w1"), undefined);
  assert.deepEqual(subscribe(bench).statuses, [], "and makes room");
});

test("a subscription ends after the NOTIFY that says terminated, which still passes (drachtio fault 6)", () => {
  const bench = relaying();
  subscribe(bench);
  bench.endpoint.requests[0]?.final(200, { headers: ok });
  const [a, b] = bench.endpoint.restored;
  const last = b!.receive("NOTIFY", { headers: [["Subscription-State", "terminated;reason=noresource"]] });
  a!.last("NOTIFY").final(200);
  assert.deepEqual(last.statuses, [200]);
  bench.clock.advance(70_000);
  assert.deepEqual([a!.state, b!.state], ["terminated", "terminated"]);
});

test("a subscription that nobody refreshes ends by itself, a refreshed one goes on", () => {
  const bench = relaying();
  subscribe(bench);
  bench.endpoint.requests[0]?.final(200, { headers: ok });
  const [a, b] = bench.endpoint.restored;
  bench.clock.advance(500_000);
  a!.receive("SUBSCRIBE", { headers: [["Expires", "600"]] });
  b!.last("SUBSCRIBE").final(200);
  bench.clock.advance(500_000);
  assert.equal(b!.state, "confirmed");
  bench.clock.advance(200_000);
  assert.equal(b!.state, "terminated");
});

test("subscriptions count against the limit while they last", () => {
  const bench = new B2buaBench({ policy: { relayOutOfDialog: true }, options: { maxStandalone: 1 } });
  subscribe(bench, [["Expires", "60"]]);
  bench.endpoint.requests[0]?.final(200, { headers: ok });
  assert.equal(subscribe(bench).final?.status, 503);
  bench.clock.advance(130_000);
  assert.deepEqual(subscribe(bench).statuses, []);
});

test("a REFER outside of calls carries its NOTIFYs", () => {
  const bench = relaying();
  subscribe(bench, [["Refer-To", "<sip:carol@192.0.2.30>"]], "REFER");
  bench.endpoint.requests[0]?.final(202, { headers: ok });
  const [a, b] = bench.endpoint.restored;
  b!.receive("NOTIFY", { headers: [["Subscription-State", "terminated"]], body: "SIP/2.0 200 OK" });
  assert.deepEqual(a!.methods(), ["NOTIFY"]);
});
