import { PowerSpectrum } from "../../detection/index.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import { monoMs, type MonoMs } from "../core/time.js";
import { CodedLevel } from "../media/decode/coded-level.js";
import type { SpeechDecoder } from "../media/decode/speech-decoder.js";
import type { HeardStream } from "../ports/heard-streams.js";
import type { SpeechKeeper } from "../ports/speech-keeper.js";
import type { Transcriber } from "../ports/transcriber.js";
import type { VoiceActivity } from "../ports/voice-activity.js";
import { AudioBudget } from "./audio-budget.js";
import type { DialogueJudges } from "./dialogue-judge.js";
import { FrameLevel } from "./frame-level.js";
import { HeardFile, type FileOptions } from "./heard-file.js";
import { HeardTalk, type LineRedactor, type TalkDeps, type TalkOptions } from "./heard-talk.js";
import { LeavingSpeakers, type LiveEar } from "./leaving-speakers.js";
import type { ListeningEvents } from "./listening-events.js";
import type { ListeningOptions } from "./listening-options.js";
import { LiveSpeaker } from "./live-speaker.js";
import { LoadShedder } from "./load-shedder.js";
import { SpeakerText } from "./speaker-text.js";
import { SpeechMetrics } from "./speech-metrics.js";
import { SpeechTrack } from "./speech-track.js";
import { StreamTotals } from "./stream-totals.js";
import { TranscriptionDesk } from "./transcription-desk.js";
import { WindowTrust } from "./window-trust.js";

export interface ListeningDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly transcriber: Transcriber;
  readonly voiceActivity: VoiceActivity;
  /** Answers at once, and never fails. */
  readonly ownDetector: VoiceActivity;
  readonly judges: DialogueJudges;
  /** For one call. */
  readonly makeRedactor: () => LineRedactor;
  /** Where the operator wants speech to be kept. */
  readonly speechKeeper?: SpeechKeeper | undefined;
  readonly makeDecoder: () => SpeechDecoder;
  readonly events: ListeningEvents;
}

/** A live call to be listened to. */
export type LiveTalk = Omit<TalkOptions, "isFile">;

interface Ear {
  readonly streamId: number;
  readonly talk: HeardTalk;
  stream: HeardStream;
  /** Made with the first packet; undefined while the call is shed. */
  live: LiveEar | undefined;
}

interface Listened {
  readonly talk: HeardTalk;
  readonly ears: Set<Ear>;
  readonly leaving: LeavingSpeakers;
  /** The call is over; its last words are being waited for until then. */
  endsAt: MonoMs | undefined;
}

/** Who has spoken within the last so many ms takes part in the load. */
const ACTIVE_MS = 10_000;
const SHED_EVERY_MS = 500;
/** Numbers of files' speakers, for detectors: above all live ones. */
const FIRST_FILE_STREAM = 2 ** 40;

/**
 * Everything that is listened to on one thread: packets → order → gate → PCM → stretches → text → turns → verdicts. Holds no socket and no
 * timer but the clock's: the owner hands in packets and calls `tick` every 20 ms or so.
 */
export class ListeningCore {
  readonly #deps: ListeningDeps;
  readonly #options: ListeningOptions;
  readonly #metrics: SpeechMetrics;
  readonly #desk: TranscriptionDesk;
  readonly #shedder: LoadShedder;
  readonly #spectrum = new PowerSpectrum();
  readonly #levels = new CodedLevel();
  readonly #budget: AudioBudget;
  readonly #totals: StreamTotals;
  readonly #windowTrust: WindowTrust;
  readonly #calls = new Map<string, Listened>();
  readonly #ears = new Map<number, Ear>();
  #capacityTalkers: number | undefined;
  #files = 0;
  #shedAt: MonoMs = monoMs(0);

