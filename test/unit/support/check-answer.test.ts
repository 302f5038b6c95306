import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAnswer } from "../../support/check-answer.js";
import { parseSdp } from "../../../gateway/sip/sdp/parse-sdp.js";
import type { SessionDescription } from "../../../gateway/sip/sdp/session-description.js";

function sdp(media: readonly string[]): SessionDescription {
  const result = parseSdp(
    ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...media, ""].join("\r\n"),
  );
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}
const AUDIO = "m=audio 4000 RTP/AVP 0";
const VIDEO = "m=video 4002 RTP/AVP 96";

const ANSWERS = [
  { name: "the same lines", offer: [AUDIO, VIDEO], answer: [AUDIO, VIDEO], code: undefined },
  {
    name: "a stream refused with port 0",
    offer: [AUDIO, VIDEO],
    answer: [AUDIO, "m=video 0 RTP/AVP 96"],
    code: undefined,
  },
  {
    name: "a refused stream may say any direction",
    offer: [AUDIO, "a=sendonly"],
    answer: ["m=audio 0 RTP/AVP 0", "a=sendonly"],
    code: undefined,
  },
  { name: "protocol in other capitals", offer: [AUDIO], answer: ["m=audio 1 rtp/avp 0"], code: undefined },
  { name: "a line less", offer: [AUDIO, VIDEO], answer: [AUDIO], code: "sdp.media-count" },
  { name: "a line more", offer: [AUDIO], answer: [AUDIO, VIDEO], code: "sdp.media-count" },
  { name: "lines exchanged", offer: [AUDIO, VIDEO], answer: [VIDEO, AUDIO], code: "sdp.media-kind" },
  { name: "another protocol", offer: [AUDIO], answer: ["m=audio 1 RTP/SAVP 0"], code: "sdp.media-kind" },
  { name: "a dead stream revived", offer: ["m=audio 0 RTP/AVP 0"], answer: [AUDIO], code: "sdp.media-revived" },
  { name: "sendonly to sendonly", offer: [AUDIO, "a=sendonly"], answer: [AUDIO, "a=sendonly"], code: "sdp.direction" },
  { name: "sendrecv (unsaid) to recvonly", offer: [AUDIO, "a=recvonly"], answer: [AUDIO], code: "sdp.direction" },
  { name: "recvonly to sendonly", offer: [AUDIO, "a=sendonly"], answer: [AUDIO, "a=recvonly"], code: undefined },
  { name: "inactive to anything", offer: [AUDIO], answer: [AUDIO, "a=inactive"], code: undefined },
] as const;
for (const { name, offer, answer, code } of ANSWERS) {
  test(`answer: ${name} (RFC 3264 §6)`, () => assert.equal(checkAnswer(sdp(offer), sdp(answer))?.code, code));
}
