import assert from "node:assert/strict";
import { test } from "node:test";
import type { PayloadFormat } from "../../../../gateway/media/audio.js";
import { parseCryptoAttribute, sdesKeyBytes } from "../../../../gateway/sip/sdp/crypto-attribute.js";
import { mediaStreamsOf, type MediaStream } from "../../../../gateway/sip/sdp/media-streams.js";
import { parseSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";

function streams(...lines: string[]): readonly MediaStream[] {
  const text = ["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", ...lines].map((line) => `${line}\r\n`).join("");
  const session = parseSdp(text);
  assert.ok(session.ok, JSON.stringify(session));
  return mediaStreamsOf(session.value);
}
function only(...lines: string[]): MediaStream {
  const [stream, more] = streams(...lines);
  assert.ok(stream !== undefined && more === undefined);
  return stream;
}

test("streams: a whole description", () => {
  const [audio, video, fax] = streams(
    "c=IN IP4 192.0.2.1",
    "t=0 0",
    "a=sendonly",
    "m=audio 40000 RTP/AVP 9 0 101 18 13",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=label:1",
    "m=video 40002 RTP/AVPF 96",
    "c=IN IP6 2001:db8::1",
    "a=recvonly",
    "a=rtcp-mux",
    "a=mid:v",
    "m=image 0 udptl t38",
  );
  assert.deepEqual(audio, {
    index: 0,
    kind: "audio",
    protocol: "RTP/AVP",
    isRtp: true,
    active: true,
    address: "192.0.2.1",
    addressIsZero: false,
    port: 40_000,
    rtcpAddress: "192.0.2.1",
    rtcpPort: 40_001,
    rtcpMux: false,
    direction: "sendonly",
    held: true,
    formats: [
      { payloadType: 9, codec: "G722", clockRateHz: 8000, channels: 1 },
      { payloadType: 0, codec: "PCMU", clockRateHz: 8000, channels: 1 },
      { payloadType: 101, codec: "telephone-event", clockRateHz: 8000, channels: 1, parameters: "0-15" },
      { payloadType: 13, codec: "CN", clockRateHz: 8000, channels: 1 },
    ],
    unheard: ["G729"],
    ptimeMs: 20,
    keying: "none",
    crypto: [],
    ice: false,
    label: "1",
    mid: undefined,
  });
  assert.deepEqual(
    [video?.address, video?.port, video?.rtcpMux, video?.direction, video?.held, video?.unheard, video?.mid],
    ["2001:db8::1", 40_002, true, "recvonly", false, ["96"], "v"],
  );
  assert.deepEqual([fax?.isRtp, fax?.active, fax?.formats], [false, false, []]);
});

const FORMATS: readonly { name: string; lines: readonly string[]; formats: readonly string[]; unheard?: readonly string[] }[] = [
  { name: "static ones need no rtpmap (RFC 3551 table 4)", lines: ["m=audio 4 RTP/AVP 0 8 9 10 11 13 3"], formats: ["0 PCMU 8000 1", "8 PCMA 8000 1", "9 G722 8000 1", "10 L16 44100 2", "11 L16 44100 1", "13 CN 8000 1"], unheard: ["GSM"] },
  { name: "opus", lines: ["m=audio 4 RTP/AVP 111", "a=rtpmap:111 OPUS/48000/2", "a=fmtp:111 useinbandfec=1;minptime=10"], formats: ["111 opus 48000 2 useinbandfec=1;minptime=10"] },
  { name: "names in any case", lines: ["m=audio 4 RTP/AVP 96 97", "a=rtpmap:96 pcma/8000", "a=rtpmap:97 TELEPHONE-EVENT/16000"], formats: ["96 PCMA 8000 1", "97 telephone-event 16000 1"] },
  { name: "an rtpmap counts before the table", lines: ["m=audio 4 RTP/AVP 0", "a=rtpmap:0 AMR/8000"], formats: [], unheard: ["AMR"] },
  { name: "the first rtpmap counts", lines: ["m=audio 4 RTP/AVP 96", "a=rtpmap:96 PCMU/8000", "a=rtpmap:96 PCMA/8000"], formats: ["96 PCMU 8000 1"] },
  { name: "nonsense is left out", lines: ["m=audio 4 RTP/AVP 0 0 x 128 -1 1000", "a=rtpmap:x PCMU/8000"], formats: ["0 PCMU 8000 1"] },
  { name: "a clock of 0, too slow, too fast, too many channels", lines: ["m=audio 4 RTP/AVP 96 97 98 99", "a=rtpmap:96 L16/0", "a=rtpmap:99 L16/1999", "a=rtpmap:97 L16/999999", "a=rtpmap:98 L16/8000/99"], formats: [], unheard: ["L16", "L16", "L16", "L16"] },
  { name: "an rtpmap without clock", lines: ["m=audio 4 RTP/AVP 96", "a=rtpmap:96 L16"], formats: [], unheard: ["L16"] },
  { name: "a payload type that nobody explains", lines: ["m=audio 4 RTP/AVP 96"], formats: [], unheard: ["96"] },
]; // prettier-ignore
for (const { name, lines, formats, unheard } of FORMATS) {
  test(`payload formats: ${name}`, () => {
    const stream = only("c=IN IP4 192.0.2.1", ...lines);
    const text = (f: PayloadFormat): string =>
      [f.payloadType, f.codec, f.clockRateHz, f.channels, ...(f.parameters === undefined ? [] : [f.parameters])].join(
        " ",
      );
    assert.deepEqual([stream.formats.map(text), stream.unheard], [formats, unheard ?? []]);
  });
}

test("streams: where RTCP goes (RFC 3605)", () => {
  const rtcp = (...lines: string[]): unknown => {
    const stream = only("c=IN IP4 192.0.2.1", "m=audio 65535 RTP/AVP 0", ...lines);
    return [stream.rtcpAddress, stream.rtcpPort];
  };
  assert.deepEqual(rtcp(), ["192.0.2.1", 0], "there is no port after the last");
  assert.deepEqual(rtcp("a=rtcp:53020"), ["192.0.2.1", 53_020]);
  assert.deepEqual(rtcp("a=rtcp:53020 IN IP6 2001:db8::2"), ["2001:db8::2", 53_020]);
  assert.deepEqual(rtcp("a=rtcp:53020 IN IP4 host.example"), ["192.0.2.1", 53_020]);
  assert.deepEqual(rtcp("a=rtcp:99999"), ["192.0.2.1", 0]);
});

test("streams: the protocols that are RTP over UDP", () => {
  const isRtp = (protocol: string): boolean => only("c=IN IP4 192.0.2.1", `m=audio 4 ${protocol} 0`).isRtp;
  for (const yes of ["RTP/AVP", "rtp/avp", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF", "UDP/RTP/AVP"]) assert.ok(isRtp(yes), yes);
  for (const no of ["udptl", "TCP/RTP/AVP", "RTP/AVP/TCP", "TCP/MSRP", "UDP", "RTP", "DTLS/SCTP", "XRTP/AVP"]) assert.ok(!isRtp(no), no);
}); // prettier-ignore

test("streams: how keys are agreed", () => {
  const keying = (protocol: string, ...lines: string[]): string =>
    only("c=IN IP4 192.0.2.1", `m=audio 4 ${protocol} 0`, ...lines).keying;
  const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`;
  assert.equal(keying("RTP/AVP"), "none");
  assert.equal(keying("RTP/SAVP", crypto), "sdes");
  assert.equal(keying("RTP/AVP", crypto), "sdes", "opportunistic, RFC 8643");
  assert.equal(keying("RTP/SAVP"), "unknown");
  assert.equal(keying("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short"), "unknown");
  assert.equal(keying("UDP/TLS/RTP/SAVP", "a=fingerprint:sha-1 AB"), "dtls");
});

test("streams: a name is no address", () => {
  const stream = only("c=IN IP4 pbx.example.com", "m=audio 4 RTP/AVP 0");
  assert.deepEqual([stream.address, stream.rtcpAddress, stream.addressIsZero], [undefined, undefined, false]);
});

const CRYPTO: readonly { value: string; outcome: string }[] = [
  { value: `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`, outcome: `1 ${KEY} - 1` },
  { value: `999999999 AES_CM_128_HMAC_SHA1_32 inline:${KEY}|2^31|1:4 UNENCRYPTED_SRTCP`, outcome: `999999999 ${KEY} 1:4 1` },
  { value: `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:32`, outcome: `1 ${KEY} 1:32 1` },
  { value: `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1048576;inline:${KEY}|2^20`, outcome: `1 ${KEY} - 2` },
  { value: "1 X_OF_TOMORROW inline:AAAA", outcome: "1 AAAA - 1" },
  { value: "1 AEAD_AES_256_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=", outcome: "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis= - 1" },
  { value: "", outcome: "crypto.syntax" },
  { value: "1", outcome: "crypto.syntax" },
  { value: `01 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`, outcome: "crypto.syntax" },
  { value: `1a AES_CM_128_HMAC_SHA1_80 inline:${KEY}`, outcome: "crypto.syntax" },
  { value: `1 AES_CM_128_HMAC_SHA1_80 ${KEY}`, outcome: "crypto.syntax" },
  { value: "1 AES_CM_128_HMAC_SHA1_80 ;", outcome: "crypto.syntax" },
  { value: "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", outcome: "crypto.key" },
  { value: "1 AES_CM_128_HMAC_SHA1_80 inline:InvalidBase64@@@###", outcome: "crypto.key" },
  { value: `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^x`, outcome: "crypto.parameters" },
  { value: `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:0`, outcome: "crypto.parameters" },
]; // prettier-ignore
for (const { value, outcome } of CRYPTO) {
  test(`a=crypto:${value}`, () => {
    const read = parseCryptoAttribute(value);
    if (!read.ok) {
      assert.equal(read.error.code, outcome);
      return;
    }
    const { tag, keySalt, mki, keys } = read.value;
    assert.equal(`${tag} ${keySalt} ${mki === undefined ? "-" : `${mki.value}:${mki.lengthBytes}`} ${keys}`, outcome);
  });
}

test("a=crypto: key lengths of suites, in the RFC's and the older spelling", () => {
  assert.deepEqual(
    ["AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", "AES_CM_256_HMAC_SHA1_80", "AEAD_AES_128_GCM", "?"].map(
      sdesKeyBytes,
    ),
    [30, 46, 46, 28, undefined],
  );
});
