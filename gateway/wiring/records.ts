import { DEFAULT_SITE, type CdrDetectionOptions } from "../../detection/index.js";
import type { Config } from "../config/schema.js";
import type { NormaliserOptions } from "../pipeline/records/normaliser.js";
import type { RecordsOptions } from "../workers/records-service.js";

/** How records are read and judged: the configuration's section as the intake and the detectors want it. */
export interface RecordSettings {
  readonly normaliser: NormaliserOptions;
  readonly detection: CdrDetectionOptions;
}

/** Sites without a country of their own read numbers as the default trunk does. */
export function recordSettings({ records, defaultTrunk }: Config): RecordSettings {
  const { numberPlan } = defaultTrunk;
  const sites: Record<string, NormaliserOptions["sites"][string]> = { default: { numberPlan } };
  const calendars: Record<string, CdrDetectionOptions["sites"][string]> = { default: DEFAULT_SITE };
  for (const [name, { region, timeZone, open, holidays }] of Object.entries(records.sites)) {
    sites[name] = { region, numberPlan: region === undefined ? numberPlan : { region } };
    calendars[name] = { timeZone, open, holidays };
  }
  return {
    normaliser: { sites, ownNumbers: records.ownNumbers, hasDefault: records.sites["default"] !== undefined },
    detection: { ...records.detection, sites: calendars },
  };
}

/** What the back office is told of it. Undefined: nothing feeds it. */
export function recordsOptions(config: Config): RecordsOptions | undefined {
  const { liveCalls, webex } = config.records;
  if (!liveCalls && !webex.enabled) return undefined;
  return {
    ...recordSettings(config),
    liveCalls,
    folder: config.store.folder,
    ...(webex.enabled ? { webex } : {}),
  };
}
