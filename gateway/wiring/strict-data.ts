import { isIP } from "node:net";
import type { Config } from "../config/schema.js";
import { CidrTable } from "../core/cidr.js";
import { fail, ok, type Result } from "../core/result.js";

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
  // What others are told; nobody here asks there.
  "identity.sign.x5u",
  // Where `ringfence models pull` fetches from; the gateway never asks there, and the command looks itself.
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
  // The service's address is a default: nothing is asked there before it is enabled.
  return config.records.webex.enabled ? found : found.filter(({ path }) => !path.startsWith("records.webex."));
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
  if (!config.privacy.strict) return [];
  const allows = allowedHostsOf(config);
  if (!allows.ok) return [allows.error];
  const hosts = outwardTargets(config)
    .filter(({ host }) => !allows.value(host))
    .map(({ path, host }) => `${path}: strict-data mode: ${JSON.stringify(host)} is not in privacy.allowedHosts`);
  return [...hosts, ...moduleProblems(config)];
}

/** What a module does is written nowhere in the settings. */
function moduleProblems({ speech, privacy }: Config): string[] {
  if (privacy.allowModules || speech.engine !== "module") return [];
  return [
    "speech.engine: strict-data mode: a module may send anything anywhere; privacy.allowModules: true vouches for it",
  ];
}

/** Whether strict-data mode lets something go to a host; or what is wrong with the list. */
export function allowedHostsOf({ privacy }: Config): Result<(host: string) => boolean, string> {
  const { allowedHosts } = privacy;
  const networks = allowedHosts.filter((host) => isIP(host.replace(/\/\d+$/, "")) !== 0);
  const names = allowedHosts.filter((host) => !networks.includes(host)).map((host) => host.toLowerCase());
  const table = CidrTable.of(networks.map((network) => [network, true] as const));
  if (!table.ok) {
    return fail(`privacy.allowedHosts: ${JSON.stringify(table.error.text)} is no address, network or name`);
  }
  return ok((host) =>
    isIP(host) === 0 ? names.some((name) => matches(name, host.toLowerCase())) : table.value.has(host),
  );
}

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : pattern === host;
}
