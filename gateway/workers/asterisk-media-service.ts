import type {
  AsteriskMediaRequests,
  AsteriskMediaStart,
  FromAsteriskMedia,
  MediaServerOptions,
  ToAsteriskMedia,
} from "../adapters/asterisk-media/messages.js";
import { MediaWebSockets } from "../adapters/asterisk-websocket/media-websockets.js";
import { AudioSocketServer } from "../adapters/audiosocket/audiosocket-server.js";
import { WsAcceptor } from "../adapters/websocket/ws-acceptor.js";
import { WsDialer } from "../adapters/websocket/ws-dialer.js";
import { CidrTable } from "../core/cidr.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import { monoMs } from "../core/time.js";
import { PacketRing } from "../media/fork/packet-ring.js";
import { SoundWorks } from "../media/sound/sound-works.js";
import type { MediaConnection, MediaConnectionUser, MediaSource } from "../ports/media-connections.js";

export interface AsteriskMediaServiceDeps {
  readonly clock: Clock;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
  readonly post: (message: FromAsteriskMedia) => void;
}

const TICK_MS = 10;
const REPORT_MS = 1_000;
const FRAME_MS = 20;
/** Of one connection in a second: nobody's fingers are faster, and each is a message to the thread of calls. */
const MOST_DIGITS = 50;
/** Used where only `dial` is wanted. */
const NO_SERVER = {
  address: "127.0.0.1",
  port: 0,
  path: "/media",
  maxConnections: 512,
  claimTimeoutMs: 2_000,
  idleMs: 300_000,
  username: undefined,
  password: undefined,
};

/** The thread's own part: connections by number, told what to do by messages; their sound goes into the ring. */
export class AsteriskMediaService implements MediaConnectionUser {
  readonly #deps: AsteriskMediaServiceDeps;
  readonly #ring: PacketRing | undefined;
  readonly #channels = new Map<number, MediaConnection>();
  readonly #numbers = new Map<MediaConnection, number>();
  /** Digits of this second. */
  readonly #digits = new Map<MediaConnection, { readonly endsMs: number; count: number }>();
  readonly #counts = new Map<string, { readonly source: MediaSource; readonly what: string; by: number }>();
  #lastNumber = 0;
  #audioSocket: AudioSocketServer | undefined;
  #webSockets: MediaWebSockets | undefined;
  #reportedAtMs = 0;
  #cancelTick: () => void = () => undefined;

  private constructor({ ring }: AsteriskMediaStart, deps: AsteriskMediaServiceDeps) {
    this.#deps = deps;
    this.#ring = ring === undefined ? undefined : new PacketRing(ring);
  }

