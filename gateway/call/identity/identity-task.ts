import type { UnixMs } from "../../core/time.js";
import type { IncomingInvite } from "../../ports/sip-endpoint.js";
import { parseSipDate } from "../../sip/identity/freshness.js";
import { allValues } from "../../sip/message/split-values.js";
import type { Trunk } from "../trunks.js";
import { callersOf, formerTargets, targetOf } from "./call-parties.js";
import type { TrunkIdentity } from "./identity-contracts.js";
import type { CallToSign } from "./identity-signer.js";
import type { ClaimedIdentity } from "./identity-verifier.js";

/** What is to be done to one INVITE. */
export interface IdentityTask {
  readonly invite: IncomingInvite;
  readonly trunk: Trunk;
  readonly settings: TrunkIdentity;
  /** Undefined: it is not verified. */
  readonly claimed: ClaimedIdentity | undefined;
  /** All that signing needs but the verdict; undefined: it is not signed. */
  readonly signing: Omit<CallToSign, "verified"> | undefined;
}

export interface TaskRules {
  readonly destination: "request-uri" | "to";
  /** There is a key. */
  readonly canSign: boolean;
  readonly at: UnixMs;
}

/** @param caller The number that the call counts for. */
export function identityTask(
  invite: IncomingInvite,
  trunk: Trunk,
  settings: TrunkIdentity,
  caller: string,
  { destination, canSign, at }: TaskRules,
): IdentityTask {
  const { request } = invite;
  const { numbers, trusted } = trunk.settings;
  const { headers } = request;
  const values = headers.has("identity") ? allValues(headers, "identity") : [];
  const date = headers.get("date");
  const dateMs = date === undefined ? undefined : parseSipDate(date);
  const target = targetOf(request, numbers);
  const keys = [...(trusted ? ["diversion", "history-info"] : []), ...(destination === "to" ? ["to"] : [])];
  const claimed = settings.verify
    ? {
        trunk: trunk.id,
        values,
        callers: callersOf(request, caller, trunk.settings),
        targets: target === undefined ? [] : [target],
        formerTargets: formerTargets(headers, keys, numbers),
        dateMs,
        at,
      }
    : undefined;
  const signing = settings.sign === undefined || !canSign ? undefined : { caller, target, values, dateMs };
  return { invite, trunk, settings, claimed, signing };
}
