import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ClientOutcome } from "../../gateway/adapters/siprec-client/siprec-client.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";
import { ringfenceEntry, type GatewayProcess } from "./gateway-process.js";
import { freeUdpPort, startProcess, temporaryFolder, until } from "./processes.js";
import type { RecordingPlace } from "./recording-place.js";
import { runSipp, sippMissing } from "./sipp.js";

/** A gateway that records, as far as these scenarios look at it. */
export interface RecordingTarget {
  readonly sipPort: number;
  readonly sipTcpPort: number;
  /** `ringfence_recordings_total` and its like, summed over labels. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

/** The recording server in this process, with sockets of its own for RTP. */
export function inProcess(place: RecordingPlace): RecordingTarget {
  return {
    sipPort: place.port,
    sipTcpPort: place.tcpPort,
    metric: (name) => {
      place.metrics.scrape();
      const keys = [...place.metrics.values.keys()].filter((key) => key === name || key.startsWith(`${name}{`));
      return Promise.resolve(keys.reduce((sum, key) => sum + place.metrics.get(key), 0));
    },
    close: () => place.close(),
  };
}

/** The production process, `recording.sources` on loopback. */
export function ofProcess(gateway: GatewayProcess): RecordingTarget {
  return {
    sipPort: gateway.sipPort,
    sipTcpPort: Number(gateway.ready.sip.find((name) => name.startsWith("tcp:"))?.replace(/^.*:/, "") ?? 0),
    metric: (name) => gateway.metric(name),
    close: async () => {
      await gateway.stop();
    },
  };
}

/** What recording clients do to a whole gateway. */
export function describeRecordings(name: string, open: () => Promise<RecordingTarget>): void {
  describe(`recording sessions: ${name}`, () => {
    const folder = temporaryFolder("siprec");
    let target: RecordingTarget;
    let stereo = "";

    before(async () => {
      target = await open();
      stereo = join(folder.path, "stereo.wav");
      writeFileSync(stereo, writeWav({ sampleRateHz: 8_000, channels: [tone(440), tone(660)] }));
    });
    after(async () => {
      await target.close();
      folder.remove();
    });

    for (const dialect of ["rfc", "acme", "cisco"])
      test(`siprec send records a file as ${dialect}, and nothing is left`, async () => {
        const before = await target.metric("ringfence_recordings_total");
        const { code, outcome } = await siprecSend(target.sipPort, [stereo, "--dialect", dialect]);
        assert.deepEqual([code, outcome.end, outcome.accepted, outcome.packets], [0, "sent", 2, 50]);
        const sessions = dialect === "cisco" ? 2 : 1;
        assert.equal((await target.metric("ringfence_recordings_total")) - before, sessions);
        await until("the lines are free", async () => (await target.metric("ringfence_recording_lines")) === 0);
      });

    test("siprec send over TCP", async () => {
      const { code, outcome } = await siprecSend(target.sipTcpPort, [stereo], ";transport=tcp");
      assert.equal(code, 0, JSON.stringify(outcome));
    });

    test(
      "SIPp's recording clients: 40 sessions, hold, change, BYE; none fails",
      { skip: sippMissing() ?? false },
      async () => {
        const csv = join(folder.path, "numbers.csv");
        const rows = Array.from({ length: 40 }, (_, i) => `+1202555${1000 + i};+1303555${1000 + i}`);
        writeFileSync(csv, ["SEQUENTIAL", ...rows].join("\n"));
        const before = await target.metric("ringfence_recordings_ended_total");
        const result = await runSipp({
          scenario: "siprec-uac.xml",
          remote: `127.0.0.1:${target.sipPort}`,
          localPort: await freeUdpPort(),
          rate: 20,
          calls: 40,
          holdMs: 200,
          csv,
        });
        assert.equal(result.failed, 0, result.output.slice(-3000));
        assert.equal(result.successful, 40);
        await until(
          "all are over",
          async () => (await target.metric("ringfence_recordings_ended_total")) - before === 40,
        );
        assert.equal(await target.metric("ringfence_recordings_live"), 0);
      },
    );
  });
}

const tone = (hz: number): Float32Array =>
  Float32Array.from({ length: 4_000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * hz * i) / 8_000));

/** The real command in a process of its own. */
async function siprecSend(
  port: number,
  args: readonly string[],
  params = "",
): Promise<{ readonly code: number | null; readonly outcome: Partial<ClientOutcome> }> {
  const running = startProcess(process.execPath, [
    ...ringfenceEntry(),
    "siprec",
    "send",
    ...args,
    "--json",
    "--to",
    `sip:127.0.0.1:${port}${params}`,
  ]);
  const code = await running.exited;
  const line =
    running
      .output()
      .split("\n")
      .find((each) => each.startsWith("{")) ?? "{}";
  assert.notEqual(line, "{}", running.output());
  return { code, outcome: JSON.parse(line) as Partial<ClientOutcome> };
}
