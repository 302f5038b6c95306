import type { ApiLimits } from "../api/api-options.js";
import type { BackOfficeOptions } from "./back-office-options.js";

/** So that the listening side's own time-out is what a client is told. */
const ANALYSIS_SPARE_MS = 10_000;

/** What the configuration says of recordings that are bodies of requests. */
export function bodyLimits({ analysis, recordings }: BackOfficeOptions): Partial<ApiLimits> {
  const { timeoutMs: uploadTimeoutMs, atATime: uploads } = recordings?.config.upload ?? {};
  return {
    ...(uploadTimeoutMs === undefined ? {} : { uploadTimeoutMs }),
    ...(uploads === undefined ? {} : { uploads }),
    ...(analysis === undefined ? {} : analysisLimits(analysis)),
  };
}

/** As many are taken in as are listened to at a time, and as many more wait with their bytes. */
function analysisLimits({ maxBytes, maxJobs, timeoutMs }: NonNullable<BackOfficeOptions["analysis"]>) {
  return { analysisBytes: maxBytes, analysisRequests: 2 * maxJobs, analysisTimeoutMs: timeoutMs + ANALYSIS_SPARE_MS };
}
