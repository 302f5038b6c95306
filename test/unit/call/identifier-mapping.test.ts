import assert from "node:assert/strict";
import { test } from "node:test";
import { DialogIndex, type IndexedLeg } from "../../../gateway/call/dialog-index.js";
import {
  mapDialogInfo,
  mapJoin,
  mapReferTo,
  mapReplaces,
  mapTargetDialog,
} from "../../../gateway/call/identifier-mapping.js";
import type { SipDialog } from "../../../gateway/ports/sip-endpoint.js";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { bodyText, headerOf } from "../../support/fake-sip-endpoint.js";

const dialog = (callId: string, localTag: string, remoteTag: string): SipDialog =>
  ({ callId, localTag, remoteTag }) as unknown as SipDialog;

/** One call: the caller knows it as c1 (our tag `o`, its tag `a`), the called side as c2 (our tag `p`, its tag `b`). */
function indexOfOneCall(index = new DialogIndex()): DialogIndex {
  const a = { dialog: dialog("c1", "o", "a"), peer: undefined as IndexedLeg | undefined };
  const b = { dialog: dialog("c2", "p", "b"), peer: a };
  a.peer = b;
  index.add(a);
  index.add(b);
  return index;
}

test("Replaces names the far end's dialog, other parameters stay (RFC 3891)", () => {
  const index = indexOfOneCall();
  assert.equal(mapReplaces("c1;to-tag=o;from-tag=a;early-only", index), "c2;to-tag=b;from-tag=p;early-only");
  assert.equal(mapReplaces("c2;from-tag=b;to-tag=p", index), "c1;from-tag=o;to-tag=a", "and the other way round");
});

test("a reference that has been mapped stays: a REFER and the INVITE it leads to may both pass here", () => {
  const index = indexOfOneCall();
  const once = mapReplaces("c1;to-tag=o;from-tag=a", index);
  assert.equal(mapReplaces(once, index), once);
});

test("references to no call of ours, to other tags, or malformed, stay byte for byte", () => {
  const index = indexOfOneCall();
  for (const value of [
    "c9;to-tag=o;from-tag=a",
    "c1;to-tag=o;from-tag=x",
    "c1;to-tag=o",
    "",
    ";;;",
    "c1 ;to-tag=o;from-tag",
  ])
    assert.equal(mapReplaces(value, index), value);
});

test("Join and Target-Dialog are mapped; Target-Dialog in either view (RFC 3911, RFC 4538)", () => {
  const index = indexOfOneCall();
  assert.equal(mapJoin("c1;to-tag=o;from-tag=a", index), "c2;to-tag=b;from-tag=p");
  assert.equal(mapTargetDialog("c1;local-tag=a;remote-tag=o", index), "c2;local-tag=p;remote-tag=b");
  assert.equal(mapTargetDialog("c1;local-tag=o;remote-tag=a", index), "c2;local-tag=b;remote-tag=p");
});

test("the Replaces inside Refer-To is mapped in its escapes, the rest of the value stays (RFC 3515, RFC 5589)", () => {
  const index = indexOfOneCall();
  assert.equal(
    mapReferTo('"C" <sip:c@192.0.2.3;x=y?Subject=a%20b&Replaces=c1%3Bto-tag%3Do%3Bfrom-tag%3Da>;z=1', index),
    '"C" <sip:c@192.0.2.3;x=y?Subject=a%20b&Replaces=c2%3Bto-tag%3Db%3Bfrom-tag%3Dp>;z=1',
  );
  for (const value of ["<sip:c@192.0.2.3>", "<sip:c@192.0.2.3?Replaces=%zz>", "<sip:c?replaces", "?", "<sip:c?a=b&&=>"])
    assert.equal(mapReferTo(value, index), value);
});

test("dialog-info: call-id and tags become those of the watcher's side, everything else stays (RFC 4235)", () => {
  const index = indexOfOneCall();
  const xml = (id: string): string =>
    `<?xml version="1.0"?><dialog-info version="1"><dialog id="d1" ${id} direction="initiator">` +
    `<state>confirmed</state></dialog><dialog id="x" call-id="other" local-tag="b" remote-tag="p"/></dialog-info>`;
  const mapped = mapDialogInfo(Buffer.from(xml(`call-id="c2" local-tag='b' remote-tag="p"`)), index);
  assert.equal(bodyText(mapped), xml(`call-id="c1" local-tag='o' remote-tag="a"`));
  const foreign = Buffer.from(xml(`call-id="c2" local-tag="b" remote-tag="q"`));
  assert.equal(bodyText(mapDialogInfo(foreign, index)), bodyText(foreign));
});

test("dialog-info with a namespace prefix and escaped attributes", () => {
  const index = new DialogIndex();
  const a = { dialog: dialog("c<1>", "o", "a"), peer: undefined as IndexedLeg | undefined };
  const b = { dialog: dialog("c&2", "p", "b"), peer: a };
  a.peer = b;
  index.add(a);
  index.add(b);
  const body = Buffer.from(`<di:dialog call-id="c&amp;2" local-tag="b" remote-tag="p"/>`);
  assert.equal(bodyText(mapDialogInfo(body, index)), `<di:dialog call-id="c&lt;1&gt;" local-tag="o" remote-tag="a"/>`);
});

