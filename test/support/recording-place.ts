import { createSocket, type Socket } from "node:dgram";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../../gateway/adapters/sip-embedded/transport/create-transports.js";
import { CryptoRandom } from "../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import type { Speaker } from "../../detection/index.js";
import { DEFAULT_RECORDING, type RecordingOptions } from "../../gateway/call/recording/recording-contracts.js";
import { RecordingRouter } from "../../gateway/call/recording/recording-router.js";
import { RecordingServer } from "../../gateway/call/recording/recording-server.js";
import { parseRtpPacket } from "./rtp-packet.js";
import type { HeardStreams } from "../../gateway/ports/heard-streams.js";
import type { MediaReceiver, ReceiveOptions, ReceivingPort } from "../../gateway/ports/media-receiver.js";
import type { SipEndpoint } from "../../gateway/ports/sip-endpoint.js";
import { LogDouble, MetricsDouble } from "./call-doubles.js";
import { FakeListening } from "./fake-listening.js";
import { FakeDesk } from "./recording-bench.js";
import { RecordingUser } from "./sip-pair.js";

/** Real sockets on loopback that keep what comes: payloads by stream number, in the order of arrival. */
export class LoopbackReceiver implements MediaReceiver {
  readonly payloads = new Map<number, Uint8Array[]>();
  readonly #sockets = new Set<Socket>();

  get open(): number {
    return this.#sockets.size;
  }

  async receive({ streamId, family }: ReceiveOptions): Promise<ReceivingPort> {
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    const address = family === 6 ? "::1" : "127.0.0.1";
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    this.#sockets.add(socket);
    const kept: Uint8Array[] = [];
    this.payloads.set(streamId, kept);
    let expected: string | undefined;
    socket.on("message", (bytes, from) => {
      const packet = parseRtpPacket(bytes);
      if (packet.ok && (expected === undefined || expected === from.address)) kept.push(packet.value.payload);
    });
    return {
      address,
      port: socket.address().port,
      expect: (peer) => (expected = peer?.address),
      close: () => {
        if (this.#sockets.delete(socket)) socket.close();
      },
    };
  }
}

/** A recording server on loopback, in this process. */
export interface RecordingPlace {
  readonly port: number;
  /** Another one where somebody else has that number for TCP. 0: none. */
  readonly tcpPort: number;
  readonly server: RecordingServer;
  readonly desk: FakeDesk;
  readonly listening: FakeListening;
  readonly media: LoopbackReceiver;
  readonly metrics: MetricsDouble;
  readonly log: LogDouble;
  /** What has been heard of a speaker, over all calls. */
  heard(speaker: Speaker): Buffer;
  close(): Promise<void>;
}

export interface RecordingParts {
  /** Another SIP engine than ours; not started. */
  readonly make?: () => Promise<SipEndpoint>;
  /** Another receiver, with whoever is told of its streams. `media` of the place then stays empty. */
  readonly relay?: { readonly media: MediaReceiver; readonly heard: HeardStreams };
}

export async function openRecordingPlace(
  options: Partial<RecordingOptions> = {},
  { make, relay }: RecordingParts = {},
): Promise<RecordingPlace> {
  const clock = new SystemClock();
  const random = new CryptoRandom();
  const desk = new FakeDesk();
  const listening = new FakeListening();
  const media = new LoopbackReceiver();
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const speakers = new Map<number, Speaker>();
  const openStream = listening.open.bind(listening);
  listening.open = ((what: Parameters<typeof openStream>[0]) => {
    const streamId = openStream(what);
    if ("speaker" in what && streamId !== undefined) speakers.set(streamId, what.speaker);
    return streamId;
  }) as typeof openStream;
  const server = new RecordingServer(
    { ...DEFAULT_RECORDING, ...options },
    {
      desk,
      listening,
      heard: relay?.heard ?? listening,
      media: relay?.media ?? media,
      observers: [],
      clock,
      random,
      metrics,
      log,
    },
  );
  const endpoint = await (make ?? (() => Promise.resolve(embedded(clock, random))))();
  await endpoint.start(new RecordingRouter(server, new RecordingUser()));
  const portOf = (protocol: string): number =>
    Number(endpoint.listeners.find((name) => name.startsWith(`${protocol}:`))?.replace(/^.*:/, "") ?? 0);
  return {
    port: portOf("udp"),
    tcpPort: portOf("tcp"),
    server,
    desk,
    listening,
    media,
    metrics,
    log,
    heard: (speaker) =>
      Buffer.concat([...media.payloads].filter(([id]) => speakers.get(id) === speaker).flatMap(([, kept]) => kept)),
    close: async () => {
      await server.close();
      await endpoint.close();
    },
  };
}

function embedded(clock: SystemClock, random: CryptoRandom): SipEndpoint {
  const transports = createTransports({
    listeners: (["udp", "tcp"] as const).map((protocol) => ({ protocol, address: "127.0.0.1", port: 0 })),
    udp: { receiveBufferBytes: 262_144, sendBufferBytes: 262_144 },
    clock,
  });
  return new EmbeddedSipEndpoint({ transports, clock, random });
}
