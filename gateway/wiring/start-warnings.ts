import { enforceWarnings } from "../../detection/index.js";
import type { Config } from "../config/schema.js";
import { asteriskWarnings } from "./asterisk/asterisk-warnings.js";

/** What an operator should know before the first call. One stable code and one sentence each; no value is shown. */
export function startWarnings(
  config: Config,
  busyNumbers: number,
): readonly { readonly code: string; readonly why: string }[] {
  const warnings: { code: string; why: string }[] = [];
  for (const why of enforceWarnings(config.detection, busyNumbers)) warnings.push({ code: "detection", why });
  // Who only asks over AGI or is watched over ARI sends no calls here.
  const { agi, servers } = config.asterisk;
  const isBesideOnly = agi.enabled || servers.length > 0;
  if (!isBesideOnly && config.sip.nextHops.length === 0 && Object.keys(config.sip.hopGroups).length === 0)
    warnings.push({ code: "sip.no-next-hop", why: "sip.nextHops is empty: calls that are let through get 503" });
  if (config.sip.engine === "drachtio" && config.sip.drachtio.secret === "cymru")
    warnings.push({ code: "drachtio.default-secret", why: "sip.drachtio.secret is drachtio-server's default" });
  return [...warnings, ...asteriskWarnings(config)];
}
