import { createConnection, type Socket } from "node:net";
import type { CalledId, CallerId, Speaker, TrunkId } from "../../detection/index.js";
import { AsteriskMedia, type AsteriskMediaOptions } from "../../gateway/adapters/asterisk-media/asterisk-media.js";
import type { MediaServerOptions } from "../../gateway/adapters/asterisk-media/messages.js";
import { buildFrame, FrameReader } from "../../gateway/adapters/audiosocket/audiosocket-frame.js";
import { OpusDecoders } from "../../gateway/adapters/opus/opus-decoders.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { workerAt } from "../../gateway/adapters/system/worker-thread.js";
import { silentLog } from "../../gateway/core/log.js";
import type { WorkerThread } from "../../gateway/core/worker-link.js";
import { pureDecoders } from "../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../gateway/media/decode/speech-decoder.js";
import { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import { JitterBuffer, type FrameSink } from "../../gateway/media/jitter/jitter-buffer.js";
import { CARRIED_FORMATS } from "../../gateway/media/pcm-packets/carried-formats.js";
import { asteriskMediaEntry } from "../../gateway/workers/asterisk-media-options.js";
import { CountingMetrics } from "./counting-metrics.js";
import { decodeTones } from "./modem/decode-tones.js";
import { until } from "./processes.js";

export const SERVER: MediaServerOptions = {
  address: "127.0.0.1",
  port: 0,
  allowFrom: ["127.0.0.0/8"],
  maxConnections: 200,
  claimTimeoutMs: 5_000,
  idleMs: 60_000,
};

/** What the listening side would hear of one stream. */
class Ear {
  readonly callId: string;
  readonly speaker: Speaker;
  isOpen = true;
  /** That came, of 20 ms. */
  packets = 0;
  readonly #waiting: (readonly [packet: Uint8Array, nowMs: number])[] = [];
  readonly #samples: number[] = [];
  readonly #buffer = new JitterBuffer(0, CARRIED_FORMATS);
  readonly #decoder: ReturnType<SpeechDecoders["open"]>;
  readonly #sink: FrameSink = {
    frame: (frame) => void this.#samples.push(...this.#decoder.decode(frame)),
    gap: (_at, durationMs, lost) => void this.#samples.push(...this.#decoder.fill(durationMs, lost)),
    restart: () => this.#decoder.restart(),
  };

  constructor(callId: string, speaker: Speaker, opus: OpusDecoders) {
    this.#decoder = new SpeechDecoders(opus.creator(pureDecoders())).open();
    this.callId = callId;
    this.speaker = speaker;
  }

  /** Decoded when somebody asks: whoever speaks in this process must not wait for it. */
  take(packet: Uint8Array, nowMs: number): void {
    this.packets++;
    this.#waiting.push([packet.slice(), nowMs]);
  }

  #decode(): void {
    for (const [packet, nowMs] of this.#waiting.splice(0)) this.#buffer.onPacket(packet, nowMs, this.#sink);
  }

  get ms(): number {
    this.#decode();
    return this.#samples.length / 16;
  }
  get text(): string {
    this.#decode();
    return decodeTones(Float32Array.from(this.#samples), 16_000)
      .map(({ text }) => text)
      .join(" ");
  }
}

/** The thread with its sockets, and in place of the listening side one ear a stream. */
export class AsteriskMediaScene {
  readonly media: AsteriskMedia;
  readonly metrics: CountingMetrics;
  readonly ears: Ear[];
  /** Calls as the policy was told of them. */
  readonly calls: string[];
  readonly #timer: NodeJS.Timeout;

  private constructor(parts: Pick<AsteriskMediaScene, "media" | "metrics" | "ears" | "calls">, ring: PacketRing) {
    this.media = parts.media;
    this.metrics = parts.metrics;
    this.ears = parts.ears;
    this.calls = parts.calls;
    this.#timer = setInterval(() => {
      ring.read(10_000, (streamId, at, packet) => this.ears[streamId - 1]?.take(packet, at));
    }, 5);
  }

  /** @param onThread Told of each thread that is started. */
  static async start(
    options: Partial<AsteriskMediaOptions> = {},
    onThread: (thread: WorkerThread) => void = () => undefined,
  ): Promise<AsteriskMediaScene> {
    const start = workerAt(asteriskMediaEntry(), "asterisk-media");
    const ring = PacketRing.allocate(1 << 25);
    const ears: Ear[] = [];
    const calls: string[] = [];
    const opus = await OpusDecoders.start({ most: 512, onFailed: () => undefined });
    const metrics = new CountingMetrics();
    const media = await AsteriskMedia.start(
      {
        acceptUnknown: { "audio-socket": false, "media-websocket": false },
        codec: "slin",
        worker: {
          audioSocket: SERVER,
          mediaWebSocket: { ...SERVER, path: "/media", username: "media", password: "secret" },
        },
        ...options,
      },
      {
        thread: (data, events) => {
          const thread = start(data, events);
          onThread(thread);
          return thread;
        },
        clock: new SystemClock(),
        log: silentLog,
        metrics,
        listening: {
          listening: {
            open: ({ callId }) => void calls.push(callId),
            close: (callId) => void calls.push(`${callId} over`),
          },
          isHeard: () => false,
          heard: {
            open: ({ callId, speaker }) => ears.push(new Ear(callId, speaker, opus)),
            change: () => undefined,
            close: (streamId) => {
              const ear = ears[streamId - 1];
              if (ear !== undefined) ear.isOpen = false;
            },
          },
          ring,
        },
        identify: (caller, called) => ({
          parties: { caller: caller as CallerId, called: called as CalledId, trunk: "default" as TrunkId },
          emergency: false,
          calledSide: "callee",
        }),
      },
    );
    return new AsteriskMediaScene({ media, metrics, ears, calls }, ring);
  }

  get audioSocketPort(): number {
    return Number(this.media.addresses.audioSocket?.split(":").at(-1));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.media.close();
  }
}

