import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Gauge, Metrics } from "../../core/metrics.js";
import { WorkerLink, type StartWorker } from "../../core/worker-link.js";
import type { PcmAudio } from "../../media/audio.js";
import type { PacketRing } from "../../media/fork/packet-ring.js";
import type {
  AnnouncedMedia,
  AnnouncedStream,
  MediaChannel,
  MediaChannelUser,
  MediaDial,
} from "../../ports/announced-media.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { MediaSource } from "../../ports/media-connections.js";
import type { ChannelSink } from "./announced-channel.js";
import { HeardCalls, type HeardCallsDeps } from "./heard-calls.js";
import { MediaDesk, type IdentifyParties, type MediaDeskOptions } from "./media-desk.js";
import type { AsteriskMediaLink, AsteriskMediaSays, AsteriskMediaStart } from "./messages.js";

export interface AsteriskMediaOptions extends MediaDeskOptions {
  readonly worker: Omit<AsteriskMediaStart, "ring">;
}

export interface AsteriskMediaDeps {
  /** Starts the thread: `asteriskMediaEntry()` of gateway/workers/asterisk-media-options is its entry. */
  readonly thread: StartWorker;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Who listens, and the ring that the sound goes through; undefined: nobody. */
  readonly listening:
    | (Pick<HeardCallsDeps, "listening" | "isHeard"> & { readonly heard: HeardStreams; readonly ring: PacketRing })
    | undefined;
  readonly identify: IdentifyParties;
}

const LINK = {
  name: "the thread of Asterisk's audio",
  codes: { unavailable: "media.unavailable", busy: "media.unavailable", timeout: "media.unavailable" },
  startTimeoutMs: 15_000,
  silentMs: 3_000,
  stopTimeoutMs: 2_000,
  restart: { firstMs: 20, mostMs: 5_000, healthyAfterMs: 30_000 },
  maxInFlight: 4_096,
  maxUnread: 100_000,
} as const;
const DIAL_TIMEOUT_MS = 7_000;
/** On top of how long the sound is. */
const PLAY_SPARE_MS = 10_000;
const NOBODY: Pick<HeardCallsDeps, "listening" | "isHeard"> = {
  listening: { open: () => undefined, close: () => undefined },
  isHeard: () => true,
};

/** AudioSockets and media WebSockets: a thread with the sockets, and this, what the SIP thread holds of it. */
export class AsteriskMedia implements AnnouncedMedia {
  readonly #desk: MediaDesk;
  readonly #link: AsteriskMediaLink;
  readonly #events: Counter;
  readonly #closed: Counter;
  readonly #up: Gauge;
  readonly #open: Gauge;
  #worker: AsteriskMediaOptions["worker"];
  #connections: Readonly<Record<MediaSource, number>> = { "audio-socket": 0, "media-websocket": 0 };

