import { builtInWeights, Redactor, ThreatClassifier } from "../../detection/index.js";
import type { FromListener, ListenerStart, ListenerState, ToListener } from "../adapters/listening/messages.js";
import { PrometheusMetrics } from "../adapters/metrics-prometheus/prometheus-metrics.js";
import { OpusDecoders } from "../adapters/opus/opus-decoders.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { EnergyVoiceActivity } from "../adapters/voice-activity-energy/energy-voice-activity.js";
import { countedLog } from "../core/counted-log.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { monoMs } from "../core/time.js";
import { TimeLimit } from "../core/time-limit.js";
import { pureDecoders } from "../media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../media/decode/speech-decoder.js";
import { PacketRing } from "../media/fork/packet-ring.js";
import { analyzeAudio } from "../pipeline/analyze-audio.js";
import { measureCapacity, type Capacity } from "../pipeline/capacity.js";
import { ListeningCore } from "../pipeline/listening-core.js";
import type { AnalysisOrder, AudioAnalysis } from "../ports/audio-analysis.js";
import type { SpeechPiece } from "../ports/speech-keeper.js";
import type { ListeningWorkerOptions } from "./listening-options.js";
import { openSpeechEngine, type SpeechEngine } from "./speech-engine.js";

const READ_EVERY_MS = 5;
const TICK_EVERY_MS = 20;
/** Packets a ring gives at a time, so that one full ring does not keep the others and the messages waiting. */
const MOST_PACKETS = 1_500;
const CAPACITY_TIMEOUT_MS = 120_000;

interface Parts {
  readonly start: ListenerStart<ListeningWorkerOptions>;
  readonly engine: SpeechEngine;
  readonly opus: OpusDecoders;
  readonly clock: SystemClock;
  readonly metrics: PrometheusMetrics;
  readonly log: Log;
  readonly post: (message: FromListener, transfer?: readonly ArrayBuffer[]) => void;
}

/** Rings, pipeline, recogniser and detector, joined. Runs in the listening thread. */
export class ListeningService {
  readonly #parts: Parts;
  readonly #core: ListeningCore;
  readonly #rings: { readonly ring: PacketRing; told: number }[] = [];
  readonly #take: (streamId: number, arrivedAtMs: number, packet: Uint8Array) => void;
  readonly #closing = new AbortController();
  #capacity: Capacity | undefined;
  #analyses = 0;
  #nextTickMs = 0;
  #cancelLoop: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /** @throws GatewayError `model.missing`, `model.invalid`, `config.invalid`: nothing is left running. */
  static async start(
    start: ListenerStart<ListeningWorkerOptions>,
    plainLog: Log,
    post: Parts["post"],
  ): Promise<ListeningService> {
    const clock = new SystemClock();
    const metrics = new PrometheusMetrics();
    const log = countedLog(plainLog, metrics);
    const most = start.options.listening.limits.streams;
    const opus = await OpusDecoders.start({ most, onFailed: (error) => log.error("listening.opus", {}, error) });
    try {
      const engine = await openSpeechEngine(start.options.engine, { clock, log });
      return new ListeningService({ start, engine, opus, clock, metrics, log, post });
    } catch (error) {
      opus.close();
      throw error;
    }
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
    const { start, engine, opus, clock, metrics, log, post } = parts;
    const decoders = new SpeechDecoders(opus.creator(pureDecoders()));
    const { listening } = start.options;
    this.#core = new ListeningCore(
      {
        clock,
        metrics,
        log,
        transcriber: engine.transcriber,
        voiceActivity: engine.voiceActivity,
        ownDetector: new EnergyVoiceActivity(),
        judges: new ThreatClassifier(builtInWeights()),
        makeRedactor: () => new Redactor({ phones: start.options.redactPhones === true }),
        speechKeeper: start.options.keepSpeech === true ? { keep: (piece) => this.#keep(piece) } : undefined,
        makeDecoder: () => decoders.open(),
        events: {
          onLine: (line) => post({ kind: "line", line }),
          onVerdict: (callId, verdict, turns) => post({ kind: "verdict", callId, verdict, turns }),
          onEnded: (callId) => post({ kind: "ended", callId }),
          onShed: (callId, shed) => post({ kind: "shed", callId, shed }),
          onBegan: (callId, at) => post({ kind: "began", callId, at }),
        },
      },
      { ...listening, rejectSteady: engine.rejectTones ?? listening.rejectSteady },
    );
    this.#take = (streamId, arrivedAtMs, packet) => this.#core.packet(streamId, arrivedAtMs, packet);
    for (const ring of start.rings) this.#addRing(ring);
    metrics.onScrape(() => this.#countDropped());
    this.#setCapacity(start.capacity);
    this.#loop();
  }

  get state(): ListenerState {
    const { engine } = this.#parts;
    return {
      recogniser: engine.transcriber.name,
      voiceActivity: engine.voiceActivity.name,
      capacityTalkers: this.#capacity?.talkers,
      realTimeFactor: this.#capacity?.realTimeFactor,
      calls: this.#core.heardCalls,
      shedCalls: this.#core.shedCalls,
      queueSeconds: this.#core.desk.queueSeconds,
      ok: this.#core.desk.available,
    };
  }

  /** Finds out how much speech the recogniser keeps up with; a recogniser that cannot do that now is asked again with the next start. */
  async measureCapacity(): Promise<void> {
    const { start, engine, clock, log, post } = this.#parts;
    const { measure, reserve } = start.options.capacity;
    if (!measure || this.#capacity !== undefined) return;
    const limit = new TimeLimit(CAPACITY_TIMEOUT_MS, this.#closing.signal);
    try {
      const capacity = await measureCapacity(engine.transcriber, clock, reserve, limit.signal);
      this.#setCapacity(capacity);
      log.info("listening.capacity", { ...capacity });
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      log.warn("listening.capacity-unknown", { reason: error instanceof GatewayError ? error.code : "unknown" });
      return;
    } finally {
      limit.end();
    }
    post({ kind: "state", state: this.state });
  }

  accept(message: ToListener): void {
    switch (message.kind) {
      case "call.open":
        this.#openCall(message.call);
        break;
      case "call.risk":
        this.#core.risk(message.callId, message.risk);
        break;
      case "call.close":
        this.#core.closeCall(message.callId);
        break;
      case "stream.open":
        this.#core.openStream(message.streamId, message.stream);
        break;
      case "stream.change":
        this.#core.changeStream(message.streamId, message.formats);
        break;
      case "stream.close":
        // What it has sent until now is still in a ring.
        this.#read();
        this.#core.closeStream(message.streamId);
        break;
      case "ring":
        this.#addRing(message.ring);
        break;
      case "request":
        void this.#serve(message);
        break;
      case "ping":
        this.#parts.post({ kind: "pong", state: this.state });
        break;
      case "stop":
        break;
    }
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelLoop?.();
    this.#closing.abort(new GatewayError("stt.unavailable", "the listening thread is being closed"));
    this.#core.close();
    await this.#parts.engine.close();
    this.#parts.opus.close();
  }

  #keep(piece: SpeechPiece): void {
    this.#parts.post({ kind: "speech", piece }, [piece.samples.buffer as ArrayBuffer]);
  }

  #openCall({ resumed, ...call }: Extract<ToListener, { kind: "call.open" }>["call"]): void {
    const { zeroAt } = resumed ?? {};
    const before =
      resumed === undefined
        ? {}
        : { resumed: { ...resumed, zeroAt: zeroAt === undefined ? undefined : monoMs(zeroAt) } };
    this.#core.openCall({ ...call, ...before });
  }

  #setCapacity(capacity: Capacity | undefined): void {
    this.#capacity = capacity;
    if (capacity !== undefined) this.#core.capacityTalkers = capacity.talkers;
  }