/** An Asterisk's end of an AudioSocket. */
export class AudioSocketPeer {
  readonly socket: Socket;
  /** Kinds and payloads that came. */
  readonly heard: { readonly kind: number; readonly payload: Uint8Array; readonly atMs: number }[] = [];
  endedAtMs: number | undefined;
  readonly #reader = new FrameReader();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk, (kind, payload) => {
        this.heard.push({ kind, payload: payload.slice(), atMs: performance.now() });
        return true;
      });
    });
    socket.on("error", () => undefined);
    socket.on("close", () => (this.endedAtMs ??= performance.now()));
  }

  static async connect(port: number, uuid?: string): Promise<AudioSocketPeer> {
    const socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
    const peer = new AudioSocketPeer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    if (uuid !== undefined) peer.send(0x01, Buffer.from(uuid.replaceAll("-", ""), "hex"));
    return peer;
  }

  send(kind: number, payload: Uint8Array): void {
    this.socket.write(buildFrame(kind, payload));
  }

  /** Speaks in real time. @param frameMs How much of it goes into one message. */
  async say(kind: number, samples: Float32Array, rateHz: number, frameMs = 20): Promise<void> {
    const bytes = linear(samples);
    const step = (rateHz / 500) * frameMs;
    const startedAt = performance.now();
    for (let at = 0, sent = 1; at < bytes.byteLength; at += step, sent++) {
      this.send(kind, bytes.subarray(at, at + step));
      const wait = startedAt + sent * frameMs - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  ended(timeoutMs?: number): Promise<void> {
    return until("the end of the connection", () => this.endedAtMs !== undefined, timeoutMs);
  }
}

/** 16-bit samples, low byte first. */
export function linear(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(2 * samples.length);
  samples.forEach((sample, i) => bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 2 * i));
  return bytes;
}
