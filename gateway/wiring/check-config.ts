import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { knownRegions, NumberPlan } from "../../detection/index.js";
import { parseHop } from "../adapters/sip-embedded/resolver/parse-hop.js";
import type { Config } from "../config/schema.js";
import { CidrTable } from "../core/cidr.js";
import { GatewayError } from "../core/errors.js";
import { mediaSourceProblems } from "./asterisk/check-media-sources.js";
import { serverProblems } from "./asterisk/check-servers.js";
import { screeningProblems } from "./asterisk/check-screening.js";
import { accessProblems } from "./check-access.js";
import { alertProblems } from "./check-alerts.js";
import { guardProblems } from "./check-guard.js";
import { languageProblems } from "./check-language.js";
import { listenProblems } from "./check-listen.js";
import { portProblems } from "./check-ports.js";
import { sourceProblems } from "./check-sources.js";
import { identityProblems } from "./identity.js";
import { recordingsProblems } from "./recordings.js";
import { strictDataProblems } from "./strict-data.js";
import { readPrompt } from "./threat.js";
import { trunkTable } from "./trunk-options.js";

/** Most that the tables of detection may take when they are full, GiB. */
const MOST_MEMORY_GIB = 32;

/**
 * What the schema cannot see: values that do not fit each other, files that cannot be read, and what would be taken without
 * a word and never work. `config check`, `serve` and every reload ask it.
 * @returns One line each, `path: what`; none when the configuration can be served. No secret is in them.
 */
export function configProblems(config: Config): string[] {
  const problems = [
    ...addressProblems(config),
    ...tlsProblems(config),
    ...hopProblems(config),
    ...trunkProblems(config),
    ...networkProblems(config),
    ...sourceProblems(config),
    ...guardProblems(config),
    ...keyProblems(config),
    ...accessProblems(config),
    ...urlProblems(config),
    ...portProblems(config),
    ...listenProblems(config),
    ...memoryProblems(config),
    ...strictDataProblems(config),
    ...judgeProblems(config),
    ...speechProblems(config),
    ...languageProblems(config),
    ...mediaProblems(config),
    ...promptProblems(config),
    ...privacyProblems(config),
    ...mediaSourceProblems(config),
    ...serverProblems(config),
    ...screeningProblems(config),
    ...identityProblems(config),
    ...alertProblems(config),
    ...recordingsProblems(config),
  ];
  if (problems.length > 0) return problems;
  const table = trunkTable(config, (plan) => new NumberPlan(plan));
  return table.ok ? [] : [table.error];
}

/** Without those of files that cannot be read: certificates and keys are the gateway's, who imports or reports may not read them. */
export const problemsBesideFiles = (config: Config): string[] =>
  configProblems(config).filter((problem) => !/ cannot be read(?: \(\w+\))?$/.test(problem));

type Named = readonly [path: string, value: string];

function addressProblems({ sip, http, metrics, asterisk }: Config): string[] {
  const addresses: readonly Named[] = [
    ["sip.listenAddress", sip.listenAddress],
    ...sip.listeners.map(({ address }, i): Named => [`sip.listeners.${i}.address`, address]),
    ["http.listenAddress", http.listenAddress],
    ["metrics.listenAddress", metrics.listenAddress],
    ["asterisk.agi.listenAddress", asterisk.agi.listenAddress],
  ];
  return addresses
    .filter(([, address]) => isIP(address) === 0 && address !== "localhost")
    .map(([path, address]) => `${path}: ${quoted(address)} is no IPv4 or IPv6 address`);
}

/** Deletion by number finds a call's speech through its transcript. */
function privacyProblems({ privacy }: Config): string[] {
  const { keepAudio, keepTranscripts, audioDays, transcriptDays } = privacy;
  if (!keepAudio) return [];
  return [
    ...(keepTranscripts ? [] : ["privacy.keepAudio: only with keepTranscripts"]),
    ...(audioDays <= transcriptDays ? [] : ["privacy.audioDays: not more than transcriptDays"]),
  ];
}

function tlsProblems({ sip }: Config): string[] {
  if (sip.engine === "drachtio") return sip.drachtio.tls ? fileProblems("sip.drachtio", sip.drachtio, ["caFile"]) : [];
  const problems = sip.listeners.flatMap(({ protocol, tls }, i) => {
    const path = `sip.listeners.${i}.tls`;
    if (protocol !== "tls") return [];
    if (tls === undefined) return [`${path}: a tls listener needs certFile and keyFile`];
    const noAuthority = tls.requestCert && tls.caFile === undefined;
    return [
      ...(noAuthority ? [`${path}.caFile: requestCert needs it: who may sign client certificates`] : []),
      ...fileProblems(path, tls, ["certFile", "keyFile", "caFile"]),
    ];
  });
  const { certFile, keyFile } = sip.tlsClient;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push("sip.tlsClient: a client certificate needs both certFile and keyFile");
  }
  return [...problems, ...fileProblems("sip.tlsClient", sip.tlsClient, ["certFile", "keyFile", "caFile"])];
}

