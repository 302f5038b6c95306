import type { Speaker } from "../../../detection/index.js";
import { unixMs, type UnixMs } from "../../core/time.js";
import type { SipSource } from "../../ports/sip-endpoint.js";
import type { CiscoForking } from "../../sip/siprec/cisco-forking.js";
import { mergeMetadata } from "../../sip/siprec/merge-metadata.js";
import { forkedParties, recordedParties, type RecordedParties } from "../../sip/siprec/recorded-parties.js";
import {
  METADATA_LIMITS,
  type CallIdentifier,
  type RecordingMetadata,
  type RecordingWarning,
} from "../../sip/siprec/recording-metadata.js";
import type { RecordedLine } from "../../sip/siprec/recording-sdp.js";
import type { RecordedCall, RecordingDeps, RecordingOptions } from "./recording-contracts.js";

export interface ConversationStart {
  /** Under which it is heard. */
  readonly recordingCallId: string;
  readonly sessionCallId: string;
  readonly source: SipSource;
  /** From the headers of its first INVITE. */
  readonly identifiers: readonly CallIdentifier[];
  /** Its two sides come in sessions of their own. */
  readonly forking: CiscoForking | undefined;
}

type ConversationDeps = Pick<RecordingDeps, "desk" | "listening" | "observers" | "clock">;

/**
 * One recorded call: what is known of it, and its place at the listening side. One recording session makes it, or two where a
 * Cisco phone forks each side by itself; it ends with the last of them.
 */
export class RecordedConversation {
  readonly callId: string;
  readonly calledSide: RecordedCall["calledSide"];
  readonly #start: ConversationStart;
  readonly #deps: ConversationDeps;
  readonly #arrivedAt: UnixMs;
  readonly #warnings = new Set<RecordingWarning>();
  readonly #taken = new Set<RecordingWarning>();
  readonly #ends = new Set<CiscoForking["end"]>();
  #metadata: RecordingMetadata | undefined;
  #parties: RecordedParties;
  #identifiers: readonly CallIdentifier[];
  #sessions = 0;
  #state: "new" | "heard" | "unheard" | "over" = "new";

  constructor(start: ConversationStart, options: Pick<RecordingOptions, "calledSide">, deps: ConversationDeps) {
    const { forking } = start;
    this.callId = start.recordingCallId;
    this.calledSide = forking === undefined ? options.calledSide : "agent";
    this.#start = start;
    this.#deps = deps;
    this.#arrivedAt = deps.clock.unix();
    this.#parties = forking === undefined ? recordedParties(undefined, []) : forkedParties(forking);
    this.#identifiers = unique([...start.identifiers, ...(forking?.identifiers ?? [])]);
  }

  /** An emergency call: it is recorded to us, but not heard. Known once it has begun. */
  get isSpared(): boolean {
    return this.#state === "unheard";
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Of the streams that metadata names, in its order. */
  get labels(): readonly string[] {
    return (this.#metadata?.streams ?? []).map(({ label }) => label);
  }

  get warnings(): ReadonlySet<RecordingWarning> {
    return this.#warnings;
  }

  /** @returns False: that end is being recorded already, by a session that is not over. */
  join(end: CiscoForking["end"] | undefined): boolean {
    if (end !== undefined && this.#ends.has(end)) return false;
    if (end !== undefined) this.#ends.add(end);
    this.#sessions++;
    return true;
  }

  leave(end: CiscoForking["end"] | undefined): void {
    if (end !== undefined) this.#ends.delete(end);
    this.#sessions--;
    if (this.#sessions === 0) this.#end();
  }

  /** Those that have come since it was asked last. */
  takeNewWarnings(): readonly RecordingWarning[] {
    const fresh = [...this.#warnings].filter((warning) => !this.#taken.has(warning));
    for (const warning of fresh) this.#taken.add(warning);
    return fresh;
  }

  warn(warnings: Iterable<RecordingWarning>): void {
    for (const warning of warnings) this.#warnings.add(warning);
  }

  /** More metadata, and names by which the call is known. */
  learn(change: RecordingMetadata | undefined, identifiers: readonly CallIdentifier[]): void {
    if (change !== undefined) {
      const { metadata, warnings } = mergeMetadata(this.#metadata, change);
      this.#metadata = metadata;
      this.warn(warnings);
    }
    this.#identifiers = unique([...this.#identifiers, ...(change?.identifiers ?? []), ...identifiers]);
  }

  /** Who speaks on each line of a session, and who called whom: as it is known now. */
  speakers(lines: readonly RecordedLine[], forking: CiscoForking | undefined): readonly Speaker[] {
    const heard = lines.filter(({ refused }) => refused === undefined);
    const parties =
      forking === undefined
        ? recordedParties(
            this.#metadata,
            heard.map(({ label }) => label),
          )
        : forkedParties(forking);
    this.#parties = parties;
    this.warn(parties.warnings);
    if (this.#metadata === undefined && forking === undefined) this.#warnings.add("no-metadata");
    let next = 0;
    return lines.map(({ refused }) => {
      const side = refused === undefined ? (parties.sides[next++] ?? parties.sides.at(-1)) : "caller";
      return side === "called" ? this.calledSide : "caller";
    });
  }

  /** Before the first stream opens. Does nothing when it has begun. */
  begin(): void {
    if (this.#state !== "new") return;
    const { desk, listening, observers } = this.#deps;
    const call = this.#view();
    const { identity, risk } = desk.begin(call);
    this.#state = identity.emergency ? "unheard" : "heard";
    const { caller, called, trunk } = identity;
    if (!identity.emergency)
      listening.open({ callId: this.callId, risk, calledSide: this.calledSide, parties: { caller, called, trunk } });
    for (const observer of observers) observer.onRecordedCall(call, identity);
  }

  /** After more was learned. Nothing before it has begun. */
  tell(): void {
    if (this.#state !== "heard" && this.#state !== "unheard") return;
    const call = this.#view();
    this.#deps.desk.changed(call);
    for (const observer of this.#deps.observers) observer.onRecordedCallChanged?.(call);
  }

  #end(): void {
    const begun = this.#state === "heard" || this.#state === "unheard";
    const wasHeard = this.#state === "heard";
    this.#state = "over";
    if (!begun) return;
    const at = this.#deps.clock.unix();
    if (wasHeard) this.#deps.listening.close(this.callId);
    this.#deps.desk.ended(this.callId, at);
    for (const observer of this.#deps.observers) observer.onRecordedCallEnded?.(this.callId, at);
  }

  #view(): RecordedCall {
    const { sessionCallId, source } = this.#start;
    const startedAt = this.#metadata?.sessions.find((session) => session.startedAt !== undefined)?.startedAt;
    return {
      recordingCallId: this.callId,
      sessionCallId,
      identifiers: this.#identifiers,
      caller: this.#parties.caller,
      called: this.#parties.called,
      calledSide: this.calledSide,
      source,
      startedAt: startedAt === undefined ? undefined : unixMs(startedAt),
      arrivedAt: this.#arrivedAt,
      warnings: [...this.#warnings],
    };
  }
}

function unique(identifiers: readonly CallIdentifier[]): readonly CallIdentifier[] {
  const seen = new Map(identifiers.map((each) => [`${each.kind} ${each.value}`, each]));
  return [...seen.values()].slice(0, METADATA_LIMITS.identifiers);
}
