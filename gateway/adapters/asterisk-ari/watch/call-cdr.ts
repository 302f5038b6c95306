import type { Cdr } from "../../../../detection/index.js";
import { statusOfCause } from "../../../core/q850.js";
import type { UnixMs } from "../../../core/time.js";
import type { CallParties } from "./watch-contracts.js";
import type { WatchedCall } from "./watched-call.js";

const FORBIDDEN = 403;
const NOT_AVAILABLE = 480;
const CANCELLED = 487;
const DECLINED = 603;
/** Q.850: requested channel not available. chan_pjsip ends a call with it when no RTP has come for `rtp_timeout`. */
const CHANNEL_UNAVAILABLE = 44;

/**
 * What became of a call of an Asterisk. Start, answer and end are those of the channel that called in, as Asterisk's own CDR has
 * them (`durationMs` is its billsec).
 * @param id Unique for ever.
 * @param now Its end, where the call does not know that itself.
 */
export function cdrOf(call: WatchedCall, parties: CallParties, id: string, now: UnixMs): Cdr {
  const { answeredAt, q850 } = call;
  const byUs = call.orders.causeOf({ q850, answered: answeredAt !== undefined });
  const endedAt = call.endedAt ?? now;
  const status = answeredAt === undefined ? statusOf(call, byUs) : 200;
  return {
    id,
    callId: call.callId,
    ...(call.answeredLeg === undefined ? {} : { bCallId: call.answeredLeg }),
    caller: parties.caller,
    called: parties.called,
    trunk: parties.trunk,
    startedAt: call.startedAt,
    ...(call.ringingAt === undefined ? {} : { ringingAt: call.ringingAt }),
    ...(answeredAt === undefined ? {} : { answeredAt }),
    endedAt,
    durationMs: answeredAt === undefined ? 0 : Math.max(0, endedAt - answeredAt),
    status,
    endedBy: byUs === undefined ? endedBy(call, status) : "gateway",
    cause: byUs ?? causeOf(call, status),
    ...(q850 === undefined ? {} : { q850 }),
    ...(call.incidentId === undefined ? {} : { incidentId: call.incidentId }),
    emergency: parties.emergency,
  };
}

function causeOf(call: WatchedCall, status: number): Cdr["cause"] {
  if (call.answeredAt === undefined) return status === CANCELLED ? "cancelled" : "failed";
  return call.endUnseen ? "dead" : isSilent(call) ? "no-media" : "normal";
}

/** Nobody hung up: Asterisk gave it up, as the hop ends calls without media. */
const isSilent = ({ q850, partyHungUp }: WatchedCall): boolean => q850 === CHANNEL_UNAVAILABLE && !partyHungUp;

function statusOf({ q850, hungUpBy, orders }: WatchedCall, byUs: Cdr["cause"] | undefined): number {
  // A dialplan says 603. Over ARI only a cause can be given, and chan_pjsip makes 403 of it.
  if (byUs !== undefined) return orders.sent ? FORBIDDEN : DECLINED;
  // Asterisk gives no cause to a call that its caller gave up.
  if (q850 === undefined) return hungUpBy === "called" ? NOT_AVAILABLE : CANCELLED;
  return statusOfCause(q850) ?? NOT_AVAILABLE;
}

/** A call that was not answered and not given up was refused by the called side, or by the dialplan in its place. */
function endedBy(call: WatchedCall, status: number): Cdr["endedBy"] {
  if (call.answeredAt === undefined) return status === CANCELLED ? "caller" : "called";
  return isSilent(call) ? "gateway" : (call.hungUpBy ?? "called");
}