  #addRing(buffer: SharedArrayBuffer): void {
    if (this.#rings.some(({ ring }) => ring.buffer === buffer)) return;
    const ring = new PacketRing(buffer);
    this.#rings.push({ ring, told: ring.dropped });
  }

  #loop(): void {
    const { clock } = this.#parts;
    const now = clock.mono();
    this.#read();
    if (now >= this.#nextTickMs) {
      this.#nextTickMs = now + TICK_EVERY_MS;
      this.#core.tick();
    }
    this.#cancelLoop = clock.callAt(monoMs(now + READ_EVERY_MS), () => this.#loop());
  }

  #read(): void {
    for (const { ring } of this.#rings) ring.read(MOST_PACKETS, this.#take);
  }

  #countDropped(): void {
    for (const each of this.#rings) {
      const dropped = each.ring.dropped;
      this.#core.metrics.forkDropped.inc((dropped - each.told) >>> 0);
      each.told = dropped;
    }
  }

  async #serve(request: Extract<ToListener, { kind: "request" }>): Promise<void> {
    const { post, metrics, log } = this.#parts;
    const { id } = request;
    try {
      const value = request.name === "metrics" ? await metrics.toJson() : await this.#analyze(request.args);
      post({ kind: "answer", id, value });
    } catch (error) {
      if (!(error instanceof GatewayError)) log.error("listening.request-failed", { name: request.name }, error);
      const failed = error instanceof GatewayError ? error : new GatewayError("stt.unavailable", "the analysis failed");
      post({ kind: "refusal", id, code: failed.code, message: failed.message });
    }
  }

  async #analyze({ wav, speakers, language }: AnalysisOrder): Promise<AudioAnalysis> {
    const { start, engine, clock } = this.#parts;
    const { maxSeconds, maxJobs, timeoutMs } = start.options.analysis;
    if (this.#analyses >= maxJobs)
      throw new GatewayError("stt.busy", `${maxJobs} recordings are being analysed already`);
    this.#analyses++;
    const limit = new TimeLimit(timeoutMs, this.#closing.signal);
    try {
      return await analyzeAudio(
        new Uint8Array(wav),
        {
          maxSeconds,
          ...(speakers === undefined ? {} : { speakers }),
          ...(language === undefined ? {} : { language }),
        },
        { core: this.#core, clock, recogniser: engine.transcriber.name, voiceActivity: engine.voiceActivity.name },
        limit.signal,
      );
    } catch (error) {
      if (!limit.reached) throw error;
      throw new GatewayError("stt.timeout", `the recording could not be analysed in ${timeoutMs} ms`, { cause: error });
    } finally {
      limit.end();
      this.#analyses--;
    }
  }
}
