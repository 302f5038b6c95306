import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { PayloadFormat } from "../../core/payload-format.js";
import type { PcmAudio } from "../../media/audio.js";
import { writeRtpHeader } from "../../media/rtp/rtp-header.js";
import type { DatagramIo } from "./io/datagram-io.js";
import type { MediaLeg } from "./media-leg.js";
import { OpusPrompts } from "./opus-prompts.js";
import type { PathTotals } from "./packet-path.js";
import type { FrameCoder } from "../../media/sound/frame-coder.js";
import { HoldTone, type Sound } from "../../media/sound/prompt-sound.js";
import { SoundWorks, type SoundEncoder } from "../../media/sound/sound-works.js";

const FRAME_MS = 20;
/** Frames leave on a grid this fine: one timer serves all prompts. */
const GRID_MS = 5;
/** After a stall of the thread that many frames are made up for; more would only fill the peer's jitter buffer. */
const MOST_LATE_FRAMES = 5;
const RTP_HEAD_BYTES = 12;

interface Playing {
  readonly sound: Sound;
  readonly encoder: SoundEncoder;
  readonly packet: Uint8Array;
  /** Of a prompt: all of it. */
  readonly audio: PcmAudio | undefined;
  playedMs: number;
  dueMs: number;
  /** Of a prompt. @param complete Whether it was played to its end. */
  done(complete: boolean): void;
}

/** What is played to one leg's peer: a prompt, or else the tone of a hold. */
interface Desk {
  prompt: Playing | undefined;
  tone: Playing | undefined;
}

/**
 * Prompts and tones, sent in place of what the other side says. One timer paces them all.
 *
 * They are coded as the peer expects (G.711, G.722, L16, Opus) and continue the stream that it hears, see `Outflow`; on an encrypted stream
 * they are a source of their own under the same key.
 */
export class PromptDesk {
  readonly #io: DatagramIo;
  readonly #clock: Clock;
  readonly #totals: PathTotals;
  readonly #works = new SoundWorks(FRAME_MS);
  readonly #opus: OpusPrompts | undefined;
  readonly #desks = new Map<MediaLeg, Desk>();
  #cancel: (() => void) | undefined;

  /** @param makeCoder Of Opus; undefined: we cannot speak it. */
  constructor(io: DatagramIo, clock: Clock, totals: PathTotals, makeCoder?: () => FrameCoder | undefined) {
    this.#io = io;
    this.#clock = clock;
    this.#totals = totals;
    this.#opus = makeCoder && new OpusPrompts(makeCoder, this.#works);
  }

  /**
   * A newer prompt replaces the one before.
   * @returns Whether it was played to its end.
   * @throws GatewayError `media.rejected`: not in a coding that we can make.
   */
  play(leg: MediaLeg, audio: PcmAudio): Promise<boolean> {
    const encoder = this.#encoderOf(leg, audio);
    if (encoder === undefined) throw new GatewayError("media.rejected", whyNot(leg));
    const sound = this.#works.promptAt(audio, encoder.rateHz);
    if (sound === undefined) {
      throw new GatewayError("media.rejected", `a prompt of ${audio.sampleRateHz} Hz cannot be played`);
    }
    this.#totals.prompts++;
    const desk = this.#deskOf(leg);
    desk.prompt?.done(false);
    return new Promise((resolve) => {
      desk.prompt = this.#playing(sound, encoder, resolve, audio);
      this.#arm();
    });
  }

  /** Something else may be agreed now: a prompt goes on in a coding that is taken, or is over where we can make none. */
  renew(leg: MediaLeg): void {
    const desk = this.#desks.get(leg);
    if (desk?.prompt === undefined) return;
    const { prompt } = desk;
    const encoder = this.#encoderOf(leg, prompt.audio, prompt.playedMs);
    if (encoder !== undefined && leg.takes.some((format) => isSame(format, prompt.encoder.format))) return;
    desk.prompt = this.#inCoding(prompt, encoder);
    if (desk.prompt !== undefined) return;
    this.#settle(leg, desk);
    prompt.done(false);
  }

  /** The quiet tone of a hold, on or off. Where it cannot be coded there is silence. */
  tone(leg: MediaLeg, on: boolean): void {
    const desk = this.#deskOf(leg);
    const encoder = on ? this.#encoderOf(leg, undefined) : undefined;
    desk.tone =
      encoder === undefined ? undefined : this.#playing(new HoldTone(encoder.rateHz), encoder, () => undefined);
    this.#settle(leg, desk);
    this.#arm();
  }

  /** The leg is going. */
  drop(leg: MediaLeg): void {
    const desk = this.#desks.get(leg);
    this.#desks.delete(leg);
    leg.isTaken = false;
    desk?.prompt?.done(false);
  }