function fileProblems<Key extends string>(
  path: string,
  files: Readonly<Partial<Record<Key, unknown>>>,
  keys: readonly Key[],
): string[] {
  return keys.flatMap((key) => {
    const file = files[key];
    if (typeof file !== "string") return [];
    try {
      readFileSync(file);
      return [];
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      return [`${path}.${key}: ${quoted(file)} cannot be read (${why})`];
    }
  });
}

function hopProblems({ sip, trunks, defaultTrunk }: Config): string[] {
  const groups: readonly (readonly [path: string, hops: Config["sip"]["nextHops"]])[] = [
    ["sip.nextHops", sip.nextHops],
    ...Object.entries(sip.hopGroups).map(([name, hops]) => [`sip.hopGroups.${name}`, hops] as const),
  ];
  const problems = groups.flatMap(([path, hops]) =>
    hops.flatMap((hop, i) => {
      const text = typeof hop === "string" ? hop : hop.hop;
      return isPossibleHop(text) ? [] : [`${path}.${i}: ${quoted(text)} has no possible address, port or transport`];
    }),
  );
  const users: readonly Named[] = [
    ...trunks.map(({ hopGroup }, i): Named => [`trunks.${i}.hopGroup`, hopGroup]),
    ["defaultTrunk.hopGroup", defaultTrunk.hopGroup],
  ];
  const isGroup = (name: string): boolean => name === "default" || Object.hasOwn(sip.hopGroups, name);
  return [
    ...problems,
    ...users
      .filter(([, name]) => !isGroup(name))
      .map(([path, name]) => `${path}: sip.hopGroups has no ${quoted(name)}`),
  ];
}

/** What is all digits and dots is meant for an IPv4 address: no host has such a name (RFC 1123 §2.1). */
function isPossibleHop(text: string): boolean {
  const hop = parseHop(text);
  return hop.ok && (hop.value.literal || !/^[\d.]+$/.test(hop.value.host));
}

function trunkProblems({ trunks, defaultTrunk }: Config): string[] {
  const problems: string[] = [];
  const first = new Map<string, number>();
  for (const [i, { id }] of trunks.entries()) {
    const other = first.get(id);
    if (other === undefined) first.set(id, i);
    else problems.push(`trunks.${i}.id: ${quoted(id)} is the id of trunks.${other} too`);
  }
  const regions = new Set(knownRegions());
  for (const [path, { numberPlan }] of [
    ...trunks.map((trunk, i) => [`trunks.${i}`, trunk] as const),
    ["defaultTrunk", defaultTrunk] as const,
  ]) {
    const { region } = numberPlan;
    if (region !== undefined && !regions.has(region.toUpperCase())) {
      problems.push(`${path}.numberPlan.region: ${quoted(region)} is no region that is known`);
    }
  }
  return problems;
}

function networkProblems({ trunks, defaultTrunk, limits, http, asterisk }: Config): string[] {
  const lists: readonly (readonly [path: string, networks: readonly string[]])[] = [
    ...trunks.flatMap(({ sources, allowFrom }, i) => [
      [`trunks.${i}.sources`, sources] as const,
      [`trunks.${i}.allowFrom`, allowFrom] as const,
    ]),
    ["defaultTrunk.allowFrom", defaultTrunk.allowFrom],
    ["limits.trustedHops", limits.trustedHops],
    ["http.switchSources", http.switchSources],
    ["http.trustedProxies", http.trustedProxies],
    ["asterisk.agi.allowFrom", asterisk.agi.allowFrom],
  ];
  return lists.flatMap(([path, networks]) =>
    networks.flatMap((network, i) =>
      CidrTable.of([[network, true]]).ok ? [] : [`${path}.${i}: ${quoted(network)} is no address or network`],
    ),
  );
}

/** A key and its hash are the same key. Of two the later one's role would count, and the other's would be a surprise. */
function keyProblems({ http }: Config): string[] {
  const first = new Map<string, number>();
  return http.apiKeys.flatMap(({ key }, i) => {
    const hash = /^sha256:/i.test(key) ? key.slice(7).toLowerCase() : createHash("sha256").update(key).digest("hex");
    const other = first.get(hash);
    if (other === undefined) first.set(hash, i);
    return other === undefined ? [] : [`http.apiKeys.${i}.key: the same key as http.apiKeys.${other}`];
  });
}

