import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { GatewayError } from "../core/errors.js";

export interface DownloadOptions {
  /** Proxy settings: `https_proxy`, `http_proxy`, `no_proxy`, in either case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Silence on the wire for so long ends a try, ms. */
  readonly idleMs: number;
  /** Hosts may hand on to others (mirrors and their storage do), so often at most. */
  readonly maxRedirects: number;
  /** Which hosts may be asked, proxies and those that are redirected to among them; default: all. */
  readonly allows?: ((host: string) => boolean) | undefined;
}

/** What a server answers for good: asking again is no use. */
const FINAL = new Set([400, 401, 403, 404, 405, 410, 451]);

/**
 * Opens a GET, through a proxy where one is set, following redirects. From https it never goes on in the clear.
 *
 * @returns A response with status 200 or 206.
 * @throws GatewayError `model.missing` for what will not get better, `privacy.forbidden`; Error for what may.
 */
export async function openDownload(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: DownloadOptions,
): Promise<IncomingMessage> {
  let at = parse(url);
  for (let hop = 0; hop <= options.maxRedirects; hop++) {
    const response = await get(at, headers, options);
    const { statusCode = 0 } = response;
    if (statusCode === 200 || statusCode === 206) return response;
    response.resume();
    const { location } = response.headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) throw answered(at, statusCode);
    const next = parse(location, at);
    if (at.protocol === "https:" && next.protocol !== "https:") {
      throw new GatewayError("model.missing", `${at.href} leads out of https to ${next.host}`);
    }
    at = next;
  }
  throw new GatewayError("model.missing", `${url} redirects more than ${options.maxRedirects} times`);
}

function parse(text: string, base?: URL): URL {
  if (URL.canParse(text, base?.href)) {
    const url = new URL(text, base);
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  }
  throw new GatewayError("model.missing", `${text} is no web address`);
}

function answered(url: URL, status: number): Error {
  const message = `${url.origin}${url.pathname} answered ${status}`;
  return FINAL.has(status) ? new GatewayError("model.missing", message) : new Error(message);
}

async function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: DownloadOptions,
): Promise<IncomingMessage> {
  const { idleMs, allows } = options;
  const proxy = proxyFor(url, options.env);
  for (const { hostname } of proxy === undefined ? [url] : [url, proxy]) {
    const host = hostname.replace(/^\[|\]$/g, "");
    if (allows?.(host) === false)
      throw new GatewayError(
        "privacy.forbidden",
        `strict-data mode: ${JSON.stringify(host)} is not in privacy.allowedHosts`,
      );
  }
  const all = { "user-agent": "ringfence", accept: "application/octet-stream", ...headers };
  if (proxy === undefined) {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    return answerTo((done) => send(url, { headers: all, agent: false }, done), idleMs);
  }
  if (url.protocol === "http:") {
    const target = { ...proxyOptions(proxy), path: url.href, headers: { ...all, host: url.host, ...proxyKey(proxy) } };
    return answerTo((done) => httpRequest(target, done), idleMs);
  }
  const socket = await tunnel(url, proxy, idleMs);
  const createConnection = (): Socket => tlsConnect({ socket, servername: url.hostname });
  return answerTo((done) => httpsRequest(url, { headers: all, agent: false, createConnection }, done), idleMs);
}

function answerTo(
  send: (done: (response: IncomingMessage) => void) => ReturnType<typeof httpRequest>,
  idleMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send(resolve);
    request.setTimeout(idleMs, () => request.destroy(new Error(`nothing came for ${idleMs} ms`)));
    request.once("error", reject);
    request.end();
  });
}

/** RFC 9110 §9.3.6 */
function tunnel(url: URL, proxy: URL, idleMs: number): Promise<Socket> {
  const authority = `${url.hostname}:${url.port === "" ? 443 : url.port}`;
  return new Promise((resolve, reject) => {
    const headers = { host: authority, ...proxyKey(proxy) };
    const request = httpRequest({ ...proxyOptions(proxy), method: "CONNECT", path: authority, headers });
    request.setTimeout(idleMs, () => request.destroy(new Error("the proxy does not answer")));
    request.once("error", reject);
    request.once("connect", ({ statusCode }, socket) => {
      if (statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new GatewayError("model.missing", `the proxy answered ${statusCode ?? "nothing"}`));
      }
    });
    request.end();
  });
}

const proxyOptions = (proxy: URL): RequestOptions => ({
  host: proxy.hostname,
  port: proxy.port === "" ? 80 : Number(proxy.port),
  agent: false,
});

function proxyKey({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** @returns The proxy for an address, by the variables that curl and wget go by; undefined: none. */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): URL | undefined {
  const read = (name: string): string => env[name] ?? env[name.toUpperCase()] ?? "";
  const excluded = read("no_proxy")
    .split(",")
    .map((entry) =>
      entry
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ""),
    )
    .filter((entry) => entry !== "");
  const host = url.hostname.toLowerCase();
  const isExcluded = excluded.some((entry) => entry === "*" || host === entry || host.endsWith(`.${entry}`));
  const own = read(url.protocol === "https:" ? "https_proxy" : "http_proxy");
  const text = own === "" ? read("all_proxy") : own;
  if (text === "" || isExcluded) return undefined;
  const full = text.includes("://") ? text : `http://${text}`;
  if (URL.canParse(full) && new URL(full).protocol === "http:") return new URL(full);
  throw new GatewayError("model.missing", "the proxy of the environment is no http:// address");
}
