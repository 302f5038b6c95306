/** Compact forms: RFC 3261 §7.3.3 and table 2, RFC 3265, 3515, 3841, 3892, 4028, 4474, 6665. */
const COMPACT: ReadonlyMap<string, string> = new Map(
  Object.entries({
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
  }),
);

/** Names that capitalising each word gets wrong. */
const WIRE: ReadonlyMap<string, string> = new Map(
  Object.entries({
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
  }),
);

/** Spellings seen on every wire, so that the hot path neither lower-cases nor checks them. */
const USUAL =
  "Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info Authorization Call-ID " +
  "Call-Info Contact Content-Disposition Content-Encoding Content-ID Content-Language Content-Length Content-Type CSeq Date " +
  "Diversion Error-Info Event Expires From Geolocation History-Info Identity Identity-Info In-Reply-To Info-Package Join " +
  "Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Called-Party-ID " +
  "P-Charging-Vector P-Early-Media P-Preferred-Identity P-Visited-Network-ID Path Priority Privacy Proxy-Authenticate " +
  "Proxy-Authorization Proxy-Require RAck Reason Record-Route Recv-Info Refer-Sub Refer-To Referred-By Reject-Contact " +
  "Remote-Party-ID Replaces Reply-To Request-Disposition Require Resource-Priority Retry-After Route RSeq Server " +
  "Service-Route Session-Expires Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Supported Target-Dialog " +
  "Timestamp To Unsupported User-Agent User-to-User Via Warning WWW-Authenticate X-Ringfence-Trunk";

/** The engine's own copy of a string: comparing two such is comparing pointers, which is most of what `SipHeaders.get` does. */
const interned = (text: string): string => Object.keys({ [text]: 0 })[0] ?? text;

function spellings(): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const [short, long] of COMPACT) {
    const key = interned(long);
    for (const spelling of [short, short.toUpperCase(), long]) known.set(spelling, key);
  }
  for (const name of USUAL.split(" ")) {
    const key = interned(name.toLowerCase());
    for (const spelling of [name, key, name.toUpperCase(), wireHeaderName(key)]) known.set(spelling, key);
  }
  return known;
}

/** Canonical form of the usual spellings and of the compact forms; whatever is in here is a valid header name. */
const CANONICAL: ReadonlyMap<string, string> = spellings();

/** Canonical form of a spelling in daily use; undefined for one that has yet to be checked and lower-cased. */
export function usualHeaderName(name: string): string | undefined {
  return CANONICAL.get(name);
}

/** Lower case, long form. */
export function canonicalHeaderName(name: string): string {
  return CANONICAL.get(name) ?? name.toLowerCase();
}

/** The usual spelling of a header name given in any form. */
export function wireHeaderName(name: string): string {
  const lower = name.toLowerCase();
  const key = COMPACT.get(lower) ?? lower;
  return (
    WIRE.get(key) ?? key.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())
  );
}
