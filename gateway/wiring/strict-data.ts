import { isIP } from "node:net";
import type { Config } from "../config/schema.js";
import { CidrTable } from "../core/cidr.js";

/**
 * Parts of the settings that name who calls go to and come from, or where we listen: the calls themselves, which leave in any case.
 * Everything else that has a URL or a host in it is somewhere data would go.
 */
const OF_THE_CALL: ReadonlySet<string> = new Set([
  "sip.nextHops",
  "sip.hopGroups",
  "sip.listeners",
  "sip.listenAddress",
  "sip.advertisedHost",
  "sip.redressUrl",
  "trunks",
  "defaultTrunk",
  "limits",
  "http",
  "metrics",
  "recording",
  "privacy",
  "media.relay",
  // Where `ringfence models pull` fetches from, a person's own command; the gateway never asks there.
  "speech.modelMirror",
]);
/** Keys whose value is a host even though it is no URL. */
const HOST_KEY = /(?:host|hosts|server|servers|dnsServers|instances|address)$/i;
const OWN_KEY = /(?:listen|advertised)\w*$/i;

interface Target {
  readonly path: string;
  readonly host: string;
}

/** Every host that these settings would send something to beside the calls' own signalling and media. */
export function outwardTargets(config: Config): readonly Target[] {
  const found: Target[] = [];
  walk(config, "", found);
  return found;
}

function walk(value: unknown, path: string, found: Target[]): void {
  if (OF_THE_CALL.has(path)) return;
  if (typeof value === "string") {
    const host = hostOf(value, path);
    if (host !== undefined) found.push({ path, host });
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`, found);
}

function hostOf(text: string, path: string): string | undefined {
  if (/^[a-z][a-z+.-]*:\/\//i.test(text)) {
    const host = URL.canParse(text) ? hostOfUrl(new URL(text)) : text;
    // A database URL without a host, or with a folder, goes to a socket of this machine.
    return host === "" || host.startsWith("/") ? "localhost" : host;
  }
  const key = path.replace(/\.\d+$/, "").replace(/^.*\./, "");
  if (!HOST_KEY.test(key) || OWN_KEY.test(key) || text === "") return undefined;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return isIP(text) === 6 ? text : text.replace(/:\d+$/, "");
}

/** PostgreSQL's client takes the host in the query, the last one, before the one in front. */
function hostOfUrl({ protocol, hostname, searchParams }: URL): string {
  const asked = /^postgres(?:ql)?:$/.test(protocol) ? searchParams.getAll("host").at(-1) : undefined;
  return asked === undefined || asked === "" ? hostname.replace(/^\[|\]$/g, "") : asked;
}

/**
 * Strict-data mode: what stands against the start, one line each; none when it is off or everything stays in the house. Names are
 * compared as they are written: what a name resolves to is the operator's own DNS.
 */
export function strictDataProblems(config: Config): string[] {
  const { strict, allowedHosts } = config.privacy;
  if (!strict) return [];
  const networks = allowedHosts.filter((host) => isIP(host.replace(/\/\d+$/, "")) !== 0);
  const names = allowedHosts.filter((host) => !networks.includes(host)).map((host) => host.toLowerCase());
  const table = CidrTable.of(networks.map((network) => [network, true] as const));
  if (!table.ok) return [`privacy.allowedHosts: ${JSON.stringify(table.error.text)} is no address, network or name`];
  const allows = (host: string): boolean =>
    isIP(host) === 0 ? names.some((name) => matches(name, host.toLowerCase())) : table.value.has(host);
  return outwardTargets(config)
    .filter(({ host }) => !allows(host))
    .map(({ path, host }) => `${path}: strict-data mode: ${JSON.stringify(host)} is not in privacy.allowedHosts`);
}

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : pattern === host;
}
