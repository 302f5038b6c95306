import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import { WorkerLink, type StartWorker } from "../../core/worker-link.js";
import type { PacketRing } from "../../media/fork/packet-ring.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { MediaAnchor, MediaCall, MediaEvent, MediaSession } from "../../ports/media-anchor.js";
import type { MediaReceiver, ReceiveOptions, ReceivingPort } from "../../ports/media-receiver.js";
import { AnchoredSession } from "./anchored-session.js";
import type { Peer, RelayLink, RelayReport, RelaySays } from "./messages.js";
import { RelayMetrics } from "./relay-metrics.js";
import type { MediaRelayOptions, RelayWorkerData } from "./relay-options.js";

export interface MediaRelayDeps {
  /** Starts the thread: `mediaRelayEntry()` of gateway/workers/media-relay-options is its entry. */
  readonly thread: StartWorker;
  /** The compiled engine: `relayEngineFile()` of the same. */
  readonly engineFile: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Who listens, and the ring that its packets go through; undefined: nobody. */
  readonly listening: { readonly heard: HeardStreams; readonly ring: PacketRing } | undefined;
  /** A worker that says nothing for so long is ended and started again, ms. Default 3,000. */
  readonly silentMs?: number;
}

interface Receiver {
  readonly options: ReceiveOptions;
  readonly place: { readonly address: string; readonly rtpPort: number };
  peer: Peer | undefined;
  expecting: boolean;
}

const RECEIVE_TIMEOUT_MS = 2_000;
const SILENT_MS = 3_000;
const LINK = {
  name: "the media relay",
  codes: { unavailable: "media.unavailable", busy: "media.unavailable", timeout: "media.unavailable" },
  startTimeoutMs: 15_000,
  stopTimeoutMs: 2_000,
  restart: { firstMs: 20, mostMs: 5_000, healthyAfterMs: 30_000 },
  maxInFlight: 8_192,
  maxUnread: 100_000,
} as const;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** The embedded media relay: a worker thread with the sockets, and this, what the SIP thread holds of it. */
export class MediaRelay implements MediaAnchor, MediaReceiver {
  readonly kind = "relay";
  readonly #deps: MediaRelayDeps;
  readonly #link: RelayLink;
  readonly #metrics: RelayMetrics;
  readonly #families: ReadonlySet<4 | 6>;
  readonly #advertised: ReadonlyMap<string, string>;
  readonly #sessions = new Map<number, AnchoredSession>();
  readonly #receivers = new Map<number, Receiver>();
  #lastId = 0;
  #report: RelayReport | undefined;
  /** How it reads and writes its sockets, for people. */
  #io = "";

  private constructor(options: MediaRelayOptions, deps: MediaRelayDeps) {
    this.#deps = deps;
    this.#metrics = new RelayMetrics(deps.metrics);
    this.#families = new Set(options.addresses.map(({ address }) => familyOf(address)));
    this.#advertised = new Map(options.addresses.map(({ address, advertised }) => [address, advertised ?? address]));
    const { thread: start, clock, log, silentMs = SILENT_MS, listening, engineFile } = deps;
    const data: RelayWorkerData = { options, ring: listening?.ring.buffer, engineFile };
    this.#link = new WorkerLink(
      { ...LINK, start, clock, log, silentMs },
      {
        startData: () => data,
        onMessage: (message) => this.#onMessage(message),
        onDown: () => this.#metrics.down(),
        onUp: (again) => (again ? this.#onRestart() : this.#metrics.up()),
      },
    );
  }

  /** See `startMediaRelay`. */
  static async start(options: MediaRelayOptions, deps: MediaRelayDeps): Promise<MediaRelay> {
    const wild = options.addresses.find(({ address, advertised = address }) => WILDCARDS.has(advertised));
    if (wild !== undefined || options.addresses.length === 0) {
      throw new GatewayError(
        "config.invalid",
        "media.relay.addresses: peers cannot be told a wildcard; say `advertised`",
      );
    }
    const relay = new MediaRelay(options, deps);
    await relay.#link.start();
    return relay;
  }

