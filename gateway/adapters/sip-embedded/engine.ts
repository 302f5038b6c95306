import { silentLog, type Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import type { NextHopResolver } from "../../ports/next-hop-resolver.js";
import type { SipUser } from "../../ports/sip-endpoint.js";
import { SipHeaders } from "../../sip/message/sip-headers.js";
import { NO_BODY, type SipRequest } from "../../sip/message/sip-message.js";
import { ShardedMap } from "../../sip/transaction/sharded-map.js";
import { RFC_TIMERS, type SipTimers } from "../../sip/transaction/sip-timers.js";
import { BranchSeal } from "./branch-seal.js";
import type { EmbeddedDialog } from "./embedded-dialog.js";
import { EndpointCounters } from "./endpoint-counters.js";
import {
  DEFAULT_MAX_DIALOGS,
  DEFAULT_MAX_TRANSACTIONS,
  DEFAULT_MTU_BYTES,
  DEFAULT_RINGING_TIMEOUT_MS,
  DEFAULT_TRYING_AFTER_MS,
  type EmbeddedEndpointOptions,
  type WireTap,
} from "./endpoint-options.js";
import type { Outgoing } from "./outgoing.js";
import type { ServerTransaction } from "./server-transaction.js";
import { StrayBudget } from "./stray-budget.js";
import { TimerDriver } from "./timer-driver.js";
import type { Listener, SendTo, SipTransports } from "./transport/transport.js";

/** What the parts of one endpoint share: tables, timers, the way out. */
export class Engine {
  readonly transports: SipTransports;
  readonly driver: TimerDriver;
  readonly random: Random;
  readonly resolver: NextHopResolver | undefined;
  readonly log: Log;
  readonly timers: SipTimers;
  readonly counters: EndpointCounters;
  readonly maxTransactions: number;
  readonly maxDialogs: number;
  readonly tryingAfterMs: number;
  readonly ringingTimeoutMs: number;
  readonly mtuBytes: number;
  readonly serverName: string;
  readonly seal: BranchSeal;
  readonly strays = new StrayBudget();
  /** By branch; a CANCEL by `CANCEL ` and branch. */
  readonly clients = new ShardedMap<Outgoing>();
  /** By `serverKey`. */
  readonly servers = new ShardedMap<ServerTransaction>();
  /** Unanswered requests outside of dialogs, by `mergeKey`. */
  readonly unmerged = new ShardedMap<ServerTransaction>();
  /** By `dialogKey`. */
  readonly dialogs = new ShardedMap<EmbeddedDialog>();
  readonly #noHeaders = new SipHeaders();
  user: SipUser | undefined;
  draining = false;
  closed = false;
  onWire: WireTap | undefined;
  readonly onMalformed: EmbeddedEndpointOptions["onMalformed"];

  constructor(options: EmbeddedEndpointOptions) {
    this.transports = options.transports;
    this.driver = new TimerDriver(options.clock, (fault) => this.fault(fault));
    this.random = options.random;
    this.resolver = options.resolver;
    this.log = options.log ?? silentLog;
    this.timers = options.timers ?? RFC_TIMERS;
    this.counters = new EndpointCounters(options.metrics);
    this.maxTransactions = options.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS;
    this.maxDialogs = options.maxDialogs ?? DEFAULT_MAX_DIALOGS;
    this.tryingAfterMs = options.tryingAfterMs ?? DEFAULT_TRYING_AFTER_MS;
    this.ringingTimeoutMs = options.ringingTimeoutMs ?? DEFAULT_RINGING_TIMEOUT_MS;
    this.mtuBytes = options.mtuBytes ?? DEFAULT_MTU_BYTES;
    this.serverName = options.serverName ?? "";
    this.seal = new BranchSeal(options.clock, options.sealKey);
    this.onWire = options.onWire;
    this.onMalformed = options.onMalformed;
  }

  /** Transactions of both directions that hold memory. */
  get transactionCount(): number {
    return this.clients.size + this.servers.size;
  }

  /** Our own bug, contained: it ends the call that it happened in, not the others. Counted, and logged with its stack. */
  fault(fault: unknown): void {
    this.counters.faults.inc();
    this.log.error("sip.fault", {}, fault);
  }

  /** Runs it once the current call of the user has returned. */
  soon(fn: () => void): void {
    queueMicrotask(() => {
      try {
        fn();
      } catch (fault) {
        this.fault(fault);
      }
    });
  }

  /** What stands in for a request that has been answered: its text is let go of. */
  answeredRequest(method: string): SipRequest {
    return { kind: "request", method, uri: "", headers: this.#noHeaders, body: NO_BODY };
  }

  newTag(): string {
    return this.random.token(8);
  }

  send(bytes: Uint8Array, to: SendTo, listener: Listener | undefined, onFailure?: (error: Error) => void): void {
    if (this.closed) return;
    this.onWire?.("out", bytes, to, listener);
    this.transports.send(bytes, to, onFailure);
  }
}

/** Ends in the remote tag, which varies. RFC 3261 §12: the three together name a dialog. */
export const dialogKey = (callId: string, localTag: string, remoteTag: string): string =>
  `${callId} ${localTag} ${remoteTag}`;
