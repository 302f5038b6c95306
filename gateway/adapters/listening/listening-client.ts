import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Gauge, Metrics } from "../../core/metrics.js";
import { WorkerLink, type LinkFromWorker, type StartWorker } from "../../core/worker-link.js";
import { PacketRing } from "../../media/fork/packet-ring.js";
import type { AnalysisOrder, AudioAnalysis, AudioAnalyzer } from "../../ports/audio-analysis.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { Listening, ListeningUser } from "../../ports/listening.js";
import type { SpeechKeeper } from "../../ports/speech-keeper.js";
import { CallBook, type BookLimits } from "./call-book.js";
import type { FromListener, ListenerStart, ListenerState, Requests, ToListener } from "./messages.js";

export interface ListeningClientOptions<Options> {
  /** Starts the thread, and what it is started with: plain data. */
  readonly thread: StartWorker;
  readonly worker: Options;
  readonly limits: BookLimits;
  /** One analysis, ms. */
  readonly analyzeTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** A worker that says nothing for so long is ended and started again, ms. Default 10,000. */
  readonly silentMs?: number;
}

export interface ListeningClientDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type ListenerSays = Exclude<FromListener, LinkFromWorker<Requests>>;

const SILENT_MS = 10_000;
const LINK = {
  name: "the listening thread",
  codes: { unavailable: "stt.unavailable", busy: "stt.busy", timeout: "stt.timeout" },
  stopTimeoutMs: 3_000,
  restart: { firstMs: 200, mostMs: 60_000, healthyAfterMs: 60_000 },
  maxInFlight: 64,
  maxUnread: 50_000,
} as const;
const METRICS_TIMEOUT_MS = 2_000;

/** The listening side as the main thread has it: a worker thread, everything that it has to know, and what it says. */
export class ListeningClient<Options> implements AudioAnalyzer {
  readonly #options: ListeningClientOptions<Options>;
  readonly #book: CallBook;
  readonly #link: WorkerLink<Requests, ToListener, ListenerSays>;
  readonly #rings: PacketRing[] = [];
  readonly #refused: Counter;
  readonly #restarts: Counter;
  readonly #up: Gauge;
  #user: ListeningUser | undefined;
  #speechKeeper: SpeechKeeper | undefined;
  #state: ListenerState | undefined;

  /** For those who say what is to be heard. */
  readonly listening: Listening;
  /** For those who fork audio. */
  readonly heardStreams: HeardStreams;

