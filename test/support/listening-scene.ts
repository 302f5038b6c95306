import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import type { TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import { ListeningClient } from "../../gateway/adapters/listening/listening-client.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { workerAt } from "../../gateway/adapters/system/worker-thread.js";
import { silentLog } from "../../gateway/core/log.js";
import { DEFAULT_LISTENING_OPTIONS } from "../../gateway/pipeline/listening-options.js";
import type { HeardCall } from "../../gateway/ports/listening.js";
import { listeningEntry, type ListeningWorkerOptions } from "../../gateway/workers/listening-options.js";
import type { RecogniserOptions } from "../../gateway/workers/speech-engine.js";
import type { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import { CountingMetrics } from "./counting-metrics.js";
import { until } from "./processes.js";
import { encodeText } from "./modem/encode-tones.js";
import { toSpeechRate } from "./modem/telephone-line.js";
import { PCMU } from "./rtp-stream.js";
import { joined, silence } from "./sounds.js";
import { coded, type RtpVoice } from "./talking.js";

export const MODEM_ENGINE = fileURLToPath(import.meta.resolve("./modem/speech-engine.js"));

export interface SceneOptions {
  readonly recogniser?: RecogniserOptions;
  readonly worker?: Partial<ListeningWorkerOptions>;
  readonly silentMs?: number;
  readonly analyzeTimeoutMs?: number;
}

/** The listening thread as the gateway starts it, with the tone modem as recogniser. */
export class ListeningScene {
  readonly clock = new SystemClock();
  readonly metrics = new CountingMetrics();
  readonly lines: TranscriptLine[] = [];
  readonly verdicts: { readonly callId: string; readonly verdict: TurnVerdict; readonly turns: readonly Turn[] }[] = [];
  readonly shed: string[] = [];
  readonly ended: string[] = [];
  readonly workers: Worker[] = [];
  readonly #options: SceneOptions;
  readonly #onWorker = (worker: Worker): number => this.workers.push(worker);
  client!: ListeningClient<ListeningWorkerOptions>;
  ring!: PacketRing;

  private constructor(options: SceneOptions) {
    this.#options = options;
  }

  static async start(options: SceneOptions = {}): Promise<ListeningScene> {
    const scene = new ListeningScene(options);
    await scene.#start();
    return scene;
  }

  async #start(): Promise<void> {
    const { recogniser, worker, silentMs, analyzeTimeoutMs = 60_000 } = this.#options;
    process.on("worker", this.#onWorker);
    this.client = await ListeningClient.start<ListeningWorkerOptions>(
      {
        thread: workerAt(listeningEntry(), "listening"),
        worker: {
          engine: {
            recogniser: recogniser ?? { kind: "module", path: MODEM_ENGINE, options: {} },
            voiceActivity: { kind: "energy" },
          },
          listening: DEFAULT_LISTENING_OPTIONS,
          capacity: { measure: true, reserve: 0.2 },
          analysis: { maxSeconds: 600, maxJobs: 1, timeoutMs: 50_000 },
          logs: { level: "silent", showNumbers: false, key: randomBytes(32) },
          ...worker,
        },
        limits: { calls: 100, streams: 200 },
        analyzeTimeoutMs,
        startTimeoutMs: 60_000,
        ...(silentMs === undefined ? {} : { silentMs }),
      },
      { clock: this.clock, log: silentLog, metrics: this.metrics },
    );
    this.client.attach({
      onLine: (line) => this.lines.push(line),
      onVerdict: (callId, verdict, turns) => this.verdicts.push({ callId, verdict, turns }),
      onShed: (callId, shed) => this.shed.push(`${shed ? "-" : "+"}${callId}`),
      onEnded: (callId) => this.ended.push(callId),
    });
    this.ring = this.client.openRing(4 * 1024 * 1024);
  }

  call(callId: string): HeardCall {
    const parties = {
      caller: "+12025550101",
      called: "+12025550199",
      trunk: "default",
    } as unknown as HeardCall["parties"];
    return { callId, risk: 0.1, calledSide: "callee", parties };
  }

  /** Opens a call with a speaker on each side. @returns Their numbers. */
  open(callId: string): readonly [caller: number, callee: number] {
    this.client.listening.open(this.call(callId));
    const [caller, callee] = (["caller", "callee"] as const).map((speaker) =>
      this.client.heardStreams.open({ callId, speaker, formats: [PCMU] }),
    );
    if (caller === undefined || callee === undefined) throw new Error("no stream");
    return [caller, callee];
  }

  /** Somebody says it, from `startMs` of his stream on; all at once, each packet with its own time. @returns When it was over. */
  say(streamId: number, voice: RtpVoice, text: string, startedAt: number = this.clock.mono()): number {
    const sound = joined(silence(300), toSpeechRate(encodeText(text)), silence(700));
    let at = startedAt;
    for (const payload of coded(sound, PCMU)) {
      this.ring.write(streamId, at, voice.packet(payload));
      at += 20;
    }
    return at;
  }

  finals(callId: string): readonly string[] {
    return this.lines
      .filter((line) => line.final && line.callId === callId)
      .map(({ speaker, text }) => `${speaker}: ${text}`);
  }

  until(what: string, look: () => boolean): Promise<void> {
    return until(what, look, 60_000);
  }

  async close(): Promise<void> {
    process.off("worker", this.#onWorker);
    await this.client.close();
  }
}
