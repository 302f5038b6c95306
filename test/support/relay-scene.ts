import { createSocket } from "node:dgram";
import type { Speaker } from "../../detection/index.js";
import type { MediaRelay } from "../../gateway/adapters/rtp-relay/media-relay.js";
import { startMediaRelay } from "../../gateway/adapters/rtp-relay/media-relay.js";
import type { MediaRelayOptions } from "../../gateway/adapters/rtp-relay/relay-options.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { workerAt } from "../../gateway/adapters/system/worker-thread.js";
import { silentLog } from "../../gateway/core/log.js";
import { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import type { HeardStream, HeardStreams } from "../../gateway/ports/heard-streams.js";
import type { PayloadFormat } from "../../gateway/media/audio.js";
import { mediaRelayEntry, relayEngineFile } from "../../gateway/workers/media-relay-options.js";
import { CountingMetrics } from "./counting-metrics.js";

/** Where a test hears what is forked: reads the ring when it is asked. */
export class TestEars implements HeardStreams {
  readonly ring: PacketRing;
  readonly streams = new Map<number, HeardStream>();
  readonly changes: (readonly PayloadFormat[])[] = [];
  readonly closed: number[] = [];
  /** `open` refuses. */
  full = false;
  readonly #packets = new Map<number, Uint8Array[]>();
  #lastId = 0;

  constructor(sizeBytes = 1 << 20) {
    this.ring = PacketRing.allocate(sizeBytes);
  }

  open(stream: HeardStream): number | undefined {
    if (this.full) return undefined;
    this.streams.set(++this.#lastId, stream);
    return this.#lastId;
  }
  change(_streamId: number, formats: readonly PayloadFormat[]): void {
    this.changes.push(formats);
  }
  close(streamId: number): void {
    this.closed.push(streamId);
  }

  /** Datagrams of that speaker so far. */
  heard(callId: string, speaker: Speaker): readonly Uint8Array[] {
    this.#read();
    return [...this.streams].flatMap(([id, stream]) =>
      stream.speaker === speaker && stream.callId === callId ? (this.#packets.get(id) ?? []) : [],
    );
  }

  /** Datagrams under a number. */
  under(streamId: number): readonly Uint8Array[] {
    this.#read();
    return this.#packets.get(streamId) ?? [];
  }

  #read(): void {
    this.ring.read(1_000_000, (streamId, _arrivedAtMs, packet) => {
      const packets = this.#packets.get(streamId) ?? [];
      packets.push(Uint8Array.from(packet));
      this.#packets.set(streamId, packets);
    });
  }
}

export interface RelayScene {
  readonly anchor: MediaRelay;
  readonly ears: TestEars;
  readonly metrics: CountingMetrics;
  heard(callId: string, speaker: Speaker): readonly Uint8Array[];
  close(): Promise<void>;
}

export interface RelayParts {
  readonly ears?: TestEars;
  readonly silentMs?: number;
  readonly entry?: URL;
}

/** A relay with its worker, on loopback. */
export async function startRelay(
  options: Partial<MediaRelayOptions> = {},
  { ears = new TestEars(), silentMs = 10_000, entry = mediaRelayEntry() }: RelayParts = {},
): Promise<RelayScene> {
  const metrics = new CountingMetrics();
  const anchor = await startMediaRelay(
    {
      addresses: [{ address: "127.0.0.1" }, { address: "::1" }],
      portRange: { from: 0, to: 0 },
      quarantineMs: 0,
      idleMs: 0,
      engine: "auto",
      ...options,
    },
    {
      thread: workerAt(entry, "media-relay"),
      engineFile: relayEngineFile(),
      clock: new SystemClock(),
      log: silentLog,
      metrics,
      listening: { heard: ears, ring: ears.ring },
      silentMs,
    },
  );
  return {
    anchor,
    ears,
    metrics,
    heard: (callId, speaker) => ears.heard(callId, speaker),
    close: () => anchor.close(),
  };
}

/** Why the native engine cannot be tested here. */
export const nativeMissing = (): string | undefined =>
  relayEngineFile() === undefined
    ? "the native engine was not built (engines/relay/build.mjs: Linux, a C compiler)"
    : undefined;

/** Above the ports that Linux gives out by itself (to 60999): no socket that is opened meanwhile, here or beside, gets one of them. */
const RANGES_FROM = 61_000;

/** Ports that were free a moment ago, `pairs` of them. */
export async function freeRange(pairs: number): Promise<{ from: number; to: number }> {
  for (;;) {
    const places = (65_536 - RANGES_FROM) / 2 - pairs;
    const from = RANGES_FROM + 2 * Math.floor(Math.random() * places);
    const to = from + 2 * pairs - 1;
    const sockets = Array.from({ length: 2 * pairs }, () => createSocket("udp4"));
    const bound = await Promise.all(
      sockets.map(
        (socket, i) =>
          new Promise<boolean>((resolve) => {
            socket.once("error", () => resolve(false));
            socket.bind(from + i, "127.0.0.1", () => resolve(true));
          }),
      ),
    );
    await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
    if (bound.every(Boolean)) return { from, to };
  }
}

/** One for `body` alone, closed after it. */
export async function withRelay(
  options: Partial<MediaRelayOptions>,
  body: (scene: RelayScene) => Promise<void>,
  parts?: RelayParts,
): Promise<void> {
  const scene = await startRelay(options, parts);
  try {
    await body(scene);
  } finally {
    await scene.close();
  }
}
