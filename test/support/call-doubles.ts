import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import type {
  CallPhase,
  EndReason,
  LegReport,
  LiveCall,
  TeardownReport,
  TrunkPolicy,
} from "../../gateway/call/contracts.js";
import type { NumberReader, TrunkSettings } from "../../gateway/call/trunks.js";
import type { LogFields, Log } from "../../gateway/core/log.js";
import type { Counter, Gauge, Histogram, Metrics } from "../../gateway/core/metrics.js";
import type { Random } from "../../gateway/core/random.js";
import { unixMs } from "../../gateway/core/time.js";
import type { RecordSink, StoreRecord } from "../../gateway/ports/records.js";
import type { HeaderEntries, SipSource } from "../../gateway/ports/sip-endpoint.js";
import { SipHeaders } from "../../gateway/sip/message/sip-headers.js";
import { NO_BODY, type SipRequest } from "../../gateway/sip/message/sip-message.js";

export const plainPolicy: Omit<TrunkPolicy, "id"> = {
  topologyHiding: false,
  requirePolicy: "pass",
  mode: "b2bua",
  relayOutOfDialog: false,
  refusalStatus: 603,
  maxCallDurationMs: 0,
  keepAliveMs: 0,
  hopTimeoutMs: 2_000,
  hopGroup: "default",
};

/** Keeps numbers as they are, without parameters; 112 and 911 are emergency numbers. */
export const plainNumbers: NumberReader = {
  canonical: (raw) => decodeURIComponent(raw.split(";", 1)[0] ?? ""),
  called: (raw) => decodeURIComponent(raw.split(";", 1)[0] ?? ""),
  isEmergency: (number) => number === "112" || number === "911",
};

export function trunkSettings(id: string, over: Partial<TrunkSettings> = {}): TrunkSettings {
  return {
    id,
    sources: [],
    allowFrom: [],
    onForbidden: "refuse",
    trusted: false,
    callerFrom: ["p-asserted-identity", "from"],
    withheldNumbers: "hide",
    numbers: plainNumbers,
    policy: plainPolicy,
    ...over,
  };
}

export function sourceAt(address: string): SipSource {
  return { protocol: "udp", address, port: 5060, listener: "udp:127.0.0.1:5060" };
}

/** An INVITE with the headers that matter for who is who. */
export function inviteRequest(uri: string, headers: readonly (readonly [string, string])[] = []): SipRequest {
  const all: (readonly [string, string])[] = [...headers];
  if (!all.some(([name]) => name.toLowerCase() === "from"))
    all.push(["From", "<sip:+12025550101@caller.example>;tag=a"]);
  all.push(["Call-ID", "call@192.0.2.1"], ["CSeq", "1 INVITE"]);
  return { kind: "request", method: "INVITE", uri, headers: SipHeaders.of(all), body: NO_BODY };
}

/** Records in order. */
export class SinkDouble implements RecordSink {
  readonly records: StoreRecord[] = [];
  write(record: StoreRecord): void {
    this.records.push(record);
  }
  of<K extends StoreRecord["kind"]>(kind: K): Extract<StoreRecord, { kind: K }>[] {
    return this.records.filter((record): record is Extract<StoreRecord, { kind: K }> => record.kind === kind);
  }
}

/** Not random: counts. */
export class RandomDouble implements Random {
  #count = 0;
  next = (): number => 0.5;
  token = (bytes: number): string => (++this.#count).toString(16).padStart(bytes * 2, "0");
}

/** What was counted, by `name{label,label}`. */
export class MetricsDouble implements Metrics {
  readonly values = new Map<string, number>();
  readonly observed = new Map<string, number[]>();
  readonly #scrapes: (() => void)[] = [];

  counter = (name: string): Counter => this.#counter(name, "");
  gauge = (name: string): Gauge => this.#gauge(name, "");
  histogram = (name: string): Histogram => this.#histogram(name);
  onScrape = (fn: () => void): void => void this.#scrapes.push(fn);
  scrape(): void {
    for (const fn of this.#scrapes) fn();
  }
  get(key: string): number {
    return this.values.get(key) ?? 0;
  }

  #counter(name: string, labels: string): Counter {
    const key = name + labels;
    return {
      inc: (by = 1) => void this.values.set(key, this.get(key) + by),
      labels: (...values) => this.#counter(name, `{${values.join(",")}}`),
    };
  }
  #gauge(name: string, labels: string): Gauge {
    return {
      set: (value) => void this.values.set(name + labels, value),
      labels: (...values) => this.#gauge(name, `{${values.join(",")}}`),
    };
  }
  #histogram(name: string): Histogram {
    return {
      observe: (value) => void this.observed.set(name, [...(this.observed.get(name) ?? []), value]),
      labels: () => this.#histogram(name),
    };
  }
}

