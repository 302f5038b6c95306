import { enforceWarnings } from "../../detection/index.js";
import type { Config } from "../config/schema.js";

/** Keys below it can be guessed in a network's lifetime. */
const SHORT_KEY = 16;

/** What an operator should know before the first call. One stable code and one sentence each; no value is shown. */
export function startWarnings(
  config: Config,
  busyNumbers: number,
): readonly { readonly code: string; readonly why: string }[] {
  const warnings: { code: string; why: string }[] = [];
  for (const why of enforceWarnings(config.detection, busyNumbers)) warnings.push({ code: "detection", why });
  const { apiKeys } = config.http;
  if (apiKeys.some(({ key }) => !key.startsWith("sha256:") && key.length < SHORT_KEY))
    warnings.push({ code: "http.short-key", why: `an API key is shorter than ${SHORT_KEY} characters` });
  if (config.sip.nextHops.length === 0 && Object.keys(config.sip.hopGroups).length === 0)
    warnings.push({ code: "sip.no-next-hop", why: "sip.nextHops is empty: calls that are let through get 503" });
  if (config.sip.engine === "drachtio" && config.sip.drachtio.secret === "cymru")
    warnings.push({ code: "drachtio.default-secret", why: "sip.drachtio.secret is drachtio-server's default" });
  return warnings;
}
