import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import { silentLog, type Log } from "../../../core/log.js";
import type { Random } from "../../../core/random.js";
import { monoMs, type MonoMs } from "../../../core/time.js";
import type { NextHopResolver } from "../../../ports/next-hop-resolver.js";
import type { SipTarget } from "../../../ports/sip-endpoint.js";
import { createDnsLookup, type DnsLookup, type DnsLookupOptions } from "./dns-lookup.js";
import { inOrder, literalTarget, locate, type Located, type LocateOptions } from "./locate.js";
import { parseHop, type Hop } from "./parse-hop.js";

export interface ResolverOptions extends Partial<LocateOptions>, Partial<DnsLookupOptions> {
  /** For one hop with all its questions, ms. Default 5,000. */
  readonly deadlineMs?: number;
  /** Answers are asked for again no sooner, whatever their TTL says. Default 5,000. */
  readonly minTtlMs?: number;
  /** Likewise no later. Default 300,000. */
  readonly maxTtlMs?: number;
  /** A failure is believed for this long. Default 5,000. */
  readonly negativeTtlMs?: number;
  /** Old answers serve for this long while DNS fails. Default 3,600,000. */
  readonly staleMs?: number;
  /** Names kept; the one asked for longest ago goes first. Default 1,000. */
  readonly maxNames?: number;
  /** Look-ups at a time; beyond it `dns.failed`. Default 64. */
  readonly maxPending?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  /** In place of the network, for tests. */
  readonly dns?: DnsLookup;
}

const DEFAULTS = {
  protocols: ["udp", "tcp", "tls"] as LocateOptions["protocols"],
  families: [4, 6] as LocateOptions["families"],
  useHostsFile: true,
  srvTtlMs: 60_000,
  timeoutMs: 1000,
  tries: 2,
  deadlineMs: 5000,
  minTtlMs: 5000,
  maxTtlMs: 300_000,
  negativeTtlMs: 5000,
  staleMs: 3_600_000,
  maxNames: 1000,
  maxPending: 64,
};

interface Entry {
  located: Located | undefined;
  /** Good without asking again. */
  freshUntil: number;
  /** Good while nothing better is to be had. */
  staleUntil: number;
  error: GatewayError | undefined;
  pending: Promise<void> | undefined;
}

/** RFC 3263 with a cache: an expired answer is still given while a new one is fetched, so that no call waits for DNS twice. */
export class DnsResolver implements NextHopResolver {
  readonly #options: typeof DEFAULTS & Pick<ResolverOptions, "clock" | "random">;
  readonly #log: Log;
  readonly #dns: DnsLookup;
  readonly #entries = new Map<string, Entry>();
  /** By the text asked for: hops are few and asked for at every call. */
  readonly #parsed = new Map<
    string,
    { readonly hop: Hop; readonly key: string; readonly literal: readonly SipTarget[] | undefined }
  >();
  #pending = 0;

  constructor(options: ResolverOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#log = options.log ?? silentLog;
    this.#dns =
      options.dns ??
      createDnsLookup({ ...this.#options, ...(options.servers === undefined ? {} : { servers: options.servers }) });
  }

  cached(hop: string): readonly SipTarget[] | undefined {
    const parsed = this.#parse(hop);
    if (parsed?.literal !== undefined) return parsed.literal;
    const entry = parsed === undefined ? undefined : this.#entries.get(parsed.key);
    if (parsed === undefined || entry === undefined) return undefined;
    const now = this.#options.clock.mono();
    if (now >= entry.freshUntil) this.#refresh(parsed.hop, entry);
    return this.#usable(entry, now);
  }

  async resolve(hop: string): Promise<readonly SipTarget[]> {
    const known = this.cached(hop);
    if (known !== undefined) return known;
    const parsed = this.#parse(hop);
    if (parsed === undefined)
      throw new GatewayError(
        "dns.failed",
        "the next hop is no host, host:port or SIP URI with a transport that we have",
      );
    const entry = this.#entryOf(parsed.key);
    if (this.#options.clock.mono() >= entry.freshUntil) this.#refresh(parsed.hop, entry);
    await entry.pending;
    const found = this.#usable(entry, this.#options.clock.mono());
    if (found !== undefined) return found;
    throw entry.error ?? new GatewayError("dns.failed", "too many look-ups are under way");
  }

  close(): void {
    this.#dns.close();
  }

  #usable(entry: Entry, now: MonoMs): readonly SipTarget[] | undefined {
    if (entry.located === undefined || now >= entry.staleUntil) return undefined;
    return inOrder(entry.located, this.#options.random);
  }

  #parse(text: string) {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const result = parseHop(text);
    if (!result.ok) return undefined;
    const hop = result.value;
    const key = `${hop.host}|${hop.port ?? ""}|${hop.protocol ?? ""}|${hop.secure}`;
    const parsed = { hop, key, literal: hop.literal ? [literalTarget(hop)] : undefined };
    this.#parsed.set(text, parsed);
    dropOldest(this.#parsed, this.#options.maxNames);
    return parsed;
  }

  #entryOf(key: string): Entry {
    const known = this.#entries.get(key);
    const entry = known ?? { located: undefined, freshUntil: 0, staleUntil: 0, error: undefined, pending: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    dropOldest(this.#entries, this.#options.maxNames);
    return entry;
  }

  #refresh(hop: Hop, entry: Entry): void {
    if (entry.pending !== undefined || this.#pending >= this.#options.maxPending) return;
    this.#pending++;
    entry.pending = this.#fetch(hop)
      .then(
        (located) => this.#learn(entry, located),
        (cause: unknown) => this.#missed(entry, cause),
      )
      .finally(() => {
        this.#pending--;
        entry.pending = undefined;
      });
  }

  async #fetch(hop: Hop): Promise<Located> {
    const { clock, deadlineMs } = this.#options;
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.callAt(monoMs(clock.mono() + deadlineMs), () => reject(new Error("no answer in time")));
    });
    try {
      const located = await Promise.race([locate(hop, this.#dns, this.#options), late]);
      if (located.servers.length === 0) throw new Error("no such name, or no address of a family in use");
      return located;
    } finally {
      cancel();
    }
  }

  #learn(entry: Entry, located: Located): void {
    const { clock, minTtlMs, maxTtlMs, staleMs } = this.#options;
    const now = clock.mono();
    entry.located = located;
    entry.error = undefined;
    entry.freshUntil = now + Math.min(maxTtlMs, Math.max(minTtlMs, located.ttlMs));
    entry.staleUntil = entry.freshUntil + staleMs;
  }

  #missed(entry: Entry, cause: unknown): void {
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : "unknown";
    entry.error = new GatewayError("dns.failed", `the next hop does not resolve: ${reason}`, { cause });
    entry.freshUntil = this.#options.clock.mono() + this.#options.negativeTtlMs;
    this.#log.warn("dns.failed", { reason, servingOldAnswer: entry.located !== undefined });
  }
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
