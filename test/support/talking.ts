import type { Speaker, TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import { EnergyVoiceActivity } from "../../gateway/adapters/voice-activity-energy/energy-voice-activity.js";
import { silentLog } from "../../gateway/core/log.js";
import { monoMs, type MonoMs } from "../../gateway/core/time.js";
import type { PayloadFormat } from "../../gateway/media/audio.js";
import { pureDecoders } from "../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../gateway/media/decode/speech-decoder.js";
import { G711 } from "../../gateway/media/g711/g711.js";
import { G722Encoder } from "../../gateway/media/g722/g722-encoder.js";
import { resampleAll } from "../../gateway/media/resample/resampler.js";
import { buildRtpPacket } from "../../gateway/media/rtp/rtp-header.js";
import { ListeningCore, type ListeningDeps } from "../../gateway/pipeline/listening-core.js";
import { DEFAULT_LISTENING_OPTIONS, type ListeningOptions } from "../../gateway/pipeline/listening-options.js";
import type { Transcriber } from "../../gateway/ports/transcriber.js";
import type { VoiceActivity } from "../../gateway/ports/voice-activity.js";
import { CountingMetrics } from "./counting-metrics.js";
import { FakeClock } from "./fake-clock.js";
import { FakeTranscriber, turnsOfLoop, WordJudge } from "./fake-speech.js";
import { G722, PCMA, PCMU } from "./rtp-stream.js";

const LAWS = { PCMU: new G711("PCMU"), PCMA: new G711("PCMA") };

/** 16 kHz → payloads of 20 ms. */
export function coded(samples: Float32Array, format: PayloadFormat): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  if (format.codec === "G722") {
    const encoder = new G722Encoder();
    for (let at = 0; at + 320 <= samples.length; at += 320) {
      const payload = new Uint8Array(160);
      encoder.encode(samples.subarray(at, at + 320), payload);
      payloads.push(payload);
    }
    return payloads;
  }
  if (format.codec !== "PCMU" && format.codec !== "PCMA") throw new Error(`no encoder for ${format.codec}`);
  const narrow = resampleAll({ sampleRateHz: 16_000, samples }, 8_000)?.samples ?? new Float32Array(0);
  for (let at = 0; at + 160 <= narrow.length; at += 160) {
    const payload = new Uint8Array(160);
    LAWS[format.codec].encode(narrow.subarray(at, at + 160), payload);
    payloads.push(payload);
  }
  return payloads;
}

/** One speaker's RTP sender. */
export class RtpVoice {
  format: PayloadFormat;
  ssrc = 1;
  #sequence = 100;
  #timestamp = 5_000;

  constructor(format: PayloadFormat = PCMU) {
    this.format = format;
  }

  packet(payload: Uint8Array): Uint8Array {
    const { payloadType } = this.format;
    const fields = {
      payloadType,
      marker: false,
      ssrc: this.ssrc,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
    };
    this.pass(1);
    return buildRtpPacket(fields, payload);
  }

  /** So many packets go by that are not sent: they count as lost. */
  pass(count: number): void {
    this.#sequence += count;
    this.#timestamp += 160 * count;
  }

  /** A pause of the sender: time goes by, numbers do not. */
  pause(ms: number): void {
    this.#timestamp += 8 * ms;
  }
}

export interface TalkingOptions {
  readonly transcriber?: Transcriber;
  readonly voiceActivity?: VoiceActivity;
  readonly options?: Partial<ListeningOptions>;
  readonly makeRedactor?: ListeningDeps["makeRedactor"];
  readonly makeDecoder?: ListeningDeps["makeDecoder"];
  readonly speechKeeper?: ListeningDeps["speechKeeper"];
}

const nothingRedacted: ReturnType<ListeningDeps["makeRedactor"]> = {
  add: ({ text }) => ({ text, spans: [], revised: [], open: false }),
  preview: ({ text }) => ({ text, spans: [] }),
  isOpen: () => false,
};

