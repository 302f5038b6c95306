import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import type { Random } from "../../../core/random.js";
import { monoMs, type MonoMs } from "../../../core/time.js";
import { buildRtpPacket } from "../../../media/rtp/rtp-header.js";
import type { SpokenSound } from "./spoken-sound.js";

const FRAME_MS = 20;
const FRAME_BYTES = 160;
/** A timer that is later than this: what was due is not made up for, the listener would hear it all at once. It comes later instead. */
const MOST_LATE_FRAMES = 10;

export interface MouthOptions {
  /** Bound, and told Asterisk unless `advertised` is there. */
  readonly address: string;
  readonly advertised?: string | undefined;
  /** Voices at a time. */
  readonly maxVoices: number;
}

interface Voice {
  readonly sound: SpokenSound;
  readonly to: Track;
  readonly onOver: () => void;
  next: number;
  startedAt: MonoMs;
}

/** One stream of RTP to one place: sequence and time go on from sound to sound. */
export interface Track {
  readonly address: string;
  readonly port: number;
  readonly ssrc: number;
  sequence: number;
  timestamp: number;
}

/**
 * Speaks into Asterisks: one socket, one timer while anybody speaks, 20 ms a packet. Nothing is expected to come back: it only
 * speaks into channels that hear nothing.
 */
export class Mouth {
  readonly #socket: Socket;
  readonly #options: MouthOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #voices = new Set<Voice>();
  #cancel: (() => void) | undefined;
  #closed = false;

  private constructor(socket: Socket, options: MouthOptions, clock: Clock, random: Random) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    // ICMP errors change nothing.
    socket.on("error", () => undefined);
  }

  /** @throws GatewayError `listen.failed` */
  static async open(options: MouthOptions, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    const socket = createSocket(options.address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (cause) => reject(new GatewayError("listen.failed", "no socket to speak", { cause })));
      socket.bind(0, options.address, resolve);
    });
    return new Mouth(socket, options, clock, random);
  }

  /** `ADDRESS:PORT` for Asterisk. */
  get host(): string {
    const { address, advertised = address } = this.#options;
    return `${advertised.includes(":") ? `[${advertised}]` : advertised}:${this.#socket.address().port}`;
  }

  track(to: { readonly address: string; readonly port: number }): Track {
    const number = (bytes: number): number => Number.parseInt(this.#random.token(bytes), 16);
    return { address: to.address, port: to.port, ssrc: number(4), sequence: number(2), timestamp: number(4) };
  }

  /**
   * @param onOver Told once, when the last frame has left; not after the returned function was called.
   * @returns Stops it; undefined: too many speak already.
   */
  speak(sound: SpokenSound, to: Track, onOver: () => void): (() => void) | undefined {
    if (this.#closed || this.#voices.size >= this.#options.maxVoices) return undefined;
    const voice: Voice = { sound, to, onOver, next: 0, startedAt: this.#clock.mono() };
    this.#voices.add(voice);
    this.#sendDue();
    return () => void this.#voices.delete(voice);
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    this.#voices.clear();
    this.#socket.close();
  }

  #sendDue(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const now = this.#clock.mono();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const voice of this.#voices) {
      const { frames } = voice.sound;
      const late = Math.floor((now - voice.startedAt) / FRAME_MS) + 1 - voice.next - MOST_LATE_FRAMES;
      if (late > 0) voice.startedAt = monoMs(voice.startedAt + late * FRAME_MS);
      const due = Math.floor((now - voice.startedAt) / FRAME_MS) + 1;
      while (voice.next < due && voice.next < frames) this.#send(voice);
      // The last frame takes its time, too.
      if (due > frames) {
        this.#voices.delete(voice);
        voice.onOver();
      } else nextAt = Math.min(nextAt, voice.startedAt + due * FRAME_MS);
    }
    if (this.#closed || !Number.isFinite(nextAt)) return;
    this.#cancel = this.#clock.callAt(monoMs(nextAt), () => this.#sendDue());
  }

  #send(voice: Voice): void {
    const { to } = voice;
    const payload = voice.sound.frame(voice.next);
    const header = {
      payloadType: 0,
      marker: voice.next === 0,
      sequenceNumber: to.sequence,
      timestamp: to.timestamp,
      ssrc: to.ssrc,
    };
    to.sequence = (to.sequence + 1) & 0xffff;
    to.timestamp = (to.timestamp + FRAME_BYTES) >>> 0;
    voice.next++;
    this.#socket.send(buildRtpPacket(header, payload), to.port, to.address);
  }
}