  open(call: MediaCall, onEvent: (event: MediaEvent) => void): MediaSession {
    const id = ++this.#lastId;
    const session = new AnchoredSession(id, call, onEvent, {
      link: this.#link,
      heard: this.#deps.listening?.heard,
      log: this.#deps.log,
      families: this.#families,
      advertised: (address) => this.#advertised.get(address) ?? address,
      onClose: () => this.#sessions.delete(id),
    });
    this.#sessions.set(id, session);
    return session;
  }

  async receive(options: ReceiveOptions): Promise<ReceivingPort> {
    const { streamId, family, crypto: key, idleMs } = options;
    if (!this.#families.has(family)) {
      throw new GatewayError("media.unavailable", `the relay has no IPv${family} address`);
    }
    const id = ++this.#lastId;
    const wanted = { receiver: id, streamId, family, key, idleMs };
    const place = await this.#link.request("receive", wanted, RECEIVE_TIMEOUT_MS).catch((error: unknown) => {
      this.#link.post({ kind: "close-receiver", receiver: id });
      throw error;
    });
    const receiver: Receiver = { options, place, peer: undefined, expecting: false };
    this.#receivers.set(id, receiver);
    return {
      address: this.#advertised.get(place.address) ?? place.address,
      port: place.rtpPort,
      expect: (peer) => {
        receiver.peer = peer;
        receiver.expecting = true;
        this.#link.post({ kind: "expect", receiver: id, peer });
      },
      close: () => {
        this.#receivers.delete(id);
        this.#link.post({ kind: "close-receiver", receiver: id });
      },
    };
  }

  health(): { readonly ok: boolean; readonly detail: string } {
    if (!this.#link.ok) return { ok: false, detail: "the relay's thread has ended and is being started again" };
    const { calls = 0, receivers = 0, freePairs } = this.#report ?? {};
    const ports = freePairs === undefined ? "" : `, ${freePairs} port pairs free`;
    return { ok: freePairs !== 0, detail: `${this.#io}, ${calls} calls, ${receivers} receivers${ports}` };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    await this.#link.close();
    this.#metrics.down();
  }

  #onMessage(message: RelaySays): void {
    switch (message.kind) {
      case "ready":
        this.#io = message.why === "" ? message.io : `${message.io} (${message.why})`;
        break;
      case "pong":
        break;
      case "event":
        this.#sessions.get(message.call)?.onRelayEvent(message.event);
        break;
      case "receiver-idle":
        this.#receivers.get(message.receiver)?.options.onIdle();
        break;
      case "report":
        this.#report = message.report;
        this.#metrics.take(message.report);
        break;
    }
  }

  /** What the worker that died had is opened again, on the same ports. */
  #onRestart(): void {
    this.#metrics.restarted();
    for (const session of this.#sessions.values()) session.onRelayRestart();
    for (const [id, receiver] of this.#receivers) void this.#restoreReceiver(id, receiver);
  }

  async #restoreReceiver(id: number, { options, place, peer, expecting }: Receiver): Promise<void> {
    const { streamId, family, crypto: key, idleMs } = options;
    const wanted = { receiver: id, streamId, family, key, idleMs, again: place.rtpPort };
    try {
      await this.#link.request("receive", wanted, RECEIVE_TIMEOUT_MS);
    } catch {
      this.#deps.log.warn("media.receiver-lost");
      if (idleMs > 0) options.onIdle();
      return;
    }
    if (!this.#receivers.has(id)) this.#link.post({ kind: "close-receiver", receiver: id });
    else if (expecting) this.#link.post({ kind: "expect", receiver: id, peer });
  }
}

/**
 * Starts the embedded relay: what anchors calls (`MediaAnchor`) and opens ports that only hear (`MediaReceiver`).
 *
 * @throws GatewayError `config.invalid`: no address, or a wildcard without an advertised one; `listen.failed`: an address is not this
 *   machine's; `media.unavailable`: the thread does not start.
 */
export const startMediaRelay = (options: MediaRelayOptions, deps: MediaRelayDeps): Promise<MediaRelay> =>
  MediaRelay.start(options, deps);

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);
