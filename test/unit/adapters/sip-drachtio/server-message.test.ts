import assert from "node:assert/strict";
import { test } from "node:test";
import { readServerMessage } from "../../../../gateway/adapters/sip-drachtio/server-message.js";

const read = (text: string): ReturnType<typeof readServerMessage> => readServerMessage(Buffer.from(text, "latin1"));

function message(text: string): Record<string, unknown> {
  const result = read(text);
  assert.ok(result.ok, "malformed");
  const { sip, ...rest } = { sip: undefined, ...result.value };
  return { ...rest, sip: sip === undefined ? undefined : Buffer.from(sip).toString("latin1") };
}

const SIP = "OPTIONS sip:a SIP/2.0\r\n\r\nbody|#";

test("drachtio messages: a new request has the address that it came to", () => {
  assert.deepEqual(message(`id|sip|network|466|tcp|192.0.2.9|25090|12:33:09.467150|txn-1||192.0.2.1|5060|\r\n${SIP}`), {
    kind: "sip",
    unsolicited: false,
    madeUp: false,
    protocol: "tcp",
    address: "192.0.2.9",
    port: 25090,
    transactionId: "txn-1",
    listener: "tcp:192.0.2.1:5060",
    sip: SIP,
  });
});

const deliveries = [
  { name: "in a dialog", meta: "id|sip|network|312|udp|192.0.2.9|5060|t|txn|c@h;from-tag=x|", listener: "" },
  {
    name: "fields that we do not know",
    meta: "id|sip|network|1|udp|192.0.2.9|5060|t|txn||192.0.2.1|5060|tok|new",
    listener: "udp:192.0.2.1:5060",
  },
  { name: "an ACK without a protocol", meta: "id|sip|network|1||192.0.2.9|5060|t|txn|d|", listener: "" },
];
for (const { name, meta, listener } of deliveries) {
  test(`drachtio messages: ${name}`, () => {
    const { transactionId, protocol, listener: at } = message(`${meta}\r\n${SIP}`);
    assert.deepEqual([transactionId, protocol, at], ["txn", "udp", listener]);
  });
}

test("drachtio messages: a made-up response and a BYE of the server's own are told apart from the network's", () => {
  const madeUp = message(`id|sip|network|0|udp||0|t|txn|d|\r\n${SIP}`);
  assert.deepEqual([madeUp["madeUp"], madeUp["unsolicited"]], [true, false]);
  const own = message(`id|sip|application|327|udp|192.0.2.1|5060|t|unsolicited|d|\r\n${SIP}`);
  assert.deepEqual([own["madeUp"], own["unsolicited"]], [false, true]);
  const named = message(`id|sip|network|327|udp|192.0.2.1|5060|t|unsolicited|d|\r\n${SIP}`);
  assert.equal(named["unsolicited"], false, "only from the server itself");
});

test("drachtio messages: answers to requests and to responses name the transaction", () => {
  const sent = message(`id|response|m1|OK|application|502|udp|192.0.2.1|5060|t|TB|Msg sent:|\r\n${SIP}`);
  assert.deepEqual([sent["to"], sent["ok"], sent["transactionId"], sent["sip"]], ["m1", true, "TB", SIP]);
  const answered = message(`id|response|m2|OK|application|440||192.0.2.9|5060|t|TA|d;from-tag=x||Msg sent:|\r\n${SIP}`);
  assert.equal(answered["transactionId"], "TA");
});

test("drachtio messages: session answers keep their fields, refusals their text", () => {
  const hello = message("id|response|m|OK|udp/192.0.2.1:5060|v0.9.10|udp/192.0.2.1:5060");
  assert.deepEqual(hello["fields"], ["udp/192.0.2.1:5060", "v0.9.10", "udp/192.0.2.1:5060"]);
  for (const no of ["NO", "NOK"]) {
    const refused = message(`id|response|m|${no}|unable to find dialog`);
    assert.deepEqual([refused["ok"], refused["reason"]], [false, "unable to find dialog"]);
  }
});

test("drachtio messages: other types are known as such", () => {
  assert.equal(message(`id|cdr:stop|network|t|normal-release\r\n${SIP}`)["kind"], "other");
});

const malformed = [
  ["no fields", "hello"],
  ["an answer to nothing", "id|response||OK"],
  ["an answer without an outcome", "id|response|m"],
  ["a delivery without a message", "id|sip|network|1|udp|192.0.2.9|5060|t|txn|d|"],
  ["too few fields", `id|sip|network|1|udp|192.0.2.9|5060|t|txn\r\n${SIP}`],
  ["a port that is none", `id|sip|network|1|udp|192.0.2.9|70000|t|txn|d|\r\n${SIP}`],
  ["a transaction id that would break our META", `id|sip|network|1|udp|192.0.2.9|5060|t|a b|d|\r\n${SIP}`],
  ["an empty transaction id", `id|sip|network|1|udp|192.0.2.9|5060|t||d|\r\n${SIP}`],
  ["a transaction id that is too long", `id|sip|network|1|udp|192.0.2.9|5060|t|${"a".repeat(128)}|d|\r\n${SIP}`],
] as const;
for (const [name, text] of malformed) {
  test(`drachtio messages: ${name} is malformed`, () => {
    assert.deepEqual(read(text), { ok: false, error: { code: "drachtio.message" } });
  });
}
