/** Compact forms: RFC 3261 §7.3.3 and table 2, RFC 3265, 3515, 3841, 3892, 4028, 4474, 6665. */
const COMPACT: Readonly<Record<string, string>> = {
  a: "accept-contact",
  b: "referred-by",
  c: "content-type",
  d: "request-disposition",
  e: "content-encoding",
  f: "from",
  i: "call-id",
  j: "reject-contact",
  k: "supported",
  l: "content-length",
  m: "contact",
  n: "identity-info",
  o: "event",
  r: "refer-to",
  s: "subject",
  t: "to",
  u: "allow-events",
  v: "via",
  x: "session-expires",
  y: "identity",
};

/** Names that capitalising each word gets wrong. */
const WIRE: Readonly<Record<string, string>> = {
  "call-id": "Call-ID",
  cseq: "CSeq",
  "www-authenticate": "WWW-Authenticate",
  "mime-version": "MIME-Version",
  "min-se": "Min-SE",
  rack: "RAck",
  rseq: "RSeq",
  "session-id": "Session-ID",
  "sip-etag": "SIP-ETag",
  "sip-if-match": "SIP-If-Match",
};

const canonical = new Map<string, string>();
for (const [short, long] of Object.entries(COMPACT)) {
  canonical.set(short, long);
  canonical.set(short.toUpperCase(), long);
}

/** Lower case, long form. Remembers at most 1,024 spellings, so that a peer cannot grow the table. */
export function canonicalHeaderName(name: string): string {
  const known = canonical.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const key = COMPACT[lower] ?? lower;
  if (canonical.size < 1024 && name.length <= 64) canonical.set(name, key);
  return key;
}

/** The usual spelling of a header name given in any form. */
export function wireHeaderName(name: string): string {
  const key = canonicalHeaderName(name);
  return WIRE[key] ?? key.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase());
}
