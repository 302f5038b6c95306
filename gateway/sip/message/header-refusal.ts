import { allValues } from "./split-values.js";
import type { SipRequest } from "./sip-message.js";
import type { RequestFacts } from "./validate-request.js";

export interface HeaderRefusal {
  readonly status: 420 | 483;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Why a request goes no further by its header fields alone; undefined: it does. RFC 3261 §16.3 items 3 and 5 */
export function headerRefusal(request: SipRequest, facts: RequestFacts): HeaderRefusal | undefined {
  if (facts.maxForwards === 0 && request.method !== "OPTIONS") return { status: 483, headers: [] };
  if (!request.headers.has("proxy-require")) return undefined;
  const unsupported = allValues(request.headers, "proxy-require");
  if (unsupported.length === 0) return undefined;
  return { status: 420, headers: [["Unsupported", unsupported.join(", ")]] };
}
