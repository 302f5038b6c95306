import assert from "node:assert/strict";
import { test } from "node:test";
import { B2buaBench } from "../../support/b2bua-bench.js";
import { encryptionOf } from "../../../gateway/call/media/call-encryption.js";
import { SipHeaders } from "../../../gateway/sip/message/sip-headers.js";
import type { SipResponse } from "../../../gateway/sip/message/sip-message.js";

const SESSION = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
const KEYS = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
const FINGERPRINT = "a=fingerprint:sha-256 AA:BB\r\n";
const media = (kind: string, port: number, protocol: string, more = ""): string =>
  `m=${kind} ${port} ${protocol} 0\r\n${more}`;
const SDES = SESSION + media("audio", 4_000, "RTP/SAVP", KEYS);

const cases: readonly {
  name: string;
  sdp: string;
  caller?: "udp" | "tls";
  called?: string;
  encrypted: boolean | undefined;
}[] = [
  { name: "SRTP, keys over TLS on both legs", sdp: SDES, caller: "tls", called: "TLS", encrypted: true },
  { name: "SRTP, keys in the clear towards the caller", sdp: SDES, called: "TLS", encrypted: false },
  { name: "SRTP, keys in the clear towards the called side", sdp: SDES, caller: "tls", encrypted: false },
  { name: "plain RTP under TLS", sdp: SESSION + media("audio", 4_000, "RTP/AVP"), caller: "tls", encrypted: false },
  {
    name: "DTLS-SRTP, whatever carries the signalling",
    sdp: SESSION + media("audio", 9, "UDP/TLS/RTP/SAVPF", FINGERPRINT),
    encrypted: true,
  },
  {
    name: "speech kept, pictures not",
    sdp: SESSION + media("audio", 9, "UDP/TLS/RTP/SAVPF") + media("video", 4_002, "RTP/AVP"),
    encrypted: false,
  },
  {
    name: "plain RTP that was refused does not count",
    sdp: SESSION + media("audio", 9, "UDP/TLS/RTP/SAVPF", FINGERPRINT) + media("video", 0, "RTP/AVP"),
    encrypted: true,
  },
  { name: "opportunistic keys", sdp: SESSION + media("audio", 4_000, "RTP/AVP", KEYS), encrypted: undefined },
  { name: "SRTP by keys that nobody can read", sdp: SESSION + media("audio", 4_000, "RTP/SAVP"), encrypted: undefined },
  { name: "no media", sdp: SESSION, encrypted: undefined },
  { name: "no description", sdp: "", encrypted: undefined },
];

const answer = (sdp: string, via: string): SipResponse => ({
  kind: "response",
  status: 200,
  reason: "OK",
  headers: SipHeaders.of([
    ["Via", `SIP/2.0/${via} 192.0.2.1;branch=z9hG4bKa`],
    ["Content-Type", "application/sdp"],
  ]),
  body: Buffer.from(sdp),
});
for (const { name, sdp, caller = "udp", called = "UDP", encrypted } of cases) {
  test(`encrypted call: ${name}: ${String(encrypted)}`, () => {
    assert.equal(encryptionOf(answer(sdp, called), caller), encrypted);
  });
}

const answers: readonly { name: string; body: string; offer: string; encrypted: boolean | undefined }[] = [
  { name: "plain", body: SESSION + media("audio", 4_000, "RTP/AVP"), offer: "offer", encrypted: false },
  {
    name: "DTLS-SRTP",
    body: SESSION + media("audio", 9, "UDP/TLS/RTP/SAVPF", FINGERPRINT),
    offer: "offer",
    encrypted: true,
  },
  { name: "an offer of the called side's", body: SDES, offer: "", encrypted: undefined },
];
for (const { name, body, offer, encrypted } of answers) {
  test(`the CDR of a call says whether it was encrypted: ${name}: ${String(encrypted)}`, () => {
    const bench = new B2buaBench();
    const invite = bench.invite([], offer);
    const b = bench.out.answer({ tag: "bob", body, headers: [["Content-Type", "application/sdp"]] });
    invite.ack();
    invite.dialog()!.receive("BYE");
    b.last("BYE").final(200);
    assert.equal(bench.cdr.encrypted, encrypted);
  });
}