  constructor(deps: ListeningDeps, options: ListeningOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#metrics = new SpeechMetrics(deps.metrics);
    this.#totals = new StreamTotals(this.#metrics);
    this.#desk = new TranscriptionDesk(
      { transcriber: deps.transcriber, clock: deps.clock, metrics: this.#metrics },
      options.desk,
    );
    this.#windowTrust = new WindowTrust(deps.clock);
    this.#shedder = new LoadShedder(options.shed);
    this.#budget = new AudioBudget(options.limits.heldSeconds * 16_000);
    deps.metrics.onScrape(() => this.#gauge());
  }

  get metrics(): SpeechMetrics {
    return this.#metrics;
  }

  get desk(): TranscriptionDesk {
    return this.#desk;
  }

  get heardCalls(): number {
    return this.#calls.size;
  }

  get shedCalls(): number {
    return [...this.#calls.values()].reduce((count, { talk }) => count + (talk.shed ? 1 : 0), 0);
  }

  /** Talkers at a time that the recogniser keeps up with. */
  set capacityTalkers(talkers: number) {
    this.#capacityTalkers = talkers;
    this.#metrics.capacityTalkers.set(talkers);
  }

  /** @returns False: there is no room, or it is open already. */
  openCall(call: LiveTalk): boolean {
    if (this.#calls.has(call.callId) || this.#calls.size >= this.#options.limits.calls) return false;
    const { events } = this.#deps;
    const talk = new HeardTalk({ ...call, isFile: false }, this.#talkDeps(events));
    const leaving = new LeavingSpeakers((error) => this.#fault(error));
    this.#calls.set(call.callId, { talk, ears: new Set(), leaving, endsAt: undefined });
    return true;
  }

  risk(callId: string, risk: number): void {
    const call = this.#calls.get(callId);
    if (call !== undefined) call.talk.signallingRisk = risk;
  }

  /** The call is over. What was said until now still becomes text, for a while. */
  closeCall(callId: string): void {
    const call = this.#calls.get(callId);
    if (call === undefined || call.endsAt !== undefined) return;
    for (const ear of [...call.ears]) this.closeStream(ear.streamId);
    call.endsAt = monoMs(this.#deps.clock.mono() + this.#options.lastWordsMs);
    this.#sweep(call);
  }

  /** @returns False: no such call, no room, or the number is taken. */
  openStream(streamId: number, stream: HeardStream): boolean {
    const call = this.#calls.get(stream.callId);
    if (call === undefined || this.#ears.has(streamId) || this.#ears.size >= this.#options.limits.streams) return false;
    const ear: Ear = { streamId, talk: call.talk, stream, live: undefined };
    call.ears.add(ear);
    this.#ears.set(streamId, ear);
    return true;
  }

  changeStream(streamId: number, formats: HeardStream["formats"]): void {
    const ear = this.#ears.get(streamId);
    if (ear === undefined) return;
    ear.stream = { ...ear.stream, formats };
    ear.live?.speaker.setFormats(formats);
  }

  closeStream(streamId: number): void {
    const ear = this.#ears.get(streamId);
    if (ear === undefined) return;
    const call = this.#calls.get(ear.talk.callId);
    const { live } = ear;
    this.#ears.delete(streamId);
    call?.ears.delete(ear);
    if (live === undefined) return;
    try {
      live.speaker.end();
    } catch (error) {
      this.#lose(ear, error);
      return;
    }
    ear.live = undefined;
    this.#totals.closed(live.speaker);
    call?.leaving.add(live, this.#deps.clock.mono());
  }

  /** As `TakePacket` of the packet ring. @param datagram Not kept. */
  packet(streamId: number, arrivedAtMs: number, datagram: Uint8Array): void {
    const ear = this.#ears.get(streamId);
    if (ear === undefined) {
      this.#metrics.packetsRefused.inc();
      return;
    }
    if (ear.talk.shed) return;
    try {
      ear.live ??= this.#listen(ear, monoMs(arrivedAtMs));
      ear.live.speaker.onPacket(datagram, arrivedAtMs);
    } catch (error) {
      this.#lose(ear, error);
    }
  }

  /** Time goes on: silence is noticed, the load looked at. Every 20 ms or so. */
  tick(): void {
    const now = this.#deps.clock.mono();
    for (const ear of this.#ears.values()) {
      try {
        ear.live?.speaker.advance(now);
      } catch (error) {
        this.#lose(ear, error);
      }
    }
    if (now >= this.#shedAt) {
      this.#shedAt = monoMs(now + SHED_EVERY_MS);
      this.#shed(now);
    }
    for (const call of this.#calls.values()) this.#sweep(call);
  }

  /**
   * A recording, read as if it were a call. `push` it piece by piece while it is not `busy`.
   * @throws GatewayError `stt.language`: no word of it would be understood.
   */
  openFile(options: FileOptions): HeardFile {
    const { onlyLanguage, name } = this.#deps.transcriber;
    const { language = onlyLanguage } = options;
    if (onlyLanguage !== undefined && language !== onlyLanguage)
      throw new GatewayError(
        "stt.language",
        `${name} knows ${onlyLanguage} only, and the language is ${String(language)}`,
      );
    this.#files++;
    const streamId = FIRST_FILE_STREAM + 2 * this.#files;
    const isPacked = this.#options.packing === "windows" && this.#deps.transcriber.tellsTimes && !options.realTime;
    return new HeardFile(options, {
      desk: this.#desk,
      windows: isPacked ? this.#windowTrust : undefined,
      clock: this.#deps.clock,
      metrics: this.#metrics,
      // Every text of a file comes, or that there is none: the order is kept however long that takes.
      talk: new HeardTalk({ ...options, isFile: true }, { ...this.#talkDeps(options), holdMs: Infinity }),
      tailMs: this.#options.segments.tailMs,
      makeTrack: (index, sink) => this.#makeTrack(streamId + index, sink),
    });
  }

  /** What is open is forgotten. The transcriber and the detectors are the owner's. Safe to call twice. */
  close(): void {
    for (const ear of this.#ears.values()) this.#deafen(ear);
    this.#ears.clear();
    for (const { talk, leaving } of this.#calls.values()) {
      leaving.forget();
      talk.close();
    }
    this.#calls.clear();
    this.#desk.close();
  }

  #talkDeps(events: Pick<ListeningEvents, "onLine" | "onVerdict">): TalkDeps {
    const { clock, judges, makeRedactor, speechKeeper } = this.#deps;
    return {
      clock,
      judges,
      makeRedactor,
      speechKeeper,
      metrics: this.#metrics,
      holdMs: this.#options.holdMs,
      onLine: (line) => events.onLine(line),
      onVerdict: (callId, verdict, turns) => events.onVerdict(callId, verdict, turns),
    };
  }

  #makeTrack(streamId: number, sink: ConstructorParameters<typeof SpeechTrack>[0]["sink"]): SpeechTrack {
    const { voiceActivity, ownDetector } = this.#deps;
    return new SpeechTrack({
      streamId,
      segments: this.#options.segments,
      voiceActivity,
      ownDetector,
      steady: this.#options.rejectSteady ? this.#spectrum : undefined,
      budget: this.#budget,
      sink,
      onDetectorFailed: () => this.#metrics.detectorFailed.inc(),
    });
  }

  #listen(ear: Ear, at: MonoMs): NonNullable<Ear["live"]> {
    const { talk, stream, streamId } = ear;
    const { clock, makeDecoder, events } = this.#deps;
    const { segments, gate } = this.#options;
    const isFirst = talk.zeroAt === undefined;
    const zeroMs = talk.begin(at);
    if (isFirst) events.onBegan(talk.callId, zeroMs);
    const text = new SpeakerText({
      speaker: stream.speaker,
      call: talk,
      desk: this.#desk,
      clock,
      metrics: this.#metrics,
      tailMs: segments.tailMs,
    });
    const speaker = new LiveSpeaker(zeroMs, stream.formats, {
      gate,
      leadMs: segments.leadMs,
      level: new FrameLevel(this.#levels),
      decoder: makeDecoder(),
      track: this.#makeTrack(streamId, text),
    });
    return { speaker, text };
  }

  /** A bug that one speaker's audio runs into costs that speaker. */
  #lose(ear: Ear, error: unknown): void {
    this.#fault(error);
    this.#deafen(ear);
    this.#ears.delete(ear.streamId);
    this.#calls.get(ear.talk.callId)?.ears.delete(ear);
  }

  #fault(error: unknown): void {
    this.#metrics.faults.inc();
    this.#deps.log.error("listening.fault", {}, error);
  }

  /** What is open is forgotten; finals that are on their way come all the same. */
  #deafen(ear: Ear): void {
    const { live } = ear;
    if (live === undefined) return;
    ear.live = undefined;
    this.#totals.closed(live.speaker);
    live.text.close();
    live.speaker.close();
  }

  #shed(now: MonoMs): void {
    // A recogniser that is gone takes no less when fewer calls are heard.
    const lagMs = this.#desk.available ? this.#desk.lagMs() : 0;
    const load = { lagMs, talkers: this.#talkers(), capacityTalkers: this.#capacityTalkers };
    const calls = [...this.#calls.values()].map(({ talk, ears }) => {
      const { callId, risk, openedAt, shed } = talk;
      const backlogMs = this.#desk.backlogMs(callId);
      const active =
        backlogMs > 0 || [...ears].some(({ live }) => live !== undefined && live.speaker.spokeSince(now - ACTIVE_MS));
      return { callId, risk, openedAt, shed, backlogMs, active };
    });
    const { shed, restore } = this.#shedder.decide(now, load, calls);
    for (const callId of shed) this.#setShed(callId, true);
    for (const callId of restore) this.#setShed(callId, false);
  }

  #setShed(callId: string, shed: boolean): void {
    const call = this.#calls.get(callId);
    if (call === undefined || call.talk.shed === shed) return;
    call.talk.shed = shed;
    if (shed) {
      this.#metrics.shedTotal.inc();
      for (const ear of call.ears) this.#deafen(ear);
      call.leaving.forget();
      this.#desk.dropCall(callId);
    }
    this.#deps.events.onShed(callId, shed);
  }

  #talkers(): number {
    let talkers = 0;
    for (const { live } of this.#ears.values()) if (live?.speaker.speaking === true) talkers++;
    return talkers;
  }

  /** A call that is over goes when its last words are there, or late. */
  #sweep({ talk, leaving, endsAt }: Listened): void {
    const now = this.#deps.clock.mono();
    leaving.sweep(now);
    if (endsAt === undefined || ((talk.comingLines > 0 || leaving.some) && now < endsAt)) return;
    leaving.forget();
    talk.close();
    this.#desk.dropCall(talk.callId);
    this.#calls.delete(talk.callId);
    this.#deps.events.onEnded(talk.callId);
  }

  #gauge(): void {
    const metrics = this.#metrics;
    metrics.heardCalls.set(this.#calls.size);
    metrics.heardStreams.set(this.#ears.size);
    metrics.shedCalls.set(this.shedCalls);
    metrics.talkers.set(this.#talkers());
    metrics.queueSeconds.set(this.#desk.queueSeconds);
    const live: LiveSpeaker[] = [];
    for (const ear of this.#ears.values()) if (ear.live !== undefined) live.push(ear.live.speaker);
    this.#totals.count(live);
  }
}
