import assert from "node:assert/strict";
import { test } from "node:test";
import { asteriskCallId, readAsteriskCallId } from "../../../gateway/core/asterisk-call-id.js";
import { isCallId } from "../../../gateway/sip/message/header-values.js";

test("asterisk call ids: read back as they were made, whatever the unique id is", () => {
  for (const uniqueId of ["1700000000.12", "pbx-1700000000.12", "a;b", "=;"]) {
    assert.deepEqual(readAsteriskCallId(asteriskCallId("pbx-1.a_b", uniqueId)), { serverId: "pbx-1.a_b", uniqueId });
  }
});

test("asterisk call ids: no Call-ID of a SIP message is one", () => {
  assert.equal(isCallId(asteriskCallId("asterisk", "1700000000.12")), false);
  for (const callId of ["abc@host", "", ";", "x;", ";x"]) assert.equal(readAsteriskCallId(callId), undefined, callId);
});
