import type { CallIdentity } from "../contracts.js";
import type { DisconnectResult } from "../../ports/gateway-control.js";
import type { CallRegistry } from "../call-registry.js";
import type { EndReason, LiveCall } from "../contracts.js";
import type { ForeignCalls } from "../foreign-calls.js";
import { identifyReported } from "../identify-call.js";
import { hopCallOf } from "../same-call.js";
import type { TeardownOrder, TeardownService } from "../teardown-service.js";
import type { Trunk, TrunkTable } from "../trunks.js";
import type { RecordedCall } from "./recording-contracts.js";

export interface RecordingBookDeps {
  readonly registry: Pick<CallRegistry, "withSipCallId" | "all">;
  readonly foreignCalls: Pick<ForeignCalls, "get" | "add" | "identify" | "delete">;
  readonly teardown: Pick<TeardownService, "endCalls">;
  readonly trunks: () => TrunkTable;
}

export interface RecordingBookOptions {
  /** The trunk whose number plan the calls of recording sessions follow; default: the one of their source, else `default`. */
  readonly trunk?: string;
}

/** A recorded call as the book has it. */
export interface BookedCall {
  readonly call: RecordedCall;
  readonly identity: CallIdentity;
  /**
   * The id under which another system, or the hop, has the call: a Call-ID that the metadata names; the recording's own id where
   * it names none.
   */
  readonly communicationId: string;
  /** Somebody else tells us of that call already: the hop carries it, or a switch reported it. */
  readonly knownElsewhere: boolean;
  /** We have put it among the foreign calls. */
  readonly added: boolean;
}

/** Calls of the hop that are looked through for one with the same numbers. */
const MOST_SEARCHED = 200_000;

/**
 * Which call a recording is of. A recording server has no way to end the call that is recorded; whoever carries it has: the hop,
 * where one of its calls is meant, else the systems behind the outward teardown adapters, which know it by its Call-ID.
 *
 * It stands in front of `TeardownService`: orders may name recordings, and the calls that are recorded are ended.
 */
export class RecordingBook {
  readonly #options: RecordingBookOptions;
  readonly #deps: RecordingBookDeps;
  readonly #calls = new Map<string, BookedCall>();