export class LogDouble implements Log {
  readonly lines: { level: string; event: string; fields: LogFields | undefined }[] = [];
  debug = (event: string, fields?: LogFields): void => this.#line("debug", event, fields);
  info = (event: string, fields?: LogFields): void => this.#line("info", event, fields);
  warn = (event: string, fields?: LogFields): void => this.#line("warn", event, fields);
  error = (event: string, fields?: LogFields): void => this.#line("error", event, fields);
  child = (): Log => this;
  #line(level: string, event: string, fields: LogFields | undefined): void {
    this.lines.push({ level, event, fields });
  }
}

const confirmed: LegReport = { outcome: "confirmed", by: "BYE", status: 200 };

/** A live call that does what the test says. */
export class LiveCallDouble implements LiveCall {
  readonly callId: string;
  readonly sipCallId: string;
  readonly identity;
  readonly policy: TrunkPolicy;
  phase: CallPhase = "answered";
  readonly startedAt = unixMs(1_700_000_000_000);
  answeredAt: LiveCall["answeredAt"] = unixMs(1_700_000_001_000);
  readonly nextHop = "192.0.2.9:5060";
  readonly ended: EndReason[] = [];
  readonly pings: ("a" | "b")[] = [];
  /** Legs' outcomes; replace to change them. */
  legs: { a: LegReport; b: LegReport } = { a: confirmed, b: confirmed };
  /** How `end` goes on: by default at once. */
  ending: () => Promise<void> = () => Promise.resolve();
  pingAnswer: (leg: "a" | "b") => number = () => 200;
  risk = 0;
  signedIdentity: LiveCall["signedIdentity"] = undefined;
  origin: LiveCall["origin"] = undefined;
  media: LiveCall["media"] = undefined;
  /** INFOs that were sent, in order. */
  readonly infos: { readonly leg: "a" | "b"; readonly headers: HeaderEntries; readonly body: Uint8Array }[] = [];

  constructor(
    callId: string,
    over: { emergency?: boolean; trunk?: string; policy?: Partial<TrunkPolicy>; sipCallId?: string } = {},
  ) {
    this.callId = callId;
    this.sipCallId = over.sipCallId ?? callId;
    const trunk = (over.trunk ?? "carrier") as TrunkId;
    this.identity = {
      trunk,
      caller: "+12025550101" as CallerId,
      called: "+12025550199" as CalledId,
      emergency: over.emergency ?? false,
    };
    this.policy = { ...plainPolicy, id: trunk, ...over.policy };
  }

  async end(reason: EndReason): Promise<TeardownReport> {
    this.ended.push(reason);
    await this.ending();
    return { callId: this.callId, phase: "answered", ...this.legs, at: unixMs(1_700_000_002_000), tookMs: 7 };
  }

  sendInfo(leg: "a" | "b", headers: HeaderEntries, body: Uint8Array = NO_BODY): Promise<number> {
    this.infos.push({ leg, headers, body });
    return Promise.resolve(200);
  }

  ping(leg: "a" | "b"): Promise<number> {
    this.pings.push(leg);
    return Promise.resolve(this.pingAnswer(leg));
  }

  snapshots(): undefined {
    return undefined;
  }
}

export function cdrOf(call: LiveCall, over: Partial<Cdr> = {}): Cdr {
  return {
    id: `cdr-${call.callId}`,
    callId: call.callId,
    caller: call.identity.caller,
    called: call.identity.called,
    trunk: call.identity.trunk,
    startedAt: call.startedAt,
    endedAt: unixMs(1_700_000_003_000),
    durationMs: 0,
    status: 200,
    endedBy: "caller",
    cause: "normal",
    emergency: false,
    ...over,
  };
}

/** Lets promise callbacks run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
