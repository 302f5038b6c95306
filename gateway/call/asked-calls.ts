import type { Cdr, UnixMs } from "../../detection/index.js";
import { statusOfCause } from "../core/q850.js";
import { unixMs } from "../core/time.js";
import type { CallVerdict, EndedCall } from "../ports/call-verdict.js";
import type { CallIdentity } from "./contracts.js";

interface AskedAbout {
  readonly identity: CallIdentity;
  /** As it came. */
  readonly called: string;
}

interface Asked extends AskedAbout {
  readonly askedAt: UnixMs;
  blocked: boolean;
  incidentId: string | undefined;
}

/** Of a call that was not answered, and of one that its caller gave up. */
const NOT_AVAILABLE = 480;
const CANCELLED = 487;
const DECLINED = 603;
/** Q.850: normal call clearing; Asterisk gives it, or none, to a call that its caller gave up. */
const NORMAL_CLEARING = 16;
const CALL_REJECTED = 21;
/** Asterisk gives it to an answered call that it ends as no RTP came. */
const CHANNEL_UNAVAILABLE = 44;

/**
 * Calls that a dialplan has asked about and that nobody else records: their CDR is written from the dialplan's report. The one that was
 * asked about longest ago is forgotten first, and has none.
 */
export class AskedCalls {
  readonly #most: number;
  readonly #calls = new Map<string, Asked>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Asked about again, the first time counts for when it began. */
  asked(
    callId: string,
    about: AskedAbout,
    { verdict, incidentId }: Pick<CallVerdict, "verdict" | "incidentId">,
    at: UnixMs,
  ): void {
    const known = this.#calls.get(callId);
    if (known !== undefined) {
      known.blocked ||= verdict === "block";
      known.incidentId ??= incidentId;
      return;
    }
    if (this.#calls.size >= this.#most) {
      const [oldest] = this.#calls.keys();
      if (oldest !== undefined) this.#calls.delete(oldest);
    }
    this.#calls.set(callId, { ...about, askedAt: at, blocked: verdict === "block", incidentId });
  }

  /** As it came; undefined: it was not asked about, has ended, or is forgotten. */
  calledOf(callId: string): string | undefined {
    return this.#calls.get(callId)?.called;
  }

  /** Once. @returns Undefined: it was not asked about, or is forgotten. @param id Unique for ever. */
  ended({ callId, cause, durationMs, talkedMs = 0 }: EndedCall, id: string, at: UnixMs): Cdr | undefined {
    const call = this.#calls.get(callId);
    if (call === undefined) return undefined;
    this.#calls.delete(callId);
    const { identity, askedAt, blocked, incidentId } = call;
    const answered = talkedMs > 0;
    // A dialplan may let a call through all the same: what talked, and was not cut off, was not refused.
    const refused = blocked && (!answered || cause === CALL_REJECTED);
    const status = answered ? 200 : refused ? DECLINED : statusOf(cause);
    // Reports count in whole seconds.
    const startedAt = unixMs(Math.min(askedAt, durationMs === undefined ? askedAt : at - durationMs));
    const cancelled = status === CANCELLED;
    const silent = answered && cause === CHANNEL_UNAVAILABLE;
    return {
      id,
      callId,
      caller: identity.caller,
      called: identity.called,
      trunk: identity.trunk,
      startedAt,
      ...(answered ? { answeredAt: unixMs(Math.max(startedAt, at - talkedMs)) } : {}),
      endedAt: at,
      durationMs: answered ? Math.min(talkedMs, at - startedAt) : 0,
      status,
      endedBy: refused || silent ? "gateway" : cancelled ? "caller" : "called",
      cause: refused ? "refused" : silent ? "no-media" : answered ? "normal" : cancelled ? "cancelled" : "failed",
      ...(cause === undefined ? {} : { q850: cause }),
      ...(incidentId === undefined ? {} : { incidentId }),
      emergency: identity.emergency,
    };
  }
}

function statusOf(cause: number | undefined): number {
  if (cause === undefined || cause === NORMAL_CLEARING) return CANCELLED;
  return statusOfCause(cause) ?? NOT_AVAILABLE;
}
