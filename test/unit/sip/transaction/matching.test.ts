import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import { validateRequest } from "../../../../gateway/sip/message/validate-request.js";
import { firstValue } from "../../../../gateway/sip/message/split-values.js";
import { parseVia } from "../../../../gateway/sip/message/via.js";
import { ShardedMap } from "../../../../gateway/sip/transaction/sharded-map.js";
import { mergeKey, serverKey } from "../../../../gateway/sip/transaction/transaction-key.js";
import { stampTopVia } from "../../../../gateway/sip/transaction/via-stamp.js";
import { rawRequest, type RawRequest } from "../../../support/raw-message.js";

const base: RawRequest = { method: "INVITE", via: "192.0.2.9:5060" };

function keysOf(raw: RawRequest, method?: string) {
  const parsed = parseSipMessage(Buffer.from(rawRequest(raw), "latin1"));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  const facts = validateRequest(parsed.value);
  assert.ok(facts.ok);
  return {
    server: serverKey(parsed.value, facts.value, method ?? raw.method),
    merge: mergeKey(parsed.value, facts.value),
  };
}

const differences: readonly { name: string; raw: Partial<RawRequest>; sameTransaction: boolean; old: boolean }[] = [
  { name: "nothing", raw: {}, sameTransaction: true, old: true },
  { name: "another branch", raw: { branch: "z9hG4bKother" }, sameTransaction: false, old: false },
  { name: "another sent-by", raw: { via: "192.0.2.8:5060" }, sameTransaction: false, old: false },
  { name: "another port in sent-by", raw: { via: "192.0.2.9:5070" }, sameTransaction: false, old: false },
  { name: "another Call-ID", raw: { callId: "other" }, sameTransaction: true, old: false },
  { name: "another CSeq number", raw: { cseq: 2 }, sameTransaction: true, old: false },
  { name: "another From tag", raw: { fromTag: "other" }, sameTransaction: true, old: false },
  { name: "another Request-URI", raw: { uri: "sip:x@192.0.2.1" }, sameTransaction: true, old: false },
];
for (const { name, raw, sameTransaction, old } of differences) {
  test(`two INVITEs that differ in ${name} are ${sameTransaction ? "one transaction" : "two"} with the cookie (RFC 3261 §17.2.3)`, () => {
    assert.equal(keysOf({ ...base, ...raw }).server === keysOf(base).server, sameTransaction);
  });
  test(`two INVITEs that differ in ${name} are ${old ? "one transaction" : "two"} by the rules of RFC 2543`, () => {
    const without = { ...base, branch: "1" };
    const other = { ...without, ...raw, branch: raw.branch === undefined ? "1" : "2" };
    assert.equal(keysOf(other).server === keysOf(without).server, old);
  });
}

test("ACK and CANCEL find their INVITE, with and without the cookie", () => {
  for (const branch of ["z9hG4bKx", "1"]) {
    const invite = keysOf({ ...base, branch }).server;
    assert.equal(keysOf({ ...base, branch, method: "CANCEL" }, "INVITE").server, invite);
    assert.equal(keysOf({ ...base, branch, method: "ACK", toTag: "ours" }, "INVITE").server, invite);
    assert.notEqual(keysOf({ ...base, branch, method: "CANCEL" }).server, invite);
  }
});

test("the cookie alone is no branch", () => {
  assert.notEqual(
    keysOf({ ...base, branch: "z9hG4bK", callId: "a" }).server,
    keysOf({ ...base, branch: "z9hG4bK", callId: "b" }).server,
  );
});

test("merged: the same request by another way, not to another target", () => {
  const merge = (raw: Partial<RawRequest>) => keysOf({ ...base, ...raw }).merge === keysOf(base).merge;
  assert.deepEqual(
    [
      merge({ branch: "z9hG4bKy" }),
      merge({ via: "192.0.2.8" }),
      merge({ uri: "sip:x@192.0.2.1" }),
      merge({ cseq: 2 }),
      merge({ callId: "z" }),
    ],
    [true, true, false, false, false],
  );
});

const stamps = [
  {
    name: "nothing to say: the same line",
    line: "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1",
    out: "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1",
  },
  {
    name: "another address: received",
    line: "SIP/2.0/UDP phone.example.com;branch=z9hG4bK1",
    out: "SIP/2.0/UDP phone.example.com;branch=z9hG4bK1;received=192.0.2.9",
  },
  {
    name: "rport asked for: both",
    line: "SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK1",
    out: "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport=5062;received=192.0.2.9",
  },
  {
    name: "forged received and rport are replaced",
    line: "SIP/2.0/UDP 192.0.2.9;received=203.0.113.1;rport=1;branch=z9hG4bK1",
    out: "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport=5062;received=192.0.2.9",
  },
  {
    name: "further values on the line stay",
    line: "SIP/2.0/UDP a.example.com;branch=z9hG4bK1 , SIP/2.0/UDP b;branch=z9hG4bK2",
    out: "SIP/2.0/UDP a.example.com;branch=z9hG4bK1;received=192.0.2.9, SIP/2.0/UDP b;branch=z9hG4bK2",
  },
];
for (const { name, line, out } of stamps) {
  test(`top Via (RFC 3261 §18.2.1, RFC 3581 §4): ${name}`, () => {
    assert.equal(stampTopVia(line, parseVia(firstValue(line))!, "192.0.2.9", 5062), out);
  });
}

test("an IPv6 sent-by in brackets is the same address as without", () => {
  const line = "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1";
  assert.equal(stampTopVia(line, parseVia(line)!, "2001:db8::9", 5060), line);
});

test("a sharded map counts, replaces and forgets like a Map, short and odd keys included", () => {
  const map = new ShardedMap<number>();
  const keys = ["", "a", "ab", "\u00ff", "é", ...Array.from({ length: 2000 }, (_, i) => `key ${i}`)];
  keys.forEach((key, i) => map.set(key, i));
  map.set("a", -1);
  assert.equal(map.size, keys.length);
  assert.equal(map.get("a"), -1);
  assert.equal([...map.values()].length, keys.length);
  for (const key of keys) map.delete(key);
  map.delete("never there");
  assert.equal(map.size, 0);
  assert.equal(map.get("a"), undefined);
});
