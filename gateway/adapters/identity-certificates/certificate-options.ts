/** What may be fetched, how much, and for how long it counts. */
export interface CertificateOptions {
  /** Hosts that may be asked: `certs.example.com`, or `*.example.com` for those below it. */
  readonly hosts: readonly string[];
  /** Any host whose addresses are public. */
  readonly anyPublicHost: boolean;
  readonly ports: readonly number[];
  /** `http:` too: for tests. */
  readonly allowHttp: boolean;
  /** Networks that count as public: for tests, and for repositories inside the house. */
  readonly allowAddresses: readonly string[];
  /** PEM of authorities that the web servers are checked against; undefined: the system's. */
  readonly httpsCa: string | undefined;
  /** From the first look-up to the last byte, ms. */
  readonly timeoutMs: number;
  /** Largest answer. */
  readonly maxBytes: number;
  /** Fetches under way at once; one more is refused as `busy`. Who may have how many of them: `FetchBudget`. */
  readonly maxFetches: number;
  /** Fetches begun in one minute, shared out likewise: who makes up URLs must not make us flood a repository. */
  readonly maxFetchesPerMinute: number;
  /** Of certificates, and of failures as many again: made-up URLs push out no certificate. */
  readonly maxEntries: number;
  readonly maxCacheBytes: number;
  /** How long a certificate counts whose server says nothing of it, ms; also the longest that a server may say. */
  readonly ttlMs: number;
  /** A certificate that has outlived its time is used for this long while a new one is fetched or cannot be, ms. */
  readonly staleMs: number;
  /** A failure counts for this long, ms. */
  readonly negativeMs: number;
}

/** The shortest that a server may say: what would make every call fetch is a way to slow us down. */
export const LEAST_TTL_MS = 60_000;
export const MOST_URL_CHARS = 512;
