import type { Clock } from "../../core/clock.js";
import { silentLog, type Log } from "../../core/log.js";
import { noMetrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import type { HeaderEntries, SipProtocol, SipSource, SipUser } from "../../ports/sip-endpoint.js";
import { ShardedMap } from "../../sip/transaction/sharded-map.js";
import { DialogNames } from "./dialog-names.js";
import type { DrachtioDialog } from "./drachtio-dialog.js";
import type { DrachtioIncoming } from "./drachtio-incoming.js";
import type { OnAnswer } from "./drachtio-connection.js";
import type { DrachtioLink, ServerFacts } from "./drachtio-link.js";
import {
  DEFAULT_MAX_TRANSACTIONS,
  type DrachtioEndpointOptions,
  type DrachtioTap,
  type WirePeer,
} from "./drachtio-options.js";
import type { DrachtioOutgoing } from "./drachtio-outgoing.js";
import type { Delivery } from "./server-message.js";

const NOBODY: WirePeer = { protocol: "udp", address: "0.0.0.0", port: 0 };

/** RFC 3261 §17: how long the server tries before it makes an answer up. */
export const TRANSACTION_MS = 32_000;

/** What the parts of one endpoint share: tables, time, the way to the server. */
export class DrachtioEngine {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: DrachtioCounters;
  readonly maxTransactions: number;
  readonly serverName: string;
  readonly leastNoResponseMs: number;
  readonly #link: () => DrachtioLink;
  /** Ours that wait for a final answer, by the server's transaction id. */
  readonly outgoing = new ShardedMap<DrachtioOutgoing>();
  /** Ours without a transaction id yet. */
  readonly unsent = new Set<DrachtioOutgoing>();
  /** The peers' unanswered requests, by the server's transaction id. */
  readonly incoming = new ShardedMap<DrachtioIncoming>();
  /** By `dialogKey`. */
  readonly dialogs = new ShardedMap<DrachtioDialog>();
  readonly names = new DialogNames();
  user: SipUser | undefined;
  facts: ServerFacts | undefined;
  onWire: DrachtioTap | undefined;
  draining = false;
  closed = false;

  /** @param link Made after the engine. */
  constructor(options: DrachtioEndpointOptions, link: () => DrachtioLink) {
    this.clock = options.clock;
    this.random = options.random;
    this.log = options.log ?? silentLog;
    this.counters = new DrachtioCounters(options);
    this.maxTransactions = options.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS;
    this.serverName = options.serverName ?? "";
    this.leastNoResponseMs = options.leastNoResponseMs ?? 0;
    this.#link = link;
  }

  get transactionCount(): number {
    return this.outgoing.size + this.unsent.size + this.incoming.size;
  }

  /**
   * @param to Whom it is for, as far as we know; for the tap.
   * @returns False: nothing was sent and nothing will be reported.
   */
  send(meta: string, sip: Buffer, onAnswer: OnAnswer, to: WirePeer = NOBODY): boolean {
    if (this.closed) return false;
    const sent = this.#link().send(meta, sip, this.onWire === undefined ? onAnswer : this.#tapped(onAnswer, to));
    if (!sent) this.counters.unsent.inc();
    return sent;
  }

  /** Only with its answer does the server show what it has sent. */
  #tapped(onAnswer: OnAnswer, to: WirePeer): OnAnswer {
    return (answer) => {
      if (answer?.sip !== undefined) this.onWire?.("out", answer.sip, to);
      onAnswer(answer);
    };
  }

  /** Our own bug, contained: it ends the call that it happened in, not the others. */
  fault(fault: unknown): void {
    this.counters.faults.inc();
    this.log.error("sip.fault", {}, fault);
  }

  /** Runs it once the current call of the user has returned. */
  soon(fn: () => void): void {
    queueMicrotask(() => this.guarded(fn));
  }

  guarded(fn: () => void): void {
    try {
      fn();
    } catch (fault) {
      this.fault(fault);
    }
  }

  later(ms: number, fn: () => void): () => void {
    return this.clock.callAt(monoMs(this.clock.mono() + ms), () => this.guarded(fn));
  }

  newTag(): string {
    return this.random.token(8);
  }

  /** `Server` and what belongs to a refusal of the endpoint's own. */
  ownHeaders(headers: HeaderEntries = []): HeaderEntries {
    return this.serverName === "" ? headers : [...headers, ["Server", this.serverName]];
  }

  retryAfter(): HeaderEntries {
    return [["Retry-After", this.draining ? "0" : String(1 + Math.floor(this.random.next() * 5))]];
  }

  sourceOf({ protocol, address, port, listener }: Delivery): SipSource {
    const usual = listener === "" ? this.facts?.listeners.find((each) => each.startsWith(`${protocol}:`)) : listener;
    return { protocol, address, port, listener: usual ?? "" };
  }

  /** How we present ourselves; undefined: the server writes its own Contact, with the address that it sends from. */
  contact(protocol: SipProtocol, user: string | undefined, params: string | undefined): string | undefined {
    const [at, ...others] = this.facts?.reachableAt.get(protocol) ?? [];
    const isPlain = user === undefined && params === undefined;
    if (at === undefined || (others.length > 0 && isPlain)) return undefined;
    const transport = protocol === "udp" ? "" : `;transport=${protocol}`;
    return `<sip:${user === undefined || user === "" ? "" : `${user}@`}${at}${transport}>${params ?? ""}`;
  }
}

/** RFC 3261 §12: the three together name a dialog. */
export const dialogKey = (callId: string, localTag: string, remoteTag: string): string =>
  `${callId} ${localTag} ${remoteTag}`;

/** Whether these may stand in a META line and the server has room for them. */
export const isNameable = (callId: string, tag: string): boolean =>
  callId.length + tag.length < 1000 && !/[|\r\n]/.test(callId) && !/[|\r\n]/.test(tag);

export class DrachtioCounters {
  /** The server would not take them. */
  readonly refusedCommands;
  /** Not sent: connection down, queue full, too large for the server. */
  readonly unsent;
  readonly droppedMalformed;
  readonly droppedResponses;
  readonly refusedOverload;
  readonly linkLosses;
  readonly faults;

  constructor({ metrics = noMetrics }: DrachtioEndpointOptions) {
    this.refusedCommands = metrics.counter(
      "ringfence_drachtio_refused_commands_total",
      "SIP messages that drachtio-server did not send",
    );
    this.unsent = metrics.counter(
      "ringfence_drachtio_unsent_total",
      "SIP messages not given to drachtio-server: gone, queue full, too large",
    );
    this.droppedMalformed = metrics.counter(
      "ringfence_drachtio_dropped_malformed_total",
      "Deliveries that could not be read",
    );
    this.droppedResponses = metrics.counter(
      "ringfence_drachtio_dropped_responses_total",
      "Responses to no request of ours",
    );
    this.refusedOverload = metrics.counter("ringfence_drachtio_refused_overload_total", "New requests answered 503");
    this.linkLosses = metrics.counter(
      "ringfence_drachtio_connection_lost_total",
      "Connections to drachtio-server that were lost",
    );
    this.faults = metrics.counter("ringfence_drachtio_faults_total", "Faults of our own that ended one call");
  }
}
