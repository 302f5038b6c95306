import { isDeepStrictEqual } from "node:util";
import type { FraudDetection } from "../../detection/index.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Config } from "../config/schema.js";
import type { CallLayer } from "./call-layer.js";
import { configProblems } from "./check-config.js";
import { b2buaOptions, hopGroups } from "./sip-options.js";
import type { SipEngine } from "./sip-engine.js";
import { trunkTable, type MakeNumbers } from "./trunk-options.js";

export interface ReloadReport {
  /** Sections that are in force now. */
  readonly changed: readonly string[];
  /** Sections that differ and need a restart. */
  readonly ignored: readonly string[];
}

export interface ReloadDeps {
  readonly layer: CallLayer;
  readonly detection: FraudDetection;
  readonly engine: SipEngine;
  readonly makeNumbers: MakeNumbers;
  /** Puts `alerts` and `webhook` of it in force. @throws GatewayError `tls.certificate`: nothing is changed. */
  readonly reconfigureAlerts: (config: Config) => Promise<void>;
  readonly log: Log;
}

const HOP_KEYS = ["nextHops", "hopGroups"] as const;
const CALL_KEYS = [
  "maxForks",
  "maxPendingRequests",
  "maxStandalone",
  "setupTimeoutMs",
  "passRedirects",
  "redressUrl",
] as const;
/** Keys of `sip` that a reload applies; the other keys of `sip` are sockets and sizes. `hopTimeoutMs` is part of the trunks. */
const LIVE_SIP_KEYS: readonly string[] = [...HOP_KEYS, ...CALL_KEYS, "hopTimeoutMs"];
/** Keys of `limits` that are part of the trunk table. */
const LIVE_LIMITS: readonly string[] = ["trustedHops", "unknownSources"];

export interface Reloaded {
  readonly report: ReloadReport;
  /** What works now: the new values where they were applied, else the old ones. */
  readonly inForce: Config;
}

/**
 * Applies what can change without touching a call: trunks, next hops, rules, guard lists, certificates, alert routes.
 * @param before What is in force.
 * @throws GatewayError `config.invalid`, `tls.certificate`: nothing was changed, but for certificates that came before.
 */
export async function applyReload(before: Config, after: Config, deps: ReloadDeps): Promise<Reloaded> {
  const { layer, detection, engine, makeNumbers, log } = deps;
  const problems = configProblems(after);
  if (problems.length > 0) throw new GatewayError("config.invalid", problems.join("; "));
  const table = trunkTable(after, makeNumbers);
  if (!table.ok) throw new GatewayError("config.invalid", table.error);
  await engine.reloadCertificates();
  const changed: string[] = hasCertificates(before) ? ["certificates"] : [];
  const { alerts, webhook } = after;
  if (!isDeepStrictEqual([before.alerts, before.webhook], [alerts, webhook])) {
    await deps.reconfigureAlerts({ ...before, alerts, webhook });
    changed.push("alerts");
  }
  if (!isDeepStrictEqual(trunkPart(before), trunkPart(after))) {
    layer.admission.reload(table.value);
    changed.push("trunks");
  }
  const differs = (key: keyof Config["sip"]): boolean => !isDeepStrictEqual(before.sip[key], after.sip[key]);
  if (HOP_KEYS.some(differs)) {
    layer.hops.reconfigure(hopGroups(after.sip));
    changed.push("nextHops");
  }
  if (CALL_KEYS.some(differs)) {
    // What has sockets or other owners besides the B2BUA stays as it was.
    const { ownHost, serverName, maxCalls, endTimeoutMs } = b2buaOptions(before);
    layer.b2bua.reconfigure({ ...b2buaOptions(after), ownHost, serverName, maxCalls, endTimeoutMs });
    changed.push("calls");
  }
  if (!isDeepStrictEqual(before.detection, after.detection)) {
    detection.reconfigure(after.detection);
    changed.push("detection");
  }
  if (!isDeepStrictEqual(before.detection, after.detection) || !isDeepStrictEqual(ladder(before), ladder(after))) {
    layer.threat?.reconfigure({ ...after, threat: { ...after.threat, judge: before.threat.judge } });
    if (!isDeepStrictEqual(ladder(before), ladder(after))) changed.push("threat");
  }
  if (!isDeepStrictEqual(choices(before), choices(after))) {
    layer.verdicts.reconfigure(after.asterisk.verdict);
    changed.push("asterisk.verdict");
  }
  const report = { changed, ignored: needRestart(before, after) };
  log.info("config.reloaded", { changed: changed.join(","), needRestart: report.ignored.join(",") });
  return { report, inForce: valuesInForce(before, after) };
}

