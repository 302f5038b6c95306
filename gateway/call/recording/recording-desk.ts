import type { CallEnded, Decision } from "../../../detection/index.js";
import { unixMs, type UnixMs } from "../../core/time.js";
import type { ActionCarrier } from "../carry-out.js";
import type { CallScreen } from "../contracts.js";
import { fraudReason } from "../end-reasons.js";
import { riskOf } from "../risk.js";
import type { BookedCall, RecordingBook } from "./recording-book.js";
import type { RecordedCall, RecordedCallDesk, RecordedVerdict } from "./recording-contracts.js";

export interface RecordingDeskOptions {
  /** Tell detection of calls whose caller and called side the metadata names. */
  readonly report: boolean;
}

export interface RecordingDeskDeps {
  readonly book: RecordingBook;
  readonly screen: CallScreen;
  readonly carrier: Pick<ActionCarrier, "carryOut">;
}

/** A start that the client tells of counts when it is this close; RFC 7865's times are by its own clock. */
const TRUSTED_MS = 30_000;

/**
 * Makes facts of recorded calls, so that attacks on systems that the hop only observes are found too. A call that the hop carries
 * or a switch reports is theirs to tell of.
 */
export class RecordingDesk implements RecordedCallDesk {
  readonly #options: RecordingDeskOptions;
  readonly #deps: RecordingDeskDeps;
  /** Recording → the call as detection was told of it: another one, of the hop, may have its id. */
  readonly #told = new Map<string, Omit<CallEnded, "kind" | "at">>();

  constructor(options: RecordingDeskOptions, deps: RecordingDeskDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  begin(call: RecordedCall): RecordedVerdict {
    const booked = this.#deps.book.put(call);
    return { identity: booked.identity, risk: this.#tell(booked) };
  }

  changed(call: RecordedCall): void {
    this.#tell(this.#deps.book.put(call));
  }

  ended(recordingCallId: string, at: UnixMs): void {
    this.#deps.book.remove(recordingCallId);
    const told = this.#told.get(recordingCallId);
    if (told === undefined) return;
    this.#told.delete(recordingCallId);
    this.#deps.screen.callEnded({ kind: "call.ended", ...told, at });
  }

  /** Once a call, as soon as both sides are known. @returns How much it is suspected, 0–1. */
  #tell({ call, identity, communicationId, knownElsewhere }: BookedCall): number {
    const { recordingCallId, caller, called, arrivedAt, startedAt } = call;
    if (!this.#options.report || knownElsewhere || this.#told.has(recordingCallId)) return 0;
    if (isUnknown(caller?.aor) || isUnknown(called?.aor)) return 0;
    const { screen, carrier } = this.#deps;
    const isNear = startedAt !== undefined && Math.abs(startedAt - arrivedAt) <= TRUSTED_MS;
    const at = isNear ? unixMs(Math.min(startedAt, arrivedAt)) : arrivedAt;
    const told = { callId: communicationId, caller: identity.caller, called: identity.called };
    this.#told.set(recordingCallId, told);
    const decision = screen.callStarted({
      kind: "call.started",
      callId: communicationId,
      ...identity,
      at,
      arrivedAt,
      source: "siprec",
    });
    screen.callAnswered({ kind: "call.answered", ...told, at });
    carrier.carryOut(decision.actions);
    // Nobody asks us whether the call may go on, as a switch does: what would be refused is ended.
    const isOrdered = decision.actions.some(
      (action) => action.kind === "end-calls" && action.callIds.includes(communicationId),
    );
    if (decision.verdict === "refuse" && !isOrdered) this.#end(recordingCallId, decision);
    return riskOf(decision);
  }

  #end(recordingCallId: string, { incidentId = "", alertId = "" }: Decision): void {
    const reason = fraudReason("refused", incidentId, alertId);
    void this.#deps.book.endCommunicationSession(recordingCallId, reason, "policy");
  }
}

const isUnknown = (aor: string | undefined): boolean => aor === undefined || aor.trim() === "";