  private constructor(options: AsteriskMediaOptions, deps: AsteriskMediaDeps) {
    const { clock, log, metrics, identify, listening } = deps;
    this.#worker = options.worker;
    this.#events = metrics.counter(
      "ringfence_asterisk_media_events_total",
      "What happened on AudioSockets and media WebSockets; dropped-ms: milliseconds of sound that was not heard",
      ["source", "event"],
    );
    this.#closed = metrics.counter(
      "ringfence_asterisk_media_closed_total",
      "AudioSockets and media WebSockets that ended, by reason",
      ["reason"],
    );
    this.#up = metrics.gauge("ringfence_asterisk_media_up", "1 while the thread of Asterisk's audio serves");
    this.#open = metrics.gauge("ringfence_asterisk_media_connections", "AudioSockets and media WebSockets", ["source"]);
    this.#desk = new MediaDesk(options, {
      clock,
      log,
      heardStreams: listening?.heard,
      calls: new HeardCalls({ clock, ...(listening ?? NOBODY) }),
      identify,
      sink: this.#sink(),
    });
    this.#link = new WorkerLink(
      { ...LINK, start: deps.thread, clock, log },
      {
        startData: () => ({ ...this.#worker, ring: listening?.ring.buffer }) satisfies AsteriskMediaStart,
        onMessage: (message) => this.#onMessage(message),
        onDown: () => this.#onDown(),
        onUp: () => this.#up.set(1),
      },
    );
  }

  /** @throws GatewayError `listen.failed`, `media.unavailable`: nothing is left running. */
  static async start(options: AsteriskMediaOptions, deps: AsteriskMediaDeps): Promise<AsteriskMedia> {
    const media = new AsteriskMedia(options, deps);
    await media.#link.start();
    return media;
  }

  get addresses(): { readonly audioSocket?: string; readonly mediaWebSocket?: string } {
    const { audioSocket, mediaWebSocket } = this.#worker;
    return {
      ...(audioSocket && { audioSocket: hostPort(audioSocket) }),
      ...(mediaWebSocket && { mediaWebSocket: `ws://${hostPort(mediaWebSocket)}${mediaWebSocket.path}` }),
    };
  }

  announce(id: string, stream: AnnouncedStream, user?: MediaChannelUser): MediaChannel {
    return this.#desk.announce(id, stream, user);
  }

  async dial(to: MediaDial, stream: AnnouncedStream, user?: MediaChannelUser): Promise<MediaChannel> {
    const { url, username, password } = to;
    const credentials = username === undefined || password === undefined ? undefined : { username, password };
    const channel = await this.#link.request("dial", { url, credentials }, DIAL_TIMEOUT_MS);
    return this.#desk.dialled(channel, url.slice(url.lastIndexOf("/") + 1), stream, user);
  }

  health(): { readonly ok: boolean; readonly detail: string } {
    if (!this.#link.ok) return { ok: false, detail: "its thread has ended and is being started again" };
    const { "audio-socket": sockets, "media-websocket": webSockets } = this.#connections;
    return {
      ok: true,
      detail: `${sockets} AudioSockets, ${webSockets} media WebSockets, ${this.#desk.waiting} announced`,
    };
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.#desk.close();
    this.#up.set(0);
    await this.#link.close();
  }

  #sink(): ChannelSink {
    const playMs = ({ samples, sampleRateHz }: PcmAudio): number =>
      (samples.length * 1_000) / sampleRateHz + PLAY_SPARE_MS;
    return {
      accept: (channel, streamId, codec) => this.#link.post({ kind: "accept", channel, streamId, codec }),
      play: (channel, audio) => this.#link.request("play", { channel, ...audio }, playMs(audio)),
      flush: (channel) => this.#link.post({ kind: "flush", channel }),
      hangUp: (channel) => this.#link.post({ kind: "hang-up", channel }),
      close: (channel, reason) => this.#link.post({ kind: "close", channel, reason }),
    };
  }

  #onMessage(message: AsteriskMediaSays): void {
    switch (message.kind) {
      case "ready":
        this.#worker = onPorts(this.#worker, message.audioSocketPort, message.mediaWebSocketPort);
        break;
      case "claim":
        this.#desk.onClaim(message.channel, message.source, message.claim);
        break;
      case "digit":
        this.#desk.onDigit(message.channel, message.digit);
        break;
      case "closed":
        this.#closed.labels(message.reason).inc();
        this.#desk.onClosed(message.channel, message.reason);
        break;
      case "report":
        for (const { source, what, by } of message.counts) this.#events.labels(source, what).inc(by);
        this.#connections = message.connections;
        for (const [source, count] of Object.entries(message.connections)) this.#open.labels(source).set(count);
        break;
      case "pong":
        break;
    }
  }

  #onDown(): void {
    this.#up.set(0);
    this.#desk.lost();
  }
}

const hostPort = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** A thread that is started again listens where the one before did. */
function onPorts(
  { audioSocket, mediaWebSocket, ...rest }: AsteriskMediaOptions["worker"],
  audioSocketPort: number,
  mediaWebSocketPort: number,
): AsteriskMediaOptions["worker"] {
  return {
    ...rest,
    audioSocket: audioSocket && { ...audioSocket, port: audioSocketPort },
    mediaWebSocket: mediaWebSocket && { ...mediaWebSocket, port: mediaWebSocketPort },
  };
}
