import assert from "node:assert/strict";
import { test } from "node:test";
import { claimOf } from "../../../../gateway/adapters/asterisk-websocket/media-claim.js";
import { readMediaEvent, writeMediaCommand } from "../../../../gateway/adapters/asterisk-websocket/media-events.js";

const START =
  "MEDIA_START connection_id:media1 channel:WebSocket/media1/0x7f1c channel_id:1700000000.3 format:slin16 optimal_frame_size:640 ptime:20";
const START_JSON = JSON.stringify({
  event: "MEDIA_START",
  connection_id: "media1",
  channel: "WebSocket/media1/0x7f1c",
  format: "slin16",
  optimal_frame_size: 640,
  ptime: 20,
  channel_variables: { event: "HANGUP" },
});
const started = { event: "MEDIA_START", format: "slin16", optimalFrameBytes: 640 };

for (const [text, told] of [
  [START, started],
  [START_JSON, started],
  ["MEDIA_XOFF", { event: "MEDIA_XOFF" }],
  ['{"event":"MEDIA_XON","channel_id":"1.2"}', { event: "MEDIA_XON" }],
  ["DTMF_END digit:# channel_id:1.2", { event: "DTMF_END", digit: "#" }],
  ['{"event":"DTMF_END","channel_id":"1.2","digit":"5"}', { event: "DTMF_END", digit: "5" }],
  ["MEDIA_MARK_PROCESSED ringfence-1", { event: "MEDIA_MARK_PROCESSED", id: "ringfence-1" }],
  ['{"event":"MEDIA_MARK_PROCESSED","correlation_id":"x"}', { event: "MEDIA_MARK_PROCESSED", id: "x" }],
  ["MEDIA_BUFFERING_COMPLETED", { event: "MEDIA_BUFFERING_COMPLETED", id: "" }],
  ["QUEUE_DRAINED", { event: "QUEUE_DRAINED" }],
  ["STATUS channel_id:1 queue_length:4 xon_level:800", { event: "STATUS" }],
  ["ERROR channel_id:1.2 error_text:MARK_MEDIA not supported", { event: "ERROR", text: "MARK_MEDIA not supported" }],
  ["DTMF_END digit:12", undefined],
  ["HELLO", undefined],
  ["", undefined],
  ["{", undefined],
  ["[]", undefined],
  ['{"event":["MEDIA_START"]}', undefined],
  [`${START} ${"x".repeat(70_000)}`, undefined],
] as const) {
  test(`event: ${text.slice(0, 60)}`, () => {
    assert.deepEqual(readMediaEvent(text)?.told, told);
    if (told !== undefined) assert.equal(readMediaEvent(text)?.json, text.startsWith("{"));
  });
}

test("commands are plain or JSON, as Asterisk speaks, and not longer than it reads", () => {
  assert.equal(writeMediaCommand({ command: "HANGUP" }, false), "HANGUP");
  assert.equal(writeMediaCommand({ command: "MARK_MEDIA", id: "a-1" }, false), "MARK_MEDIA a-1");
  const json = writeMediaCommand({ command: "MARK_MEDIA", id: "a-1" }, true);
  assert.equal(json, '{"command":"MARK_MEDIA","correlation_id":"a-1"}');
  assert.ok(json.length <= 128);
});

const named = { kind: "named", speaker: "caller", caller: "", called: "", trunk: undefined, language: undefined };
for (const [query, claim] of [
  ["", undefined],
  ["format=slin", undefined],
  ["uuid=40325EC2-5efd-4bd3-805f-53576e581d13", { kind: "uuid", uuid: "40325ec2-5efd-4bd3-805f-53576e581d13" }],
  ["uuid=40325ec2", "bad"],
  ["call=pbx1;1700.2", { ...named, callId: "pbx1;1700.2" }],
  [
    "call=a&speaker=callee&caller=+12025550101&called=%2B12025550102&trunk=t&language=en",
    { callId: "a", speaker: "callee", caller: "+12025550101", called: "+12025550102", trunk: "t", language: "en" },
  ],
  ["call=", "bad"],
  ["call=a&speaker=mallory", "bad"],
  ["call=a&language=english", "bad"],
  ["call=a%0d%0ab", "bad"],
  [`call=${"a".repeat(300)}`, "bad"],
] as const) {
  test(`URI parameters: ${query.slice(0, 50)}`, () => {
    const expected = typeof claim === "object" && "callId" in claim ? { kind: "named", ...claim } : claim;
    assert.deepEqual(claimOf(new URLSearchParams(query)), expected);
  });
}
