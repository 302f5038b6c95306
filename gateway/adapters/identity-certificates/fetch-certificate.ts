import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { CertificateFault } from "../../ports/identity-certificates.js";
import type { AddressGuard } from "./address-guard.js";
import type { CertificateUrl } from "./fetchable-url.js";
import type { FoundAddress, LookUp } from "./look-up.js";

/** What came from a repository. */
export type Fetched =
  | {
      readonly kind: "found";
      readonly body: Uint8Array;
      readonly etag: string | undefined;
      readonly cacheControl: string | undefined;
      readonly age: string | undefined;
    }
  /** 304: what the entity tag named is still good. */
  | { readonly kind: "same"; readonly cacheControl: string | undefined; readonly age: string | undefined }
  | { readonly kind: "failed"; readonly why: CertificateFault };

export interface FetchSettings {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly httpsCa: string | undefined;
}

const MOST_HEADER_BYTES = 16_384;
const MOST_ETAG_CHARS = 256;
/** Addresses of one name that are tried. */
const MOST_ADDRESSES = 4;
const REFUSED: unique symbol = Symbol("refused");

/**
 * GETs one certificate. The name is looked up first, every address it has must be allowed, and the connection goes to those that were
 * judged: a second look-up cannot give another one. Redirects are not followed.
 *
 * @param control Its own; aborted, it ends as `unreachable`.
 */
export async function fetchCertificate(
  url: CertificateUrl,
  etag: string | undefined,
  settings: FetchSettings,
  deps: { readonly guard: AddressGuard; readonly lookUp: LookUp; readonly clock: Clock },
  control: AbortController,
): Promise<Fetched> {
  const { clock } = deps;
  const { signal } = control;
  const stop = clock.callAt(monoMs(clock.mono() + settings.timeoutMs), () => control.abort());
  try {
    const addresses = await untilAborted(addressesOf(url.host, deps, signal), signal);
    if (addresses === undefined) return failed("unreachable");
    if (addresses === REFUSED) return failed("address");
    return await get(url, addresses, etag, settings, signal);
  } catch {
    return failed("unreachable");
  } finally {
    stop();
  }
}

const failed = (why: CertificateFault): Fetched => ({ kind: "failed", why });

/** @returns At least one; undefined: the name has none. */
async function addressesOf(
  host: string,
  { guard, lookUp }: { readonly guard: AddressGuard; readonly lookUp: LookUp },
  signal: AbortSignal,
): Promise<readonly FoundAddress[] | typeof REFUSED | undefined> {
  const family = isIP(host);
  const found = family === 0 ? await lookUp(host, signal) : [{ address: host, family }];
  // One that is private among public ones is no accident.
  if (!found.every(({ address }) => guard.allows(address))) return REFUSED;
  return found.length === 0 ? undefined : found.slice(0, MOST_ADDRESSES);
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    work.then(resolve, reject);
  });
}

function get(
  url: CertificateUrl,
  addresses: readonly FoundAddress[],
  etag: string | undefined,
  settings: FetchSettings,
  signal: AbortSignal,
): Promise<Fetched> {
  const { httpsCa, maxBytes } = settings;
  const defaultPort = url.protocol === "https:" ? 443 : 80;
  const name = isIP(url.host) === 6 ? `[${url.host}]` : url.host;
  const options: RequestOptions & { servername?: string; ca?: string } = {
    method: "GET",
    host: url.host,
    port: url.port,
    lookup: judged(addresses),
    path: url.path,
    agent: false,
    maxHeaderSize: MOST_HEADER_BYTES,
    signal,
    headers: {
      Host: url.port === defaultPort ? name : `${name}:${url.port}`,
      Accept: "application/pem-certificate-chain, application/pkix-cert",
      "Accept-Encoding": "identity",
      ...(etag === undefined ? {} : { "If-None-Match": etag }),
    },
    // SNI and the name that the server's certificate must have; an address stands for itself (RFC 6066 §3).
    ...(isIP(url.host) === 0 ? { servername: url.host } : {}),
    ...(httpsCa === undefined ? {} : { ca: httpsCa }),
  };
  return new Promise((resolve) => {
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(options, (answer) => {
      void read(answer, maxBytes).then((fetched) => {
        request.destroy();
        resolve(fetched);
      });
    });
    request.on("error", () => resolve(failed("unreachable")));
    request.end();
  });
}

/** Stands for a second look-up: whichever of them answers first is connected to. */
function judged(addresses: readonly FoundAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first?.address ?? "", first?.family);
  };
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<Fetched> {
  const { headers, statusCode } = answer;
  const cached = { cacheControl: headers["cache-control"], age: headers.age };
  if (statusCode === 304) return { kind: "same", ...cached };
  if (statusCode !== 200) return failed("unreachable");
  if (Number(headers["content-length"] ?? 0) > maxBytes) return failed("too-large");
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of answer as AsyncIterable<Uint8Array>) {
      bytes += part.length;
      if (bytes > maxBytes) return failed("too-large");
      parts.push(part);
    }
  } catch {
    return failed("unreachable");
  }
  const tag = headers.etag;
  const etag = tag !== undefined && tag.length <= MOST_ETAG_CHARS ? tag : undefined;
  return { kind: "found", body: Buffer.concat(parts), etag, ...cached };
}
