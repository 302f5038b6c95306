import { isIP } from "node:net";
import type { Clock } from "../../core/clock.js";
import { sensitiveAddress, type Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { UnixMs } from "../../core/time.js";
import type { CertificateFault, IdentityCertificates, SigningCertificate } from "../../ports/identity-certificates.js";
import { AddressGuard } from "./address-guard.js";
import { lifetimeMs } from "./cache-lifetime.js";
import { CertificateCache, type CacheEntry } from "./certificate-cache.js";
import { certificatesIn, chainToAnchor, type TrustAnchors } from "./certificate-chain.js";
import type { CertificateOptions } from "./certificate-options.js";
import { FetchBudget } from "./fetch-budget.js";
import { fetchCertificate } from "./fetch-certificate.js";
import { fetchableUrl, type CertificateUrl } from "./fetchable-url.js";
import { systemLookUp, type LookUp } from "./look-up.js";
import { ProvenUrls } from "./proven-urls.js";

export interface CertificateDeps {
  readonly anchors: TrustAnchors;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Default: /etc/hosts and the system's name servers. */
  readonly lookUp?: LookUp;
}

type Found = Result<SigningCertificate, CertificateFault>;
type GoodEntry = Extract<CacheEntry, { kind: "good" }>;

/**
 * Certificates from where PASSporTs say they are. Fetched once for any number of calls that ask; kept as long as their server says,
 * failures for `negativeMs`; one that has outlived its time goes on being used for `staleMs` while a new one is fetched.
 */
export class HttpsCertificates implements IdentityCertificates {
  readonly #options: CertificateOptions;
  readonly #deps: CertificateDeps;
  readonly #guard: AddressGuard;
  readonly #cache: CertificateCache;
  readonly #failures: CertificateCache;
  readonly #proven: ProvenUrls;
  readonly #budget: FetchBudget;
  readonly #lookUp: LookUp;
  readonly #fetches = new Map<string, Promise<Found>>();
  /** Of the fetches that are under way. */
  readonly #controls = new Set<AbortController>();
  #closed = false;
  readonly #asked: Counter;

  /** @throws GatewayError `config.invalid` where `allowAddresses` holds no networks. */
  constructor(options: CertificateOptions, deps: CertificateDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#guard = new AddressGuard(options.allowAddresses);
    this.#cache = new CertificateCache(options.maxEntries, options.maxCacheBytes);
    this.#failures = new CertificateCache(options.maxEntries, options.maxCacheBytes);
    this.#proven = new ProvenUrls(options.maxEntries);
    this.#budget = new FetchBudget(options.maxFetches, options.maxFetchesPerMinute);
    this.#lookUp = deps.lookUp ?? systemLookUp();
    this.#asked = deps.metrics.counter(
      "ringfence_identity_certificates_total",
      "Certificates that signed caller identities asked for, by where they came from or why there was none",
      ["outcome"],
    );
    const entries = deps.metrics.gauge(
      "ringfence_identity_certificate_cache_entries",
      "Certificates and failures kept",
    );
    deps.metrics.onScrape(() => entries.set(this.#cache.size + this.#failures.size));
  }

  async find(text: string, at: UnixMs, asker: string): Promise<Found> {
    const url = fetchableUrl(text, this.#options);
    if (url === undefined) return this.#tell("url", fail("url"));
    const now = this.#deps.clock.mono();
    const entry = this.#cache.get(url.key) ?? this.#failures.get(url.key);
    if (entry?.kind === "bad" && now < entry.until) return this.#tell("negative", fail(entry.fault));
    if (entry?.kind === "good") {
      this.#proven.note(url.key);
      if (now < entry.freshUntil) return this.#tell("cached", inForce(entry.certificate, at));
      if (now < entry.freshUntil + this.#options.staleMs) {
        if (now >= entry.retryAt) void this.#fetchOnce(url, entry, at, asker);
        return this.#tell("stale", inForce(entry.certificate, at));
      }
    }
    const found = await this.#fetchOnce(url, entry?.kind === "good" ? entry : undefined, at, asker);
    return this.#tell(found.ok ? "fetched" : found.error, found.ok ? inForce(found.value, at) : found);
  }

  close(): void {
    this.#closed = true;
    for (const control of this.#controls) control.abort();
  }

  #tell(outcome: string, found: Found): Found {
    this.#asked.labels(outcome).inc();
    return found;
  }

  #fetchOnce(url: CertificateUrl, old: GoodEntry | undefined, at: UnixMs, asker: string): Promise<Found> {
    const known = this.#fetches.get(url.key);
    if (known !== undefined) return known;
    const wish = { asker, host: url.host, proven: this.#proven.has(url.key) };
    const over = this.#closed ? undefined : this.#budget.begin(wish, this.#deps.clock.mono());
    if (over === undefined) return Promise.resolve(fail("busy"));
    const fetching = this.#fetch(url, old, at).finally(() => {
      this.#fetches.delete(url.key);
      over();
    });
    this.#fetches.set(url.key, fetching);
    return fetching;
  }

  async #fetch(url: CertificateUrl, old: GoodEntry | undefined, at: UnixMs): Promise<Found> {
    const { clock, anchors } = this.#deps;
    const { ttlMs } = this.#options;
    const deps = { guard: this.#guard, lookUp: this.#lookUp, clock };
    const control = new AbortController();
    this.#controls.add(control);
    const fetched = await fetchCertificate(url, old?.etag, this.#options, deps, control);
    this.#controls.delete(control);
    if (fetched.kind === "failed") return this.#failed(url, old, fetched.why);
    const freshUntil = clock.mono() + lifetimeMs(fetched.cacheControl, fetched.age, ttlMs);
    if (fetched.kind === "same") {
      if (old === undefined) return this.#failed(url, old, "unreachable");
      this.#cache.set(url.key, { ...old, freshUntil, retryAt: 0 });
      return ok(old.certificate);
    }
    const ders = certificatesIn(fetched.body);
    const chained = ders === undefined ? fail("content" as const) : await chainToAnchor(ders, anchors, at);
    // A new one that does not hold replaces the old one all the same: its owner took that away.
    if (!chained.ok) {
      this.#proven.forget(url.key);
      return this.#failed(url, undefined, chained.error);
    }
    const { etag, body } = fetched;
    const certificate = chained.value;
    this.#failures.delete(url.key);
    this.#proven.note(url.key);
    this.#cache.set(url.key, { kind: "good", certificate, etag, freshUntil, retryAt: 0, bytes: body.length });
    return chained;
  }

  #failed(url: CertificateUrl, old: GoodEntry | undefined, fault: CertificateFault): Found {
    const host = isIP(url.host) === 0 ? url.host : sensitiveAddress(url.host);
    this.#deps.log.warn("identity.no-certificate", { host, fault });
    const retryAt = this.#deps.clock.mono() + this.#options.negativeMs;
    const isUsable = old !== undefined && retryAt < old.freshUntil + this.#options.staleMs;
    if (isUsable) this.#cache.set(url.key, { ...old, retryAt });
    else {
      this.#cache.delete(url.key);
      this.#failures.set(url.key, { kind: "bad", fault, until: retryAt, bytes: 0 });
    }
    return fail(fault);
  }
}

function inForce(certificate: SigningCertificate, at: UnixMs): Found {
  if (at < certificate.notBefore) return fail("not-yet-valid");
  return at > certificate.notAfter ? fail("expired") : ok(certificate);
}