  private constructor(options: ListeningClientOptions<Options>, deps: ListeningClientDeps) {
    this.#options = options;
    this.#book = new CallBook(options.limits);
    const { metrics, clock, log } = deps;
    this.#refused = metrics.counter(
      "ringfence_heard_refused_total",
      "Calls and streams that could not be listened to for want of room",
      ["what"],
    );
    this.#restarts = metrics.counter(
      "ringfence_listening_restarts_total",
      "Times the listening thread was started again",
    );
    this.#up = metrics.gauge("ringfence_listening_up", "1 while the listening thread works");
    this.#link = new WorkerLink(
      {
        ...LINK,
        start: options.thread,
        clock,
        log,
        startTimeoutMs: options.startTimeoutMs,
        silentMs: options.silentMs ?? SILENT_MS,
      },
      {
        startData: () => this.#startData(),
        onUp: (again) => this.#onUp(again),
        onDown: () => this.#up.set(0),
        onMessage: (message) => this.#onMessage(message),
      },
    );
    this.listening = this.#listening();
    this.heardStreams = this.#heardStreams();
  }

  /** @throws GatewayError `model.missing`, `model.invalid`, `stt.unavailable`, `config.invalid`: nothing is left running. */
  static async start<Options>(
    options: ListeningClientOptions<Options>,
    deps: ListeningClientDeps,
  ): Promise<ListeningClient<Options>> {
    const client = new ListeningClient(options, deps);
    await client.#link.start();
    return client;
  }

  /** Who is told of lines, verdicts and shed calls; one, from now on. */
  attach(user: ListeningUser): void {
    this.#user = user;
  }

  /** Who keeps what was said, where the worker was started with `keepSpeech`. */
  keepSpeech(keeper: SpeechKeeper): void {
    this.#speechKeeper = keeper;
  }

  /** A new packet ring that the listening thread reads. One writer, for as long as we live. */
  openRing(sizeBytes: number): PacketRing {
    const ring = PacketRing.allocate(sizeBytes);
    this.#rings.push(ring);
    this.#link.post({ kind: "ring", ring: ring.buffer });
    return ring;
  }

  /** The listening thread's registry, for aggregation; empty when it does not answer. */
  async metrics(): Promise<readonly unknown[]> {
    return this.#link.request("metrics", undefined, METRICS_TIMEOUT_MS).catch(() => []);
  }

  analyze(order: AnalysisOrder): Promise<AudioAnalysis> {
    return this.#link.request("analyze", order, this.#options.analyzeTimeoutMs, [order.wav]);
  }

  /** Ends the thread, and with it what it has started. Safe to call twice. */
  async close(): Promise<void> {
    this.#user = undefined;
    this.#up.set(0);
    await this.#link.close();
  }

  #startData(): ListenerStart<Options> {
    const { capacityTalkers: talkers, realTimeFactor } = this.#state ?? {};
    const capacity = talkers === undefined || realTimeFactor === undefined ? undefined : { talkers, realTimeFactor };
    return { options: this.#options.worker, rings: this.#rings.map(({ buffer }) => buffer), capacity };
  }

  #onUp(again: boolean): void {
    this.#up.set(1);
    if (again) this.#restarts.inc();
    for (const message of this.#book.messages()) this.#link.post(message);
    for (const callId of this.#book.takeShed()) this.#user?.onShed(callId, false);
  }

  #onMessage(message: ListenerSays): void {
    this.#book.note(message);
    switch (message.kind) {
      case "ready":
      case "state":
      case "pong":
        this.#state = message.state;
        break;
      case "line":
        this.#user?.onLine(message.line);
        break;
      case "verdict":
        this.#user?.onVerdict(message.callId, message.verdict, message.turns);
        break;
      case "ended":
        this.#user?.onEnded(message.callId);
        break;
      case "shed":
        this.#user?.onShed(message.callId, message.shed);
        break;
      case "speech":
        this.#speechKeeper?.keep(message.piece);
        break;
      case "began":
        break;
    }
  }

  #listening(): Listening {
    const isOk = (): boolean => this.#link.ok && (this.#state?.ok ?? false);
    const inWords = (): string => detailOf(this.#link.state, this.#state);
    return {
      open: (call) => {
        const toHear = this.#book.openCall(call);
        if (toHear === undefined) this.#refused.labels("call").inc();
        else this.#link.post({ kind: "call.open", call: toHear });
      },
      risk: (callId, risk) => {
        if (this.#book.risk(callId, risk)) this.#link.post({ kind: "call.risk", callId, risk });
      },
      close: (callId) => {
        if (this.#book.closeCall(callId)) this.#link.post({ kind: "call.close", callId });
      },
      get ok() {
        return isOk();
      },
      get detail() {
        return inWords();
      },
    };
  }

  #heardStreams(): HeardStreams {
    return {
      open: (stream) => {
        const streamId = this.#book.openStream(stream);
        if (streamId === undefined) this.#refused.labels("stream").inc();
        else this.#link.post({ kind: "stream.open", streamId, stream });
        return streamId;
      },
      change: (streamId, formats) => {
        if (this.#book.changeStream(streamId, formats)) this.#link.post({ kind: "stream.change", streamId, formats });
      },
      close: (streamId) => {
        if (this.#book.closeStream(streamId)) this.#link.post({ kind: "stream.close", streamId });
      },
    };
  }
}

function detailOf(link: string, state: ListenerState | undefined): string {
  if (link !== "up" || state === undefined) return `the listening thread is ${link}`;
  const { recogniser, voiceActivity, capacityTalkers, calls, shedCalls, queueSeconds, ok } = state;
  const capacity = capacityTalkers === undefined ? "capacity not measured" : `room for ${capacityTalkers} talkers`;
  const load = `${calls} calls, ${shedCalls} without transcription, ${queueSeconds.toFixed(1)} s waiting`;
  return `${recogniser}${ok ? "" : " (does not answer)"}, ${voiceActivity}, ${capacity}, ${load}`;
}
