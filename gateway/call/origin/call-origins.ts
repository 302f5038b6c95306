import type { CdrOrigin } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import type { IncomingInvite } from "../../ports/sip-endpoint.js";
import { parseJoin, parseReplaces, parseTargetDialog, type DialogReference } from "../../sip/message/header-values.js";
import { uriOf } from "../../sip/message/name-addr.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { ownText, unescapeUri } from "../../sip/message/text.js";
import type { CallIdentity, LiveCall } from "../contracts.js";
import type { DialogIndex } from "../dialog-index.js";
import { numberPart } from "../identify-call.js";
import type { Trunk, TrunkTable } from "../trunks.js";
import { Referrals, type Referral } from "./referrals.js";
import { SENT_ON_HEADERS, sentOn } from "./sent-on.js";

export interface CallOriginsDeps {
  readonly trunks: () => Pick<TrunkTable, "named">;
  readonly clock: Pick<Clock, "mono">;
}

/** A REFER that one side of a call has sent to the other. */
export interface PassedRefer {
  readonly call: LiveCall;
  /** Who is asked to call. */
  readonly receiver: "a" | "b";
  /** Where the receiver's last message came from or went to. */
  readonly address: string | undefined;
  readonly refer: SipRequest;
}

/** Longer ones name nobody who can be called. */
const MAX_TARGET = 256;

/**
 * Which call led to a new one. What an INVITE says of another call is written by whoever sends it, so a link needs more:
 *
 * - Replaces, Join and Target-Dialog count where Call-ID and both tags are those of a live dialog of ours: only who is in that call
 *   knows them (RFC 3891 §8).
 * - A transfer counts where we have passed its REFER on, and the INVITE comes from who was asked: of the caller's side by his trunk
 *   and number, of the called side by the address of its leg; and goes to whom the REFER named.
 * - Diversion, History-Info and Referred-By count from trusted trunks, and link to a live call of the same two parties.
 *
 * Memory: an entry a live call, and what `Referrals` says.
 */
export class CallOrigins {
  readonly #deps: CallOriginsDeps;
  readonly #referrals = new Referrals();
  readonly #passed = new WeakMap<SipRequest, () => void>();
  /** Live calls by who is called by whom; of several the newest. */
  readonly #pairs = new Map<string, LiveCall>();

  constructor(deps: CallOriginsDeps) {
    this.#deps = deps;
  }

  started(call: LiveCall): void {
    this.#pairs.set(pairOf(call.identity.called, call.identity.caller), call);
  }