function valuesInForce(before: Config, after: Config): Config {
  const { trunks, defaultTrunk, detection, threat, alerts, webhook } = after;
  return {
    ...before,
    alerts,
    webhook,
    threat: withKeysOf(threat, before.threat, FIXED_THREAT),
    trunks,
    defaultTrunk,
    detection: { ...detection, memory: before.detection.memory },
    sip: withKeysOf(before.sip, after.sip, LIVE_SIP_KEYS),
    limits: withKeysOf(before.limits, after.limits, LIVE_LIMITS),
    asterisk: {
      ...before.asterisk,
      verdict: { ...after.asterisk.verdict, rememberedCallers: before.asterisk.verdict.rememberedCallers },
    },
  };
}

/** Keys of `threat` that are made at start: the judge, the prompt, the sizes of tables. */
const FIXED_THREAT = ["judge", "warningFile", "historyCallers", "historyHalfLifeMs", "maxCalls"] as const;

/** The rest of it: what a reload applies. */
const ladder = ({ threat }: Config): unknown => withKeysOf(threat, {}, FIXED_THREAT);

/** Files that are read again with every reload: those of the sockets that are open. */
const hasCertificates = ({ sip }: Config): boolean =>
  sip.engine === "embedded" &&
  (sip.listeners.some(({ protocol }) => protocol === "tls") ||
    [sip.tlsClient.certFile, sip.tlsClient.caFile].some((file) => file !== undefined));

/** Of `asterisk.verdict`: all but the size of a table. */
const choices = ({ asterisk }: Config): unknown => ({ ...asterisk.verdict, rememberedCallers: 0 });

/** `old` with these keys as `fresh` has them; one that it has not is left out. */
function withKeysOf<T extends object>(old: T, fresh: Partial<T>, keys: readonly string[]): T {
  const entries = [
    ...Object.entries(old).filter(([key]) => !keys.includes(key)),
    ...Object.entries(fresh).filter(([key]) => keys.includes(key)),
  ];
  return Object.fromEntries(entries) as T;
}

const trunkPart = ({ trunks, defaultTrunk, limits, sip }: Config): unknown => [
  trunks,
  defaultTrunk,
  limits.trustedHops,
  limits.unknownSources,
  sip.hopTimeoutMs,
];

function needRestart(before: Config, after: Config): string[] {
  const fixed = [
    "http",
    "metrics",
    "store",
    "access",
    "records",
    "recordings",
    "reports",
    "switches",
    "recovery",
    "observability",
    "logs",
    "media",
    "speech",
    "recording",
    "privacy",
    "identity",
  ] as const;
  const names: string[] = fixed.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  names.push(...differing("sip", before.sip, after.sip, LIVE_SIP_KEYS));
  names.push(...differing("asterisk", before.asterisk, after.asterisk, ["verdict"]));
  if (before.asterisk.verdict.rememberedCallers !== after.asterisk.verdict.rememberedCallers)
    names.push("asterisk.verdict.rememberedCallers");
  names.push(...differing("limits", before.limits, after.limits, LIVE_LIMITS));
  if (!isDeepStrictEqual(before.detection.memory, after.detection.memory)) names.push("detection.memory");
  const fixedThreat = FIXED_THREAT.filter((key) => !isDeepStrictEqual(before.threat[key], after.threat[key]));
  names.push(...fixedThreat.map((key) => `threat.${key}`));
  return names;
}

function differing(section: string, before: object, after: object, live: readonly string[]): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const fresh = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((key) => !live.includes(key) && !isDeepStrictEqual(old.get(key), fresh.get(key)))
    .map((key) => `${section}.${key}`);
}
