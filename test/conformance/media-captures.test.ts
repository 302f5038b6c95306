import assert from "node:assert/strict";
import { test } from "node:test";
import { EventTracker } from "../../gateway/media/dtmf/event-tracker.js";
import { demultiplex } from "../../gateway/media/rtp/demultiplex.js";
import { parseRtpPacket } from "../support/rtp-packet.js";
import { anchorSdp, readAnchorable } from "../../gateway/sip/sdp/anchor-sdp.js";
import { missingCapture, readCapture } from "../support/pcap.js";

// Captures of equipment that nobody here made: what it sent is what we must understand.

const DIGITS = [
  { file: "sipp/dtmf_2833_5.pcap", payloadType: 101, digits: "5", durationMs: 280 },
  { file: "sipp/dtmf_2833_star.pcap", payloadType: 101, digits: "*", durationMs: 280 },
  { file: "sipp/dtmf_2833_pound.pcap", payloadType: 101, digits: "#", durationMs: 280 },
  { file: "asterisk/ulaw-2013785496.pcap", payloadType: 101, digits: "2013785496", durationMs: 200 },
  { file: "asterisk/ulaw-3125894607.pcap", payloadType: 101, digits: "3125894607", durationMs: 200 },
  { file: "sipnab/SIP_DTMF2.cap", payloadType: 96, digits: "6789123", durationMs: 120 },
];
for (const { file, payloadType, digits, durationMs } of DIGITS) {
  test(`${file}: its digits are ${digits}, each once`, { skip: missingCapture(file) ?? false }, () => {
    const told: { digit: string; durationMs: number }[] = [];
    const tracker = new EventTracker((digit, ms) => told.push({ digit, durationMs: ms }));
    for (const { payload, atMs } of readCapture(file)) {
      const packet = demultiplex(payload) === "rtp" ? parseRtpPacket(payload) : undefined;
      if (packet?.ok !== true || packet.value.payloadType !== payloadType) continue;
      const event = packet.value.payload;
      tracker.onPacket(packet.value.timestamp, 8_000, event, 0, event.byteLength, atMs);
    }
    assert.deepEqual(told, Array.from(digits, (digit) => ({ digit, durationMs }))); // prettier-ignore
  });
}

const SIGNALLED = [
  { file: "sipnab/sip-rtp-g711.pcap", codecs: ["PCMU", "PCMA"] },
  { file: "sipnab/sip-rtp-g722.pcap", codecs: ["G722"] },
  { file: "sipnab/SIP_DTMF2.cap", codecs: ["PCMA"] },
];
for (const { file, codecs } of SIGNALLED) {
  test(
    `${file}: its SDP tells where its RTP went, and can be anchored`,
    { skip: missingCapture(file) ?? false },
    () => {
      const datagrams = readCapture(file);
      const went = new Set(datagrams.filter(({ payload }) => demultiplex(payload) === "rtp").map(({ to }) => to));
      let matched = 0;
      for (const { payload } of datagrams) {
        const body = Buffer.from(payload).toString("latin1").indexOf("\r\n\r\nv=0");
        if (body < 0) continue;
        const sdp = readAnchorable(payload.subarray(body + 4));
        assert.ok(sdp.ok, JSON.stringify(sdp));
        assert.equal(sdp.value.untouched, undefined);
        const [stream] = sdp.value.streams;
        assert.ok(stream);
        assert.ok(stream.formats.some((format) => codecs.includes(format.codec)));
        if (went.has(`${stream.address}:${stream.port}`)) matched++;
        const again = readAnchorable(
          anchorSdp(sdp.value, [{ address: "198.51.100.7", rtpPort: 30_000, rtcpPort: 30_001 }]),
        );
        assert.ok(again.ok);
        const [after] = again.value.streams;
        assert.deepEqual([after?.address, after?.port, after?.formats], ["198.51.100.7", 30_000, stream.formats]);
      }
      assert.ok(matched >= 1);
    },
  );
}