  ended(call: LiveCall): void {
    const pair = pairOf(call.identity.called, call.identity.caller);
    if (this.#pairs.get(pair) === call) this.#pairs.delete(pair);
  }

  /** @returns Undefined: nothing led to it, or nobody can tell. */
  find(
    { request, source }: Pick<IncomingInvite, "request" | "source">,
    identity: CallIdentity,
    index: DialogIndex,
  ): CdrOrigin | undefined {
    const { headers } = request;
    const replaced = headers.has("replaces")
      ? liveCall(parseReplaces(headers.get("replaces") ?? ""), index)
      : undefined;
    const referral = this.#referralFor(headers.get("call-id") ?? "", source.address, identity, replaced);
    if (referral !== undefined) return originOf(referral, replaced);
    if (replaced !== undefined) return { transfer: replaced.callId };
    const joined = joinedCall(headers, index);
    const sent = this.#sentOn(headers, identity);
    if (sent !== undefined || joined === undefined) return sent;
    return { related: joined.callId };
  }

  /** Its INVITE may be here before its answer. */
  referred({ call, receiver, address, refer }: PassedRefer, index: DialogIndex): void {
    const { caller, called, trunk } = call.identity;
    const from = receiver === "a" ? callerAt(trunk, caller) : address;
    const uri = uriOf(refer.headers.get("refer-to") ?? "");
    if (from === undefined || uri === undefined) return;
    const target = numberPart(uri);
    const replaces = liveCall(replacesIn(uri), index);
    const by = receiver === "a" ? called : caller;
    const referral: Referral = {
      callId: call.callId,
      ...(isAnonymous(by) ? {} : { by }),
      // A switch may call as the one whom it transfers.
      callers: receiver === "a" ? [caller] : [called, caller],
      ...(target === undefined || target.length > MAX_TARGET ? {} : { target: ownText(target) }),
      ...(replaces === undefined ? {} : { replaces: replaces.callId }),
    };
    this.#passed.set(refer, this.#referrals.add(from, referral, this.#deps.clock.mono()));
  }

  /** Who was asked does not call. */
  refused(refer: SipRequest): void {
    this.#passed.get(refer)?.();
  }

  #referralFor(
    callId: string,
    address: string,
    { caller, called, trunk }: CallIdentity,
    replaced: LiveCall | undefined,
  ): Referral | undefined {
    if (this.#referrals.size === 0) return undefined;
    const numbers = this.#deps.trunks().named(trunk)?.settings.numbers;
    const fits = ({ callers, target, replaces }: Referral): boolean =>
      callers.includes(caller) &&
      ((replaced !== undefined && replaced.callId === replaces) ||
        (target !== undefined && numbers?.called(target) === called));
    return this.#referrals.take([callerAt(trunk, caller), address], ownText(callId), this.#deps.clock.mono(), fits);
  }

  #sentOn(headers: SipHeaders, { caller, trunk }: CallIdentity): CdrOrigin | undefined {
    if (!SENT_ON_HEADERS.some((key) => headers.has(key))) return undefined;
    const settings: Trunk["settings"] | undefined = this.#deps.trunks().named(trunk)?.settings;
    const sent = settings?.trusted === true ? sentOn(headers) : undefined;
    const by = sent === undefined ? undefined : settings?.numbers.canonical(sent.by);
    if (sent === undefined || by === undefined || by === "") return undefined;
    const forwarded = { kind: sent.kind, by: ownText(by) };
    const isTransfer = sent.kind === "transfer";
    const before = isAnonymous(caller) ? undefined : this.#liveBetween(by, caller, isTransfer);
    if (before === undefined) return { forwarded };
    return isTransfer ? { transfer: before.callId, forwarded } : { related: before.callId, forwarded };
  }

  /** Who transfers may have been called, or have called. */
  #liveBetween(by: string, other: string, bothWays: boolean): LiveCall | undefined {
    return this.#pairs.get(pairOf(by, other)) ?? (bothWays ? this.#pairs.get(pairOf(other, by)) : undefined);
  }
}

function originOf({ callId, by, replaces }: Referral, replaced: LiveCall | undefined): CdrOrigin {
  const related = replaced?.callId ?? replaces;
  return {
    transfer: callId,
    ...(related === undefined || related === callId ? {} : { related }),
    forwarded: { kind: "transfer", ...(by === undefined ? {} : { by }) },
  };
}

/** The reference may be as its writer sees the dialog, or as we have mapped it for who gets it: identifier-mapping.ts. */
function liveCall(reference: DialogReference | undefined, index: DialogIndex): LiveCall | undefined {
  if (reference === undefined) return undefined;
  const { callId, toTag, fromTag } = reference;
  const found =
    index.find({ callId, ours: toTag, theirs: fromTag }) ?? index.find({ callId, ours: fromTag, theirs: toTag });
  return found?.call;
}

function joinedCall(headers: SipHeaders, index: DialogIndex): LiveCall | undefined {
  const join = headers.get("join");
  const target = headers.get("target-dialog");
  return (
    (join === undefined ? undefined : liveCall(parseJoin(join), index)) ??
    (target === undefined ? undefined : liveCall(parseTargetDialog(target), index))
  );
}

/** RFC 3261 §19.1.1: header fields of a URI are escaped. */
function replacesIn(uri: string): DialogReference | undefined {
  const question = uri.indexOf("?");
  if (question < 0) return undefined;
  for (const field of uri.slice(question + 1).split("&", 16)) {
    const equals = field.indexOf("=");
    if (equals > 0 && unescapeUri(field.slice(0, equals)).toLowerCase() === "replaces")
      return parseReplaces(unescapeUri(field.slice(equals + 1)));
  }
  return undefined;
}

/** No address has a blank in it. */
const callerAt = (trunk: string, caller: string): string => `${trunk} ${caller}`;
const pairOf = (called: string, caller: string): string => `${called} ${caller}`;
const isAnonymous = (caller: string): boolean => caller.startsWith("anonymous@");
