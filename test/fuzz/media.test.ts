import assert from "node:assert/strict";
import { test } from "node:test";
import { Outflow } from "../../gateway/adapters/rtp-relay/outflow.js";
import { shiftReports } from "../../gateway/adapters/rtp-relay/shift-reports.js";
import type { PayloadFormat } from "../../gateway/media/audio.js";
import { parseComfortNoise } from "../../gateway/media/comfort-noise/comfort-noise.js";
import { pureDecoders } from "../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../gateway/media/decode/speech-decoder.js";
import { EventTracker } from "../../gateway/media/dtmf/event-tracker.js";
import { JitterBuffer } from "../../gateway/media/jitter/jitter-buffer.js";
import { isOpusPacket } from "../../gateway/media/opus/opus-packet.js";
import { demultiplex } from "../../gateway/media/rtp/demultiplex.js";
import { ReceiveStatistics } from "../../gateway/media/rtp/receive-statistics.js";
import { buildRtpPacket, RtpHeader } from "../../gateway/media/rtp/rtp-header.js";
import { mixedDown, readWav } from "../../gateway/media/wav/read-wav.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";
import { anchorSdp, readAnchorable } from "../../gateway/sip/sdp/anchor-sdp.js";
import type { MediaStream } from "../../gateway/sip/sdp/media-streams.js";
import { buildRtcp } from "../support/build-rtcp.js";
import { parseRtcp } from "../support/parse-rtcp.js";
import type { RtcpPacket } from "../support/rtcp-packet.js";
import { parseRtpPacket } from "../support/rtp-packet.js";
import { CN, EVENT, G722, OPUS, PCMA, PCMU } from "../support/rtp-stream.js";
import { mutateSip } from "../support/mutate-sip.js";
import { SeededRandom } from "../support/seeded-random.js";
import { listCases, readCase } from "../support/torture-cases.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 3550);
const SEEDS = "pjsip-fuzz-seeds";
const seedsOf = (end: RegExp): Uint8Array[] =>
  listCases(SEEDS)
    .filter((name) => end.test(name))
    .map((name) => new Uint8Array(readCase(name)));

/** Some bytes changed, cut, doubled, or put in front. */
function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let copy: Uint8Array = bytes.slice();
  for (let i = 1 + random.below(6); i > 0; i--) {
    const at = random.below(copy.length + 1);
    switch (random.below(4)) {
      case 0:
        if (at < copy.length) copy[at] = random.below(256);
        break;
      case 1:
        if (at < copy.length) copy[at] = [0, 1, 127, 128, 254, 255][random.below(6)]!;
        break;
      case 2:
        copy = copy.slice(0, at);
        break;
      default:
        copy = new Uint8Array(Buffer.concat([copy.subarray(0, at), copy.subarray(random.below(at + 1), at + 8)]));
    }
  }
  return copy;
}
const noise = (random: SeededRandom, most: number): Uint8Array =>
  Uint8Array.from({ length: random.below(most) }, () => random.below(256));

/** Runs `once` on many inputs; a failure names the input. Returns how often each outcome was seen. */
function fuzz(
  times: number,
  seeds: readonly Uint8Array[],
  once: (bytes: Uint8Array, random: SeededRandom) => string,
): Map<string, number> {
  const random = new SeededRandom(SEED);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    const bytes = i % 4 === 0 ? noise(random, 400) : mutate(seeds[i % seeds.length]!, random);
    // Of this process's own work: the machine may stand still.
    const begin = process.cpuUsage().user;
    try {
      const outcome = once(bytes, random);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`input ${i} of seed ${SEED}, base64: ${Buffer.from(bytes).toString("base64")}`, { cause });
    }
    assert.ok(process.cpuUsage().user - begin < 5_000_000, `input ${i} of seed ${SEED} took too long`);
  }
  return outcomes;
}

