import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { AsteriskLink } from "../../gateway/adapters/asterisk-ari/asterisk-link.js";
import { HopCalls } from "../../gateway/adapters/asterisk-ari/hop-calls.js";
import { Inventory } from "../../gateway/adapters/asterisk-ari/inventory.js";
import { AriTeardown } from "../../gateway/adapters/asterisk-ari/watch/ari-teardown.js";
import {
  CallWatcher,
  HOP_EVENT,
  WATCHED_EVENTS,
  type CallWatcherOptions,
} from "../../gateway/adapters/asterisk-ari/watch/call-watcher.js";
import type { CallDesk } from "../../gateway/adapters/asterisk-ari/watch/watch-contracts.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { WsDialer } from "../../gateway/adapters/websocket/ws-dialer.js";
import { silentLog } from "../../gateway/core/log.js";
import type { EventVerdict, SwitchEvent } from "../../gateway/ports/gateway-control.js";
import type { HopLegs } from "../../gateway/ports/hop-legs.js";
import type { OutwardTeardown } from "../../gateway/ports/outward-teardown.js";
import type { StoreRecord, TeardownRecord } from "../../gateway/ports/records.js";
import { CountingMetrics } from "./counting-metrics.js";
import { SeededRandom } from "./seeded-random.js";
import { until } from "./processes.js";

/** Takes what a watcher tells, and says of it what a test wants. */
export class FakeDesk implements CallDesk {
  readonly events: SwitchEvent[] = [];
  /** Called numbers that are refused. */
  readonly refused = new Set<string>();
  /** Call ids that their dialplan ends. */
  readonly left = new Set<string>();
  /** Called numbers that dialplans have asked about, by call id. */
  readonly asked = new Map<string, string>();

  report(event: SwitchEvent): Promise<EventVerdict> {
    this.events.push(event);
    const refuse = event.status === "active" && this.refused.has(event.bNumber);
    return Promise.resolve({
      callId: event.callId,
      status: "processed",
      verdict: refuse ? "refuse" : "allow",
      detected: false,
    });
  }

  parties(call: Parameters<CallDesk["parties"]>[0]): ReturnType<CallDesk["parties"]> {
    return {
      caller: call.aNumber as CallerId,
      called: call.bNumber as CalledId,
      trunk: (call.trunk ?? call.switchId ?? "default") as TrunkId,
      emergency: call.bNumber === "911",
    };
  }

  leftToDialplan(callId: string): boolean {
    return this.left.has(callId);
  }

  askedNumber(callId: string): string | undefined {
    return this.asked.get(callId);
  }

  /** `active +1… → +1…`, in order. */
  get told(): readonly string[] {
    return this.events.map(({ status, aNumber, bNumber }) => `${status} ${aNumber} → ${bNumber}`);
  }
}

export interface Watching {
  readonly link: AsteriskLink;
  readonly watcher: CallWatcher;
  readonly desk: FakeDesk;
  readonly cdrs: Cdr[];
  /** What was kept of calls that were refused. */
  readonly teardowns: TeardownRecord[];
  readonly metrics: CountingMetrics;
  readonly teardown: OutwardTeardown;
  close(): void;
}

export interface WatchingOptions {
  readonly ariUrl: string;
  readonly username: string;
  readonly password: string;
  readonly desk?: FakeDesk;
  readonly confirmMs?: number;
  readonly requestTimeoutMs?: number;
  readonly watcher?: Partial<CallWatcherOptions>;
  /** Of a hop beside it. */
  readonly legs?: HopLegs;
}

/** A link and a watcher, connected, with all that they tell kept. */
export async function watch(options: WatchingOptions): Promise<Watching> {
  const { ariUrl, username, password, desk = new FakeDesk(), confirmMs = 20_000, requestTimeoutMs = 20_000 } = options;
  const clock = new SystemClock();
  const random = new SeededRandom(1);
  const cdrs: Cdr[] = [];
  const teardowns: TeardownRecord[] = [];
  const metrics = new CountingMetrics();
  const common = { clock, random, metrics, log: silentLog };
  const link = new AsteriskLink(
    {
      serverId: "pbx1",
      app: "ringfence",
      ariUrl,
      username,
      password,
      requestTimeoutMs,
      events: [...WATCHED_EVENTS, HOP_EVENT],
      socket: { retryFirstMs: 20, retryMostMs: 200, refusedRetryMs: 1_000 },
    },
    { ...common, dialer: new WsDialer(clock) },
  );
  const sink = {
    write: (record: StoreRecord): void => {
      if (record.kind === "cdr") cdrs.push(record.cdr);
      if (record.kind === "teardown") teardowns.push(record.teardown);
    },
  };
  const hop = options.legs === undefined ? undefined : new HopCalls(link, options.legs, silentLog);
  hop?.start();
  const watcher = new CallWatcher(
    { enforce: true, end: { confirmMs }, ...options.watcher },
    { ...common, link, desk, hop, sink },
  );
  watcher.start();
  const inventory = new Inventory(link, [watcher], common);
  inventory.start();
  link.start();
  await until("ARI to be up", () => link.up);
  const enders = new Map([["pbx1", watcher.ender]]);
  return {
    link,
    watcher,
    desk,
    cdrs,
    teardowns,
    metrics,
    teardown: new AriTeardown(enders, clock),
    close: () => {
      inventory.close();
      watcher.close();
      hop?.close();
      link.close();
    },
  };
}
