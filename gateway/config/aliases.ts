import { fail, ok, type Result } from "../core/result.js";

export type Environment = Readonly<Record<string, string | undefined>>;

interface Alias {
  /** The name that switches already set (the source's table). */
  readonly alias: string;
  /** Our name for the same key. */
  readonly canonical: string;
  readonly convert: (raw: string) => string | undefined;
}

const same = (raw: string): string => raw;

/** The environment variables of the service that ours replaces. `HTTP_PORT=5000` means `http.listenPort`. */
export const ALIASES: readonly Alias[] = [
  { alias: "DETECTION_WINDOW_SEC", canonical: "DETECTION_MASKING_WINDOW_MS", convert: secondsToMs },
  { alias: "DETECTION_THRESHOLD", canonical: "DETECTION_MASKING_THRESHOLD", convert: same },
  { alias: "SWITCH_PROTOCOL", canonical: "SWITCHES_PROTOCOL", convert: same },
  { alias: "VOICE_SWITCH_API_URL", canonical: "SWITCHES_VOICE_SWITCH_URL", convert: same },
  { alias: "KAMAILIO_MI_URL", canonical: "SWITCHES_KAMAILIO_URL", convert: same },
  { alias: "HTTP_PORT", canonical: "HTTP_LISTEN_PORT", convert: same },
  { alias: "WEBHOOK_URL", canonical: "WEBHOOK_ALERT_URL", convert: same },
  { alias: "LOG_LEVEL", canonical: "LOGS_LEVEL", convert: (raw) => raw.toLowerCase() },
  { alias: "DATABASE_URL", canonical: "STORE_DATABASE_URL", convert: same },
  { alias: "WEBEX_ACCESS_TOKEN", canonical: "RECORDS_WEBEX_ACCESS_TOKEN", convert: same },
  { alias: "WEBEX_ORG_ID", canonical: "RECORDS_WEBEX_ORG_ID", convert: same },
];

function secondsToMs(raw: string): string | undefined {
  const seconds = Number(raw);
  return raw.trim() !== "" && Number.isFinite(seconds) ? String(Math.round(seconds * 1000)) : undefined;
}

/** @returns The environment with the aliases' canonical names filled in, or every disagreement and bad value. */
export function applyAliases(env: Environment): Result<Environment, readonly string[]> {
  const out: Record<string, string | undefined> = { ...env };
  const problems: string[] = [];
  for (const { alias, canonical, convert } of ALIASES) {
    const raw = env[alias];
    if (raw === undefined || raw === "") continue;
    const value = convert(raw);
    if (value === undefined) problems.push(`${alias}: not a number`);
    else if (env[canonical] !== undefined && env[canonical] !== value) {
      problems.push(`${alias} and ${canonical} are the same key and disagree; set one of them`);
    } else out[canonical] = value;
  }
  return problems.length > 0 ? fail(problems) : ok(out);
}

/** The name under which a key was really set: `HTTP_PORT` for `HTTP_LISTEN_PORT` where only that is there. */
export function aliasOf(canonical: string, env: Environment): string {
  if (env[canonical] !== undefined) return canonical;
  return ALIASES.find((each) => each.canonical === canonical && env[each.alias] !== undefined)?.alias ?? canonical;
}
