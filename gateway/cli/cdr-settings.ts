import type { ConfigProblems } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { ok, type Result } from "../core/result.js";
import { unixMs, type UnixMs } from "../core/time.js";
import { recordSettings, type RecordSettings } from "../wiring/records.js";
import { readConfig } from "./read-config.js";

export interface ImportRecordSettings extends RecordSettings {
  readonly store: Config["store"];
}

/** Of a configuration file; without one, of the built-in defaults and the environment. */
export function importSettings(file: string | undefined): Result<ImportRecordSettings, ConfigProblems> {
  const config = readConfig({ file });
  return config.ok ? ok({ ...recordSettings(config.value), store: config.value.store }) : config;
}

/** Calls that begin so much later than now have a wrong time; zones are a day apart at most. */
const FUTURE_MS = 86_400_000;

/** Until when a call of a file may have begun. */
export const latestStart = (): UnixMs => unixMs(Date.now() + FUTURE_MS);
