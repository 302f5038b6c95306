import { isDeepStrictEqual } from "node:util";
import type { FraudDetection } from "../../detection/index.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Config } from "../config/schema.js";
import { b2buaOptions, type CallLayer } from "./call-layer.js";
import { hopGroups } from "./sip-options.js";
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
/** Keys of `sip` that a reload applies; the other keys of `sip` are sockets and sizes. */
const LIVE_SIP_KEYS = [...HOP_KEYS, ...CALL_KEYS] as const;

/**
 * Applies what can change without touching a call: trunks, next hops, rules, guard lists, certificates.
 * @throws GatewayError `config.invalid`, `tls.certificate`: nothing was changed, but for certificates that came before.
 */
export async function applyReload(before: Config, after: Config, deps: ReloadDeps): Promise<ReloadReport> {
  const { layer, detection, engine, makeNumbers, log } = deps;
  const table = trunkTable(after, makeNumbers);
  if (!table.ok) throw new GatewayError("config.invalid", table.error);
  await engine.reloadCertificates();
  const changed: string[] = ["certificates"];
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
  const report = { changed, ignored: needRestart(before, after) };
  log.info("config.reloaded", { changed: changed.join(","), needRestart: report.ignored.join(",") });
  return report;
}

const trunkPart = ({ trunks, defaultTrunk, limits, sip }: Config): unknown => [
  trunks,
  defaultTrunk,
  limits.trustedHops,
  limits.unknownSources,
  sip.hopTimeoutMs,
];

function needRestart(before: Config, after: Config): string[] {
  const fixed = ["http", "metrics", "store", "webhook", "switches", "recovery", "observability", "logs"] as const;
  const names: string[] = fixed.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  for (const key of Object.keys(after.sip) as (keyof Config["sip"])[]) {
    const live = (LIVE_SIP_KEYS as readonly string[]).includes(key);
    if (!live && !isDeepStrictEqual(before.sip[key], after.sip[key])) names.push(`sip.${key}`);
  }
  if (!isDeepStrictEqual(before.detection.memory, after.detection.memory)) names.push("detection.memory");
  return names;
}