test("fuzz: RTP headers", () => {
  const seeds = [
    buildRtpPacket({ payloadType: 0, marker: false, sequenceNumber: 1, timestamp: 160, ssrc: 1 }, new Uint8Array(160)),
    Uint8Array.of(0xb2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7, 7, 0, 0, 0, 4),
    ...seedsOf(/\.rtp$/),
  ]; // prettier-ignore
  const header = new RtpHeader();
  const outcomes = fuzz(60_000, seeds, (bytes) => {
    demultiplex(bytes);
    const packet = parseRtpPacket(bytes);
    assert.equal(header.read(bytes), packet.ok ? undefined : packet.error.code);
    if (!packet.ok) return packet.error.code;
    const { payloadStart: start, payloadEnd: end } = header;
    assert.ok(start >= 12 && start <= end && end <= bytes.byteLength);
    assert.equal(packet.value.payload.byteLength, end - start);
    return "packet";
  });
  assert.deepEqual([...outcomes.keys()].sort(), ["packet", "rtp.padding", "rtp.truncated", "rtp.version"]);
});

test("fuzz: reports are made to fit a shifted stream, whatever else stays as it is", () => {
  const report = {
    ssrc: 1,
    fractionLost: 1,
    cumulativeLost: -1,
    extendedHighestSequence: 2,
    jitterTicks: 3,
    lastSr: 4,
    delaySinceLastSr: 5,
  };
  const ours = buildRtcp([
    { kind: "sr", ssrc: 1, ntpSeconds: 2, ntpFraction: 3, rtpTimestamp: 4, packetCount: 5, octetCount: 6, reports: [report] },
    { kind: "sdes", chunks: [{ ssrc: 1, items: [{ type: 1, value: Uint8Array.of(65, 66) }] }] },
    { kind: "bye", ssrcs: [1], reason: Uint8Array.of(66) },
  ]); // prettier-ignore
  const theirs = seedsOf(/\.rtcp$|rtcp-.*\.bin$/);
  const seeds = [...theirs, ...theirs.map(() => ours), ours];
  const flow = shiftedFlow();
  const outcomes = fuzz(60_000, seeds, (bytes) => {
    const packet = bytes.slice();
    shiftReports(packet, flow, flow);
    const [before, after] = [parseRtcp(bytes), parseRtcp(packet)];
    if (!before.ok) {
      assert.equal(after.ok ? "read" : after.error.code, before.error.code);
      return before.error.code;
    }
    assert.ok(after.ok);
    assert.deepEqual(after.value, before.value.map((each) => shifted(each, flow))); // prettier-ignore
    return Buffer.compare(bytes, packet) === 0 ? "as it was" : "shifted";
  });
  for (const outcome of ["shifted", "as it was"])
    assert.ok((outcomes.get(outcome) ?? 0) > 1_000, JSON.stringify([...outcomes]));
  for (const code of ["rtcp.truncated", "rtcp.version", "rtcp.padding"]) assert.ok(outcomes.has(code), code);
});

/** As after a prompt: source 1 leaves with other numbers than it came with. */
function shiftedFlow(): Outflow {
  const flow = new Outflow(() => 0.5);
  const header = new RtpHeader();
  const fields = { payloadType: 0, marker: false, sequenceNumber: 7, timestamp: 1_000, ssrc: 1 };
  header.read(buildRtpPacket(fields, new Uint8Array(160)));
  flow.pass(header, 0, 8_000);
  for (const atMs of [20, 40, 60]) flow.next(atMs, 160, 8_000);
  header.read(buildRtpPacket({ ...fields, sequenceNumber: 8, timestamp: 1_160 }, new Uint8Array(160)));
  flow.pass(header, 80, 8_000);
  assert.ok(flow.isShifted);
  return flow;
}

