import type { IncomingRequest, TurnedAway } from "../ports/sip-endpoint.js";
import { ownAnswer } from "./answers.js";
import type { Refusal } from "./contracts.js";

/** A refusal as the endpoint takes it, where nothing is kept of the request. */
export function turnedAway(refusal: Refusal | undefined, serverName: string): TurnedAway | undefined {
  if (refusal === undefined) return undefined;
  const { status, reason, headers, drop } = refusal;
  return drop === true ? "drop" : { ...ownAnswer(status, serverName, headers), reason };
}

/** The same for a request that has been let in as far as here. */
export function turnAway(
  request: IncomingRequest,
  { status, reason, headers, drop }: Refusal,
  serverName: string,
): void {
  if (drop === true && request.ignore !== undefined) request.ignore();
  else request.respond({ ...ownAnswer(status, serverName, headers), reason });
}