  /** @throws GatewayError `listen.failed`, `config.invalid` */
  static async start(start: AsteriskMediaStart, deps: AsteriskMediaServiceDeps): Promise<AsteriskMediaService> {
    const service = new AsteriskMediaService(start, deps);
    const { clock, random } = deps;
    const shared = { clock, random, works: new SoundWorks(FRAME_MS), user: service };
    const { audioSocket, mediaWebSocket, dialling } = start;
    if (audioSocket !== undefined) {
      service.#audioSocket = await AudioSocketServer.listen(audioSocket, { ...shared, allowed: allowed(audioSocket) });
    }
    try {
      service.#webSockets = new MediaWebSockets(mediaWebSocket ?? { ...NO_SERVER, ...dialling }, {
        ...shared,
        acceptor: new WsAcceptor(clock),
        dialer: new WsDialer(clock),
        allowed: mediaWebSocket === undefined ? () => false : allowed(mediaWebSocket),
      });
      if (mediaWebSocket !== undefined) await service.#webSockets.listen();
    } catch (error) {
      await service.#audioSocket?.close();
      throw error;
    }
    service.#tick();
    return service;
  }

  get ports(): { readonly audioSocketPort: number; readonly mediaWebSocketPort: number } {
    return { audioSocketPort: this.#audioSocket?.port ?? 0, mediaWebSocketPort: this.#webSockets?.port ?? 0 };
  }

  onMessage(message: ToAsteriskMedia): void {
    switch (message.kind) {
      case "request":
        void this.#serve(message.id, message);
        break;
      case "accept":
        this.#accept(message.channel, message.streamId, message.codec);
        break;
      case "flush":
        this.#channels.get(message.channel)?.flush();
        break;
      case "hang-up":
        this.#channels.get(message.channel)?.hangUp();
        break;
      case "close":
        this.#channels.get(message.channel)?.close(message.reason);
        break;
      case "ping":
        this.#deps.post({ kind: "pong" });
        break;
      case "stop":
        break;
    }
  }

  onClaim(connection: MediaConnection, claim: Parameters<MediaConnectionUser["onClaim"]>[1]): void {
    this.#deps.post({ kind: "claim", channel: this.#add(connection), source: connection.source, claim });
  }

  onDigit(connection: MediaConnection, digit: string): void {
    const channel = this.#numbers.get(connection);
    if (channel === undefined) return;
    const isTaken = this.#takesDigit(connection);
    this.onCount(connection.source, isTaken ? "digit" : "digit-dropped");
    if (isTaken) this.#deps.post({ kind: "digit", channel, digit });
  }

  onClosed(connection: MediaConnection, reason: string): void {
    const channel = this.#numbers.get(connection) ?? 0;
    this.#numbers.delete(connection);
    this.#digits.delete(connection);
    this.#channels.delete(channel);
    this.#deps.post({ kind: "closed", channel, reason });
  }

  onCount(source: MediaSource, what: string, by = 1): void {
    const key = `${source} ${what}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { source, what, by });
    else count.by += by;
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.#cancelTick();
    await Promise.all([this.#audioSocket?.close(), this.#webSockets?.close()]);
    this.#report();
  }

  #takesDigit(connection: MediaConnection): boolean {
    const nowMs = this.#deps.clock.mono();
    const before = this.#digits.get(connection);
    if (before !== undefined && nowMs < before.endsMs) return ++before.count <= MOST_DIGITS;
    this.#digits.set(connection, { endsMs: nowMs + 1_000, count: 1 });
    return true;
  }

  #add(connection: MediaConnection): number {
    const number = ++this.#lastNumber;
    this.#channels.set(number, connection);
    this.#numbers.set(connection, number);
    return number;
  }

  #accept(channel: number, streamId: number, codec: string): void {
    const ring = streamId === 0 ? undefined : this.#ring;
    const write = (packet: Uint8Array, nowMs: number): boolean => ring?.write(streamId, nowMs, packet) ?? true;
    this.#channels.get(channel)?.accept(write, codec);
  }

  async #serve(id: number, request: Extract<ToAsteriskMedia, { kind: "request" }>): Promise<void> {
    const { post } = this.#deps;
    try {
      const value = request.name === "dial" ? await this.#dial(request.args) : await this.#play(request.args);
      post({ kind: "answer", id, value });
    } catch (error) {
      // A bug is not to be answered politely: it ends the thread, which is started again.
      if (!(error instanceof GatewayError)) throw error;
      post({ kind: "refusal", id, code: error.code, message: error.message });
    }
  }

  async #dial({ url, credentials }: AsteriskMediaRequests["dial"]["args"]): Promise<number> {
    const sockets = this.#webSockets;
    if (sockets === undefined) throw new GatewayError("media.unavailable", "the thread is starting");
    const { connection, begin } = await sockets.dial(url, credentials);
    const number = this.#add(connection);
    begin();
    return number;
  }

  #play({ channel, sampleRateHz, samples }: AsteriskMediaRequests["play"]["args"]): Promise<boolean> {
    const connection = this.#channels.get(channel);
    return new Promise((resolve, reject) => {
      if (connection?.play({ sampleRateHz, samples }, resolve) === true) return;
      reject(new GatewayError("media.rejected", "that channel is not open, or in a coding that we cannot make"));
    });
  }

  #tick(): void {
    const { clock } = this.#deps;
    this.#cancelTick = clock.callAt(monoMs(clock.mono() + TICK_MS), () => {
      const nowMs = clock.mono();
      this.#audioSocket?.onTime(nowMs);
      this.#webSockets?.onTime(nowMs);
      if (nowMs - this.#reportedAtMs >= REPORT_MS) {
        this.#reportedAtMs = nowMs;
        this.#report();
      }
      this.#tick();
    });
  }

  #report(): void {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    const connections = {
      "audio-socket": this.#audioSocket?.connections ?? 0,
      "media-websocket": this.#webSockets?.connections ?? 0,
    };
    this.#deps.post({ kind: "report", counts, connections });
  }
}

/** @throws GatewayError `config.invalid` */
function allowed({ allowFrom }: MediaServerOptions): (address: string) => boolean {
  const table = CidrTable.of(allowFrom.map((cidr) => [cidr, true] as const));
  if (!table.ok) throw new GatewayError("config.invalid", `allowFrom: ${table.error.text} is no network`);
  return (address) => table.value.has(address);
}