function shifted(packet: RtcpPacket, flow: Outflow): RtcpPacket {
  if (packet.kind !== "sr" && packet.kind !== "rr") return packet;
  const reports = packet.reports.map((report) => ({
    ...report,
    extendedHighestSequence: (report.extendedHighestSequence - flow.sequenceShiftOf(report.ssrc)) >>> 0,
  }));
  if (packet.kind === "rr") return { ...packet, reports };
  return { ...packet, rtpTimestamp: (packet.rtpTimestamp + flow.timestampShiftOf(packet.ssrc)) >>> 0, reports };
}

const SDP = [
  "v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "a=group:BUNDLE a", "m=audio 40000 RTP/AVP 0 8 111 101", "a=rtpmap:111 opus/48000/2",
  "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=rtcp:40001 IN IP4 192.0.2.1", "a=candidate:1 1 UDP 1 192.0.2.1 40000 typ host", "a=ice-ufrag:x",
  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^20|1:4", "a=sendonly", "m=video 40002 RTP/SAVPF 96", "c=IN IP6 2001:db8::1", "a=rtcp-mux",
  "m=image 40004 udptl t38", "",
].join("\r\n"); // prettier-ignore

test("fuzz: SDP is refused, left alone, or comes out readable with our addresses and without ICE", () => {
  const seeds = [Buffer.from(SDP), ...seedsOf(/\.sdp$/).map((bytes) => Buffer.from(bytes))];
  const random = new SeededRandom(SEED);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const bytes = mutateSip(i % 2 === 0 ? seeds[0]! : seeds[i % seeds.length]!, random, seeds);
    try {
      const outcome = anchorOnce(bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`description ${i} of seed ${SEED}, base64: ${bytes.toString("base64")}`, { cause });
    }
  }
  assert.ok((outcomes.get("anchored") ?? 0) > 1_000, JSON.stringify([...outcomes]));
  for (const outcome of ["malformed", "no-audio", "sdp.line", "sdp.media"]) assert.ok(outcomes.has(outcome), outcome);
});

function anchorOnce(bytes: Uint8Array): string {
  const read = readAnchorable(bytes);
  if (!read.ok) return read.error.code;
  const { streams, untouched } = read.value;
  for (const stream of streams) assert.ok(stream.formats.length + stream.unheard.length <= 128);
  if (untouched !== undefined) return untouched;
  const places = streams.map((_, i) => ({
    address: "198.51.100.7",
    rtpPort: 30_000 + 2 * i,
    rtcpPort: 30_001 + 2 * i,
  }));
  const again = readAnchorable(anchorSdp(read.value, places));
  assert.ok(again.ok, "what we write is a description");
  assert.equal(again.value.streams.length, streams.length);
  for (const [i, stream] of streams.entries()) {
    const after: MediaStream = again.value.streams[i]!;
    if (!stream.isRtp || !stream.active) {
      assert.deepEqual([after.port, after.address], [stream.port, stream.active ? stream.address : after.address]);
      continue;
    }
    assert.equal(after.port, 30_000 + 2 * i);
    assert.equal(after.address, stream.addressIsZero ? stream.address : "198.51.100.7");
    assert.ok(!after.ice);
    assert.deepEqual([after.formats, after.crypto, after.direction, after.held], [stream.formats, stream.crypto, stream.direction, stream.held]); // prettier-ignore
  }
  return "anchored";
}

test("fuzz: WAV files are refused with a code or give samples, never more than the file has bytes", () => {
  const channel = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
  const seeds = (["pcm16", "pcmu", "pcma", "float32"] as const).map((coding) =>
    writeWav({ sampleRateHz: 8_000, channels: [channel, channel], coding }),
  );
  const outcomes = fuzz(20_000, seeds, (bytes) => {
    const read = readWav(bytes);
    if (!read.ok) return read.error.code;
    const { channels } = read.value;
    assert.ok(channels.reduce((sum, { length }) => sum + length, 0) <= bytes.byteLength);
    assert.ok(mixedDown(read.value).samples.every((x) => Math.abs(x) <= 1));
    return "read";
  });
  assert.ok((outcomes.get("read") ?? 0) > 1_000);
  for (const code of ["wav.not-wav", "wav.truncated", "wav.format", "wav.coding", "wav.empty"]) {
    assert.ok(outcomes.has(code), `${code} in ${JSON.stringify([...outcomes])}`);
  }
});