  constructor(options: RecordingBookOptions, deps: RecordingBookDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get(recordingCallId: string): BookedCall | undefined {
    return this.#calls.get(recordingCallId);
  }

  /** A recorded call begins, or more is known of it. It keeps the id that it was known under first. */
  put(call: RecordedCall): BookedCall {
    const before = this.#calls.get(call.recordingCallId);
    const communicationId = before?.added === true ? before.communicationId : this.#communicationId(call);
    const { foreignCalls } = this.#deps;
    const identity = this.#identify(call);
    const isNew = before?.added !== true;
    const knownElsewhere = isNew
      ? this.#hopCall(communicationId, identity) !== undefined || foreignCalls.get(communicationId) !== undefined
      : before.knownElsewhere;
    const added = isNew ? !knownElsewhere && foreignCalls.add({ callId: communicationId }, identity) : before.added;
    if (before?.added === true) foreignCalls.identify(communicationId, identity);
    const booked = { call, identity, communicationId, knownElsewhere, added };
    this.#calls.set(call.recordingCallId, booked);
    return booked;
  }

  /** Under which id a call is heard: the one that it has elsewhere, or its recording's. */
  heardAs(callId: string): string {
    if (this.#calls.has(callId)) return callId;
    for (const [recordingCallId, { communicationId }] of this.#calls)
      if (communicationId === callId) return recordingCallId;
    return callId;
  }

  remove(recordingCallId: string): BookedCall | undefined {
    const booked = this.#calls.get(recordingCallId);
    if (booked === undefined) return undefined;
    this.#calls.delete(recordingCallId);
    if (booked.added) this.#deps.foreignCalls.delete(booked.communicationId);
    return booked;
  }

  /** Ends the calls that are meant; recordings among them are answered for under their own ids. Never rejects. */
  async endCalls(order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const isSpared = (callId: string): boolean => this.#calls.get(callId)?.identity.emergency === true;
    const meant = order.callIds.filter((callId) => !isSpared(callId));
    const elsewhere = new Set(meant.filter((callId) => this.#isElsewhere(callId)));
    const here = meant.filter((callId) => !elsewhere.has(callId));
    const orders =
      elsewhere.size === 0 ? [] : [this.#endRecorded({ ...order, callIds: [...elsewhere], carriedBy: "elsewhere" })];
    if (here.length > 0 || orders.length === 0) orders.push(this.#endRecorded({ ...order, callIds: here }));
    const results = new Map((await Promise.all(orders)).flat().map((result) => [result.callId, result]));
    return order.callIds.map((callId): DisconnectResult => {
      const outcome = isSpared(callId) ? "emergency" : "unknown-call";
      return results.get(callId) ?? { callId, success: false, outcome, via: "none", tookMs: 0 };
    });
  }

  async #endRecorded(order: TeardownOrder): Promise<readonly DisconnectResult[]> {
    const targets = order.callIds.map((callId) => this.#targetOf(callId));
    const results = await this.#deps.teardown.endCalls({ ...order, callIds: targets });
    const byTarget = new Map(results.map((result) => [result.callId, result]));
    return order.callIds.flatMap((callId, at) => {
      const result = byTarget.get(targets[at] ?? "");
      return result === undefined ? [] : [{ ...result, callId }];
    });
  }

  /** Ends the call that is recorded under that id. */
  async endCommunicationSession(recordingCallId: string, reason: EndReason, actor: string): Promise<DisconnectResult> {
    const [result] = await this.endCalls({ callIds: [recordingCallId], reason, actor });
    return result ?? { callId: recordingCallId, success: false, outcome: "unknown-call", via: "none", tookMs: 0 };
  }

  /** What the teardown service is to end for an id. A call of the hop with these very numbers is meant, where there is only one. */
  #targetOf(callId: string): string {
    const booked = this.#calls.get(callId);
    if (booked === undefined) return callId;
    const { communicationId, identity } = booked;
    const [only, ...others] = this.#deps.registry.withSipCallId(communicationId);
    const isUnique = others.length === 0 && !this.#isElsewhere(callId);
    const named = this.#hopCall(communicationId, identity) ?? (isUnique ? only : undefined);
    return named?.callId ?? this.#onlyCallOf(identity) ?? communicationId;
  }

  /** Another system has a call of that id, and those of the hop under it are other ones: callers choose their Call-IDs. */
  #isElsewhere(callId: string): boolean {
    const booked = this.#calls.get(callId);
    if (booked === undefined || this.#deps.foreignCalls.get(booked.communicationId) === undefined) return false;
    const { communicationId, identity } = booked;
    return this.#hopCall(communicationId, identity) === undefined && this.#onlyCallOf(identity) === undefined;
  }

  #hopCall(sipCallId: string, identity: CallIdentity): LiveCall | undefined {
    return hopCallOf(this.#deps.registry.withSipCallId(sipCallId), identity);
  }

  #onlyCallOf({ caller, called }: CallIdentity): string | undefined {
    if (caller.startsWith("anonymous@") || called === "unknown") return undefined;
    let found: string | undefined;
    let searched = 0;
    for (const { callId, identity } of this.#deps.registry.all()) {
      if (++searched > MOST_SEARCHED) return undefined;
      if (identity.caller !== caller || identity.called !== called || callId === found) continue;
      if (found !== undefined) return undefined;
      found = callId;
    }
    return found;
  }

  /** The first Call-ID that somebody knows, else the first, else the recording's own. */
  #communicationId({ identifiers, sessionCallId, recordingCallId }: RecordedCall): string {
    const named = identifiers.filter(({ kind }) => kind === "call-id").map(({ value }) => value);
    const { registry, foreignCalls } = this.#deps;
    const known = [...named, sessionCallId].find(
      (id) => registry.withSipCallId(id).length > 0 || foreignCalls.get(id) !== undefined,
    );
    return known ?? named[0] ?? recordingCallId;
  }

  #identify({ caller, called, source }: RecordedCall): CallIdentity {
    const trunks = this.#deps.trunks();
    return identifyReported(numberText(caller?.aor), numberText(called?.aor), this.#trunkOf(trunks, source.address));
  }

  #trunkOf(trunks: TrunkTable, address: string): Trunk {
    const { trunk } = this.#options;
    return (trunk === undefined ? undefined : trunks.named(trunk)) ?? trunks.source(address).trunk ?? trunks.default;
  }
}

/** `user@host` without a scheme is a SIP URI whose scheme was forgotten. */
function numberText(aor: string | undefined): string {
  const text = (aor ?? "").trim();
  return text.includes("@") && !/^(?:sips?|tel|urn):/i.test(text) && !text.includes("<") ? `sip:${text}` : text;
}
