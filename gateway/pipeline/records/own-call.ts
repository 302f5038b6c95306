import type { CallRecord, Cdr } from "../../../detection/index.js";
import { readAsteriskCallId } from "../../core/asterisk-call-id.js";
import type { RawCall } from "./raw-call.js";

/** What a final status of SIP says of a call. RFC 3261 §21 */
const OUTCOMES: Readonly<Record<number, CallRecord["outcome"]>> = {
  408: "no-answer",
  480: "no-answer",
  486: "busy",
  487: "cancelled",
  600: "busy",
  603: "refused",
  607: "refused",
  608: "refused",
};
const FAILURES: Readonly<Record<number, NonNullable<CallRecord["failure"]>>> = {
  403: "other",
  404: "unallocated",
  410: "unallocated",
  484: "unallocated",
  503: "congestion",
  604: "unallocated",
};

/** A call that the hop carried, or that a watched Asterisk told of, as a call record. */
export function rawOfCdr(cdr: Cdr): RawCall {
  const answered = cdr.answeredAt !== undefined;
  const failure = isRefusedPassword(cdr) ? "authentication" : FAILURES[cdr.status];
  return {
    source: sourceOf(cdr),
    id: cdr.id,
    callId: cdr.callId,
    caller: cdr.caller,
    called: cdr.called,
    ...(cdr.emergency ? { numberClass: "emergency" as const } : {}),
    startedAt: cdr.startedAt,
    ...(cdr.answeredAt === undefined ? {} : { answeredAt: cdr.answeredAt }),
    endedAt: cdr.endedAt,
    durationMs: cdr.durationMs,
    ...(cdr.ringingAt === undefined ? {} : { ringMs: Math.max(0, (cdr.answeredAt ?? cdr.endedAt) - cdr.ringingAt) }),
    outcome: answered ? "answered" : (OUTCOMES[cdr.status] ?? "failed"),
    ...(answered || failure === undefined ? {} : { failure }),
    trunk: cdr.trunk,
    ...(cdr.encrypted === undefined ? {} : { encrypted: cdr.encrypted }),
    ...originOf(cdr),
    reportedAt: cdr.endedAt,
  };
}

function originOf({ origin }: Cdr): Pick<RawCall, "transfer" | "related" | "forwardKind" | "forwardedBy"> {
  if (origin === undefined) return {};
  const { transfer, related, forwarded } = origin;
  return {
    ...(transfer === undefined ? {} : { transfer }),
    ...(related === undefined ? {} : { related }),
    ...(forwarded === undefined ? {} : { forwardKind: forwarded.kind }),
    ...(forwarded?.by === undefined ? {} : { forwardedBy: forwarded.by }),
  };
}

const sourceOf = ({ callId }: Cdr): RawCall["source"] =>
  readAsteriskCallId(callId) === undefined ? "hop" : "asterisk";

/**
 * A challenge is no failure: every honest digest call begins with one, and comes again with credentials (RFC 3261 §22.2, §22.3).
 * Challenged with credentials: they were wrong. 403 says nothing of them: whoever is barred gets it too.
 */
const isRefusedPassword = ({ status, hadCredentials }: Cdr): boolean =>
  (status === 401 || status === 407) && hadCredentials === true;