test("fuzz: events, comfort noise, opus framing", () => {
  let digits = 0;
  const tracker = new EventTracker((digit, durationMs) => {
    digits++;
    assert.ok(/^[0-9*#A-D]$/.test(digit) && durationMs >= 0);
  });
  fuzz(60_000, [Uint8Array.of(1, 0x8a, 1, 64)], (bytes, random) => {
    const from = Math.min(bytes.length, random.below(4));
    tracker.onPacket(random.below(2 ** 32), 8_000, bytes, from, bytes.length, 0);
    const parameters = parseComfortNoise(bytes, from);
    assert.ok(parameters === undefined || (parameters.levelDbov <= 0 && parameters.reflection.length <= 12));
    return isOpusPacket(bytes, from, bytes.length) ? "opus" : "none";
  });
  assert.ok(digits > 1_000);
});

test("fuzz: the jitter buffer and the decoders behind it, fed by a hostile sender", () => {
  const L16: PayloadFormat = { payloadType: 11, codec: "L16", clockRateHz: 44_100, channels: 2 };
  const formats = [PCMU, PCMA, G722, CN, EVENT, OPUS, L16];
  const buffer = new JitterBuffer(0, formats);
  const decoder = new SpeechDecoders(pureDecoders()).open();
  const statistics = new ReceiveStatistics();
  const header = new RtpHeader();
  const random = new SeededRandom(SEED);
  let [now, frames, gapMs, sequence, timestamp] = [0, 0, 0, 0, 0];
  const sink = {
    frame: (frame: Parameters<typeof decoder.decode>[0]): void => {
      frames++;
      assert.ok(Number.isFinite(frame.atMs) && frame.durationMs >= 0 && frame.to > frame.from);
      const samples = decoder.decode(frame);
      assert.ok(samples.length <= 8_192 && samples.every((x) => Math.abs(x) < 3));
    },
    gap: (atMs: number, durationMs: number, lost: boolean): void => {
      assert.ok(Number.isFinite(atMs) && durationMs > 0);
      gapMs += durationMs;
      decoder.fill(Math.min(durationMs, 40), lost);
    },
    restart: (): void => decoder.restart(),
  };
  const PACKETS = 40_000;
  for (let i = 0; i < PACKETS; i++) {
    const wild = random.below(100);
    now += wild < 3 ? random.below(5_000) : random.below(40);
    sequence += wild < 10 ? random.below(70_000) : random.below(3);
    timestamp += wild < 10 ? random.below(2 ** 32) : 160;
    const fields = {
      payloadType: wild < 60 ? 0 : random.below(128),
      marker: random.below(2) === 0,
      sequenceNumber: sequence & 0xffff,
      timestamp: timestamp >>> 0,
      ssrc: random.below(50) === 0 ? random.below(2 ** 32) : 1 + (i >> 13),
    };
    const packet =
      wild < 20
        ? mutate(buildRtpPacket(fields, noise(random, 300)), random)
        : buildRtpPacket(fields, noise(random, 400));
    buffer.onPacket(packet, now, sink);
    if (header.read(packet) === undefined) {
      statistics.onPacket(header.ssrc, header.sequenceNumber, header.timestamp, 8_000, now, packet.byteLength);
    }
    if (wild % 5 === 0) buffer.advance(now + random.below(30), sink);
    assert.ok(buffer.waitMs >= 60 && buffer.waitMs <= 200);
  }
  buffer.flush(sink);
  assert.ok(frames > PACKETS / 20 && frames <= PACKETS, `${frames}`);
  assert.ok(
    gapMs > 0 && Number.isFinite(statistics.jitterMs) && statistics.lost >= 0 && statistics.lost <= statistics.expected,
  );
  assert.equal(buffer.received + buffer.refused, PACKETS);
});