  /** Safe to call twice. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const leg of [...this.#desks.keys()]) this.drop(leg);
    this.#opus?.close();
  }

  #playing(sound: Sound, encoder: SoundEncoder, done: (complete: boolean) => void, audio?: PcmAudio): Playing {
    const packet = new Uint8Array(RTP_HEAD_BYTES + encoder.mostBytes);
    return { sound, encoder, packet, audio, playedMs: 0, dueMs: this.#clock.mono() + GRID_MS, done };
  }

  #inCoding(prompt: Playing, encoder: SoundEncoder | undefined): Playing | undefined {
    const { audio, playedMs, dueMs } = prompt;
    if (encoder === undefined || audio === undefined) return undefined;
    const rest = audio.samples.subarray(Math.round((playedMs * audio.sampleRateHz) / 1_000));
    // What was coded in advance has not moved the sound on.
    const sound =
      encoder.rateHz === prompt.encoder.rateHz && prompt.encoder.format.codec !== "opus"
        ? prompt.sound
        : this.#works.promptAt({ ...audio, samples: rest }, encoder.rateHz);
    return sound && { ...this.#playing(sound, encoder, (complete) => prompt.done(complete), audio), playedMs, dueMs };
  }

  #deskOf(leg: MediaLeg): Desk {
    let desk = this.#desks.get(leg);
    if (desk === undefined) this.#desks.set(leg, (desk = { prompt: undefined, tone: undefined }));
    return desk;
  }

  /** The coding in use if we can make it, else the best that the peer takes. @param audio Undefined: the tone of a hold. */
  #encoderOf(leg: MediaLeg, audio: PcmAudio | undefined, fromMs = 0): SoundEncoder | undefined {
    const from = leg.other;
    if (from?.isSecure === true && from.cipher?.canSeal !== true) return undefined;
    const inUse = leg.takes.find(({ payloadType }) => payloadType === leg.outflow.payloadType);
    for (const format of inUse === undefined ? leg.takes : [inUse, ...leg.takes]) {
      const encoder =
        format.codec === "opus" ? this.#opus?.encoderFor(format, audio, fromMs) : this.#works.encoderFor(format);
      if (encoder !== undefined) return encoder;
    }
    return undefined;
  }

  #arm(): void {
    if (this.#desks.size === 0 || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.callAt(monoMs(this.#clock.mono() + GRID_MS), () => {
      this.#cancel = undefined;
      const nowMs = this.#clock.mono();
      for (const [leg, desk] of this.#desks) this.#step(leg, desk, nowMs);
      this.#arm();
    });
  }

  #step(leg: MediaLeg, desk: Desk, nowMs: number): void {
    const { prompt } = desk;
    const playing = prompt ?? desk.tone;
    if (playing === undefined) return;
    leg.isTaken = true;
    playing.dueMs = Math.max(playing.dueMs, nowMs - MOST_LATE_FRAMES * FRAME_MS);
    while (playing.dueMs <= nowMs) {
      const size = playing.encoder.encode(playing.sound, playing.packet.subarray(RTP_HEAD_BYTES));
      if (size === 0) {
        desk.prompt = undefined;
        if (desk.tone !== undefined) desk.tone.dueMs = playing.dueMs;
        this.#settle(leg, desk);
        playing.done(true);
        return;
      }
      this.#send(leg, playing, size, nowMs);
      playing.dueMs += FRAME_MS;
      playing.playedMs += FRAME_MS;
    }
  }

  #settle(leg: MediaLeg, desk: Desk): void {
    leg.isTaken = desk.prompt !== undefined || desk.tone !== undefined;
    if (!leg.isTaken) this.#desks.delete(leg);
  }

  #send(leg: MediaLeg, { encoder, packet }: Playing, size: number, nowMs: number): void {
    const cipher = leg.other?.isSecure === true ? leg.other.cipher : undefined;
    const flow = cipher === undefined ? leg.outflow : leg.ownOutflow;
    const marker = flow.next(nowMs, encoder.ticks, encoder.format.clockRateHz);
    const { sequenceNumber, timestamp } = flow;
    writeRtpHeader(packet, {
      payloadType: encoder.format.payloadType,
      marker,
      sequenceNumber,
      timestamp,
      ssrc: flow.ssrc,
    });
    const plain = packet.subarray(0, RTP_HEAD_BYTES + size);
    const sealed = cipher?.seal(plain, flow.index);
    if (sealed === undefined) this.#io.send(leg.rtp.socket, plain);
    else if (sealed.ok) this.#io.send(leg.rtp.socket, sealed.value);
  }
}

const isSame = (a: PayloadFormat, b: PayloadFormat): boolean =>
  a.payloadType === b.payloadType &&
  a.codec === b.codec &&
  a.clockRateHz === b.clockRateHz &&
  a.channels === b.channels;

function whyNot(leg: MediaLeg): string {
  if (leg.other?.isSecure === true && leg.other.cipher?.canSeal !== true)
    return "a prompt cannot be played: the stream is encrypted, and its key is not known or has identifiers";
  const names = leg.takes.map(({ codec }) => codec);
  return `a prompt cannot be played: the stream takes ${names.length === 0 ? "no coding that we know" : names.join(", ")}`;
}
