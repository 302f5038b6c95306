import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { G711 } from "../../gateway/media/g711/g711.js";
import { startGateway } from "../support/gateway-process.js";
import { encodeText } from "../support/modem/encode-tones.js";
import { modemEngineFile } from "../support/modem/engine-file.js";
import { freeUdpPort, temporaryFolder, until } from "../support/processes.js";
import { rtpengineMissing, startRealRtpengine } from "../support/rtpengine.js";
import { runSipp, sippMissing, startSipp } from "../support/sipp.js";

const SENTENCE = "Good morning, this is the garage. Your car is ready, and you can collect it from four o'clock on.";
/** Long enough for a re-INVITE in its midst. */
const TEXT = [SENTENCE, SENTENCE, SENTENCE].join(" ");
const PACKET_BYTES = 160;
const PACKET_MS = 20;
const CALLS = 3;
/** After the last packet was sent: until its echo has passed, on a machine that stands still for a while too. */
const LINGER_MS = 4_000;
const SILENCE = 0xff;

interface CdrRow {
  readonly media_anchor?: string;
  readonly a_packets?: number;
  readonly a_lost?: number;
  readonly b_packets?: number;
  readonly b_lost?: number;
}

/** G.711 µ-law: silence, then the text as tones up to the end; whole packets. */
function speech(): Uint8Array {
  const samples = encodeText(TEXT);
  const coded = new Uint8Array(samples.length);
  new G711("PCMU").encode(samples, coded);
  const silence = new Uint8Array(50 * PACKET_BYTES).fill(SILENCE);
  const tail = new Uint8Array(PACKET_BYTES - (coded.length % PACKET_BYTES)).fill(SILENCE);
  return Buffer.concat([silence, coded, tail]);
}

const missingFor = (anchor: "relay" | "rtpengine"): string | undefined =>
  sippMissing() ?? (anchor === "rtpengine" ? rtpengineMissing() : undefined);

for (const anchor of ["relay", "rtpengine"] as const) {
  const skip = missingFor(anchor) ?? false;
  test(
    `SIPp speaks through the ${anchor} to a SIPp that echoes: nothing is lost, all of it is heard, a re-INVITE changes nothing`,
    {
      skip,
      timeout: 240_000,
    },
    async (t) => {
      const folder = temporaryFolder("sipp-media");
      t.after(() => folder.remove());
      const spoken = speech();
      const packets = spoken.length / PACKET_BYTES;
      const numbers = join(folder.path, "numbers.csv");
      const rows = Array.from({ length: CALLS }, (_, i) => `+1202555010${i};+1202555015${i}`);
      writeFileSync(numbers, ["SEQUENTIAL", ...rows].join("\n"));
      const rtpengine = anchor === "rtpengine" ? await startRealRtpengine() : undefined;
      t.after(() => rtpengine?.close());
      const echoPort = await freeUdpPort();
      const media = (port: number): string[] => ["-mi", "127.0.0.1", "-mp", String(port)];
      const echo = startSipp({
        scenario: "echoing-uas.xml",
        localPort: echoPort,
        extra: ["-rtp_echo", ...media((await freeUdpPort()) & ~1)],
      });
      t.after(() => echo.stop());
      const gateway = await startGateway({
        sip: { nextHops: [`127.0.0.1:${echoPort}`] },
        defaultTrunk: { media: { anchor, listen: true } },
        media: {
          describeTimeoutMs: 10_000,
          ...(rtpengine === undefined
            ? {}
            : { rtpengine: { instances: [{ host: rtpengine.host, port: rtpengine.port }], timeoutMs: 5_000 } }),
        },
        speech: {
          engine: "module",
          module: { path: await modemEngineFile(folder.path) },
          voiceActivity: { engine: "energy" },
        },
        privacy: { keepTranscripts: true },
      });
      t.after(() => gateway.stop());

      const result = await runSipp({
        scenario: "speaking-uac.xml",
        remote: `127.0.0.1:${gateway.sipPort}`,
        localPort: await freeUdpPort(),
        rate: 1,
        calls: CALLS,
        // From the re-INVITE on: the file and its echo have passed, and the last words become text after the hang-up.
        holdMs: packets * PACKET_MS - 1_500 + LINGER_MS,
        csv: numbers,
        files: { "speech.ulaw": spoken },
        extra: [...media((await freeUdpPort()) & ~1)],
      });
      assert.deepEqual([result.successful, result.failed], [CALLS, 0], result.output.slice(-2_000));

      let cdrs: readonly CdrRow[] = [];
      await until("the CDRs", async () => {
        cdrs = (await gateway.api("/api/v1/cdrs?limit=10")).json as CdrRow[];
        return cdrs.length === CALLS;
      });
      for (const cdr of cdrs) {
        assert.equal(cdr.media_anchor, anchor);
        assert.deepEqual([cdr.a_packets, cdr.b_packets], [packets, packets], "each goes there and comes back");
        assert.deepEqual([cdr.a_lost ?? 0, cdr.b_lost ?? 0], [0, 0]);
      }
      const metric = (name: string) => gateway.metric(`ringfence_media_${name}_total`);
      const both = 2 * CALLS * packets;
      await until("the relay's figures", async () => (await metric("forked_packets")) >= both);
      assert.deepEqual(
        [await metric("packets"), await metric("forked_packets"), await metric("fork_dropped_packets")],
        [both, both, 0],
      );
      const list = async () => (await gateway.api("/api/v1/transcripts")).json as { readonly call_id: string }[];
      await until("the transcripts", async () => (await list()).length === CALLS);
      for (const { call_id: callId } of await list()) {
        const said = async (speaker: string): Promise<string> => {
          const { json } = await gateway.api(`/api/v1/transcripts/${encodeURIComponent(callId)}`);
          const { lines } = json as { readonly lines: readonly { readonly speaker: string; readonly text: string }[] };
          return lines
            .filter((line) => line.speaker === speaker)
            .map(({ text }) => text)
            .join(" ");
        };
        for (const speaker of ["caller", "callee"]) {
          // The last words become text when the machine comes to it, after the hang-up too.
          await until("the last words", async () => (await said(speaker)).length >= TEXT.length).catch(() => undefined);
          assert.equal(await said(speaker), TEXT, `${speaker} in ${callId}`);
        }
      }
    },
  );
}