/** What a core told. */
export interface Told {
  readonly lines: TranscriptLine[];
  readonly verdicts: { readonly callId: string; readonly verdict: TurnVerdict; readonly turns: readonly Turn[] }[];
  readonly shed: string[];
  readonly ended: string[];
  readonly began: { readonly callId: string; readonly at: MonoMs }[];
}

/** A listening core on a clock that the test moves, with calls whose speakers talk. */
export class TalkingScene {
  readonly clock = new FakeClock();
  readonly metrics = new CountingMetrics();
  readonly transcriber = new FakeTranscriber();
  readonly judges = new WordJudge();
  readonly told: Told = { lines: [], verdicts: [], shed: [], ended: [], began: [] };
  readonly core: ListeningCore;

  constructor({ transcriber, voiceActivity, options, makeRedactor, makeDecoder, speechKeeper }: TalkingOptions = {}) {
    const decoders = new SpeechDecoders(pureDecoders());
    const { told } = this;
    this.core = new ListeningCore(
      {
        clock: this.clock,
        metrics: this.metrics,
        log: silentLog,
        transcriber: transcriber ?? this.transcriber,
        voiceActivity: voiceActivity ?? new EnergyVoiceActivity(),
        ownDetector: new EnergyVoiceActivity(),
        judges: this.judges,
        makeRedactor: makeRedactor ?? (() => nothingRedacted),
        speechKeeper,
        makeDecoder: makeDecoder ?? (() => decoders.open()),
        events: {
          onLine: (line) => told.lines.push(line),
          onVerdict: (callId, verdict, turns) => told.verdicts.push({ callId, verdict, turns }),
          onShed: (callId, shed) => told.shed.push(`${shed ? "-" : "+"}${callId}`),
          onEnded: (callId) => told.ended.push(callId),
          onBegan: (callId, at) => told.began.push({ callId, at }),
        },
      },
      { ...DEFAULT_LISTENING_OPTIONS, ...options },
    );
  }

  /** Opens a call with its speakers' streams, numbered from `firstStream` on. */
  call(
    callId: string,
    firstStream: number,
    { risk = 0, speakers = ["caller", "callee"] as readonly Speaker[] } = {},
  ): void {
    this.core.openCall({ callId, risk, calledSide: "callee" });
    for (const [index, speaker] of speakers.entries()) {
      this.core.openStream(firstStream + index, { callId, speaker, formats: [PCMU, PCMA, G722] });
    }
  }

  get finals(): readonly TranscriptLine[] {
    return this.told.lines.filter((line) => line.final);
  }

  /** 20 ms go by; each of these packets comes at their end. */
  async step(packets: readonly (readonly [streamId: number, packet: Uint8Array])[] = []): Promise<void> {
    this.clock.advance(20);
    for (const [streamId, packet] of packets) this.core.packet(streamId, this.clock.mono(), packet);
    this.core.tick();
    await turnsOfLoop(1);
  }

  /** Several speakers at once, each from now on; lasts as long as the longest. @param loses Packet `n` of a stream does not come. */
  async talk(
    sounds: readonly { readonly streamId: number; readonly voice: RtpVoice; readonly sound: Float32Array }[],
    loses: (streamId: number, n: number) => boolean = () => false,
  ): Promise<void> {
    const senders = sounds.map(({ streamId, voice, sound }) => ({
      streamId,
      voice,
      payloads: coded(sound, voice.format),
    }));
    const steps = Math.max(...senders.map(({ payloads }) => payloads.length));
    for (let n = 0; n < steps; n++) {
      const packets: [number, Uint8Array][] = [];
      for (const { streamId, voice, payloads } of senders) {
        const payload = payloads[n];
        if (payload === undefined) continue;
        const packet = voice.packet(payload);
        if (!loses(streamId, n)) packets.push([streamId, packet]);
      }
      await this.step(packets);
    }
  }

  /** Nothing comes. */
  async quiet(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 20) await this.step();
  }
}

export { monoMs };