test("hostile bodies and values neither throw nor take more than one pass", () => {
  const index = indexOfOneCall();
  for (const body of [
    "<dialog",
    "<dialog ",
    "dialog".repeat(10_000),
    '<dialog call-id="',
    "<".repeat(10_000),
    "\xff\x00",
  ])
    assert.equal(bodyText(mapDialogInfo(Buffer.from(body, "latin1"), index)), body);
  assert.equal(mapReferTo(`<sip:x?${"Replaces=%3B&".repeat(1_000)}>`, index).length, 8 + 13_000);
});

test("a call that passes the gateway twice: the reference is followed to the far end", () => {
  const index = new DialogIndex();
  // First pass: A <-o/a-> gateway <-p/b-> X; second pass: X's leg is again with us, as (our tag b, tag p).
  const a1 = { dialog: dialog("c", "o", "a"), peer: undefined as IndexedLeg | undefined };
  const b1 = { dialog: dialog("c", "a", "o2"), peer: a1 };
  a1.peer = b1;
  const a2 = { dialog: dialog("c", "o2", "a"), peer: undefined as IndexedLeg | undefined };
  const b2 = { dialog: dialog("c", "a", "bob"), peer: a2 };
  a2.peer = b2;
  for (const leg of [a1, b1, a2, b2]) index.add(leg);
  assert.equal(mapReplaces("c;to-tag=o;from-tag=a", index), "c;to-tag=bob;from-tag=a");
});

test("the index forgets ended calls, and one tag takes at most 16 legs", () => {
  const index = new DialogIndex();
  const legs = Array.from({ length: 20 }, (_, n) => ({ dialog: dialog(`c${n}`, "same", "a"), peer: undefined }));
  for (const leg of legs) index.add(leg);
  assert.equal(index.find({ callId: "c15", ours: "same", theirs: "a" }), legs[15]);
  assert.equal(index.find({ callId: "c16", ours: "same", theirs: "a" }), undefined);
  for (const leg of legs) index.remove(leg);
  assert.equal(index.size, 0);
});

test("attended transfer: a REFER's Replaces and the INVITE it leads to name the target's own dialog, hidden or not", () => {
  for (const topologyHiding of [false, true]) {
    const bench = new B2buaBench({ policy: { topologyHiding } });
    const toBob = bench.answered([], "bob");
    const toCarol = bench.answered([], "carol");
    const named = `${toCarol.a.callId};to-tag=${toCarol.a.localTag};from-tag=${toCarol.a.remoteTag}`;
    toBob.a.receive("REFER", { headers: [["Refer-To", `<sip:carol@x?Replaces=${encodeURIComponent(named)}>`]] });
    const referTo = headerOf(toBob.b.last("REFER").spec, "Refer-To") ?? "";
    const seenByCarol = `${toCarol.b.callId};to-tag=carol;from-tag=${toCarol.b.localTag}`;
    assert.equal(decodeURIComponent(referTo), `<sip:carol@x?Replaces=${seenByCarol}>`);
    bench.invite([["Replaces", seenByCarol]]);
    assert.equal(headerOf(bench.out.spec, "Replaces"), seenByCarol, "mapped once, whichever message passes us");
    bench.invite([["Replaces", named]]);
    assert.equal(headerOf(bench.out.spec, "Replaces"), seenByCarol, "a REFER that went another way");
  }
});

test("a call that is over is no longer named", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const named = `${a.callId};to-tag=${a.localTag};from-tag=${a.remoteTag}`;
  a.receive("BYE");
  b.last("BYE").final(200);
  bench.invite([["Replaces", named]]);
  assert.equal(headerOf(bench.out.spec, "Replaces"), named);
});

test("a dialog-info body in a NOTIFY is mapped; with qop=auth-int over it the request is refused with a reason", () => {
  const bench = new B2buaBench();
  const { a, b } = bench.answered();
  const xml = (of: typeof a, local: string, remote: string): string =>
    `<dialog-info><dialog call-id="${of.callId}" local-tag="${local}" remote-tag="${remote}"/></dialog-info>`;
  const body = xml(b, b.remoteTag, b.localTag);
  const type: [string, string] = ["Content-Type", "application/dialog-info+xml"];
  b.receive("NOTIFY", { headers: [type], body });
  assert.equal(bodyText(a.last("NOTIFY").spec.body), xml(a, a.localTag, a.remoteTag));
  const digest: [string, string] = ["Authorization", 'Digest username="b", qop=auth-int, nc=00000001'];
  const covered = b.receive("NOTIFY", { headers: [type, digest], body });
  assert.equal(covered.final?.status, 403);
  assert.match(headerOf(covered.final, "Warning") ?? "", /auth-int/);
  const untouched = b.receive("NOTIFY", { headers: [type, digest], body: "<dialog-info/>" });
  assert.deepEqual(untouched.statuses, [], "a body that is not rewritten passes with its digest");
});