/** URLs may hold credentials: they are not shown. */
function urlProblems({ webhook, switches }: Config): string[] {
  const urls: readonly (readonly [path: string, url: string | undefined])[] = [
    ["webhook.alertUrl", webhook.alertUrl],
    ["switches.voiceSwitchUrl", switches.voiceSwitchUrl],
    ["switches.kamailioUrl", switches.kamailioUrl],
    ["switches.opensipsUrl", switches.opensipsUrl],
  ];
  return urls
    .filter(([, url]) => url !== undefined && !/^https?:\/\/[^/]/i.test(url))
    .map(([path]) => `${path}: must begin with http:// or https://`);
}

function judgeProblems({ threat }: Config): string[] {
  const { engine, modelPath, url } = threat.judge;
  if (engine === "llama" && modelPath === undefined) return ["threat.judge.modelPath: engine llama needs a GGUF file"];
  if (engine === "openai" && url === undefined) return ["threat.judge.url: engine openai needs the server's base URL"];
  return [];
}

function speechProblems({ speech }: Config): string[] {
  const { engine, openai, module } = speech;
  if (engine === "openai" && openai.url === undefined) return ["speech.openai.url: engine openai needs it"];
  if (engine === "module" && module.path === undefined) return ["speech.module.path: engine module needs it"];
  return [];
}

function mediaProblems({ trunks, defaultTrunk, media, sip, speech }: Config): string[] {
  const named = [
    ...trunks.map(({ media: own }, i) => [`trunks.${i}.media`, own] as const),
    ["defaultTrunk.media", defaultTrunk.media] as const,
  ];
  const problems = named.flatMap(([path, { anchor, listen }]) => [
    ...(listen && anchor === "none" ? [`${path}.listen: needs an anchor: what passes us by cannot be heard`] : []),
    ...(listen && speech.engine === "none" ? [`${path}.listen: speech.engine is none: nobody would listen`] : []),
    ...(anchor === "rtpengine" && media.rtpengine.instances.length === 0
      ? [`${path}.anchor: media.rtpengine.instances names no rtpengine`]
      : []),
  ]);
  const { addresses, portRange } = media.relay;
  const wild = addresses.length === 0 && ["0.0.0.0", "::"].includes(sip.listenAddress);
  if (wild && named.some(([, { anchor }]) => anchor === "relay")) {
    problems.push("media.relay.addresses: sip.listenAddress is a wildcard: say which address media comes in by");
  }
  const families = addresses.map(({ address }) => isIP(address));
  if (new Set(families).size !== families.length)
    problems.push("media.relay.addresses: one of each family is the most");
  const { from, to } = portRange;
  if ((from === 0) !== (to === 0) || to < from || (from > 0 && to - from < 3)) {
    problems.push("media.relay.portRange: from and to are both 0, or a range of 4 ports or more");
  }
  return problems;
}

/** A file that is there and is no sound would stop the start. */
function promptProblems({ media, threat }: Config): string[] {
  const problems = [
    ...fileProblems("media", media, ["consentFile"]),
    ...fileProblems("threat", threat, ["warningFile"]),
  ];
  if (problems.length > 0) return problems;
  const prompts: readonly (readonly [path: string, file: string | undefined])[] = [
    ["media.consentFile", media.consentFile],
    ["threat.warningFile", threat.warningFile],
  ];
  return prompts.flatMap(([path, file]) => {
    try {
      if (file !== undefined) readPrompt(path, file);
      return [];
    } catch (error) {
      if (error instanceof GatewayError) return [error.message];
      throw error;
    }
  });
}

/** Without the tables that grow with use. */
function memoryProblems({ detection }: Config): string[] {
  const { windowMiB, trackedCalls, knownPairs, recentCalls } = detection.memory;
  const bytes =
    windowMiB * 2 ** 20 + 16 * powerOfTwo(trackedCalls) + 8 * powerOfTwo(knownPairs) + 208 * powerOfTwo(recentCalls);
  const gib = bytes / 2 ** 30;
  if (gib <= MOST_MEMORY_GIB) return [];
  return [`detection.memory: the tables would take ${Math.ceil(gib)} GiB, ${MOST_MEMORY_GIB} are the most`];
}

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast));

const quoted = (text: string): string => JSON.stringify(text);
