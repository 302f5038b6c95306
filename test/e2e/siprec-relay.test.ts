import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { siprecSend } from "../../gateway/cli/siprec.js";
import { G711 } from "../../gateway/media/g711/g711.js";
import { buildRtpPacket } from "../../gateway/media/rtp/rtp-header.js";
import { parseRtpPacket } from "../support/rtp-packet.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";
import type { MediaReceiver } from "../../gateway/ports/media-receiver.js";
import { temporaryFolder, until } from "../support/processes.js";
import { openRecordingPlace } from "../support/recording-place.js";
import { startRelay } from "../support/relay-scene.js";

const FRAMES = 200;
/** A rising tone: no two frames of it are the same. */
const tone = (hz: number): Float32Array =>
  Float32Array.from(
    { length: 160 * FRAMES },
    (_, i) => 0.4 * Math.sin(2 * Math.PI * ((hz * i) / 8_000 + i * i * 1e-6)),
  );

for (const dialect of ["rfc", "cisco"])
  test(`siprec send as ${dialect} through the real relay: every packet of both sides reaches the ring, a stranger's none`, async (t) => {
    const folder = temporaryFolder("siprec-relay");
    const relay = await startRelay();
    const ports: number[] = [];
    const media: MediaReceiver = {
      receive: async (wanted) => {
        const port = await relay.anchor.receive(wanted);
        ports.push(port.port);
        return port;
      },
    };
    const place = await openRecordingPlace({}, { relay: { media, heard: relay.ears } });
    t.after(async () => {
      await place.close();
      await relay.close();
      folder.remove();
    });
    const file = join(folder.path, "stereo.wav");
    const [left, right] = [tone(440), tone(660)];
    writeFileSync(file, writeWav({ sampleRateHz: 8_000, channels: [left, right] }));
    const options = { caller: "+12025550101", called: "+12025550199", codec: "PCMU", dialect, json: true };
    const lines: string[] = [];
    const sending = siprecSend(
      [file],
      { ...options, to: `sip:127.0.0.1:${place.port}` },
      {
        print: (line) => lines.push(line),
        complain: (line) => lines.push(line),
        signal: new AbortController().signal,
      },
    );
    // Both are locked to their sender by then: what a stranger sends comes too late to be learned.
    await until("both are heard", () => [1, 2].every((id) => relay.ears.under(id).length > 0));
    assert.equal(ports.length, 2);
    const stranger = createSocket("udp4");
    await new Promise<void>((resolve) => stranger.bind(0, "127.0.0.2", resolve));
    const noise = buildRtpPacket(
      { payloadType: 0, marker: false, sequenceNumber: 1, timestamp: 0, ssrc: 7 },
      new Uint8Array(160).fill(0x55),
    );
    for (const port of ports) stranger.send(noise, port, "127.0.0.1");
    assert.equal(await sending, 0, lines.join());
    stranger.close();
    const callId = place.desk.calls[0]?.recordingCallId ?? "";
    for (const [speaker, samples] of [
      ["caller", left],
      [dialect === "cisco" ? "agent" : "callee", right],
    ] as const) {
      const wanted = Buffer.alloc(samples.length);
      new G711("PCMU").encode(samples, wanted);
      const payloads = (): readonly Uint8Array[] =>
        relay.heard(callId, speaker).map((packet) => {
          const read = parseRtpPacket(packet);
          assert.ok(read.ok);
          return read.value.payload;
        });
      const last = wanted.subarray(-160);
      await until(`${speaker} is heard to the end`, () => payloads().some((payload) => last.equals(payload)));
      const heard = Buffer.concat(payloads());
      // Where the offer is ours nobody is heard before the ACK has been read: the first packets may be there earlier, as many as a
      // machine that stood still for a while sends at once.
      assert.ok(heard.byteLength >= (dialect === "cisco" ? 1 : FRAMES) * 160, `${heard.byteLength} bytes`);
      assert.deepEqual(heard, wanted.subarray(wanted.byteLength - heard.byteLength));
    }
  });
