import { uriOf, withTag } from "../message/name-addr.js";

/** The names and numbers of one dialog, from our end. RFC 3261 §12 */
export interface DialogFacts {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Whole From/To values without tags. */
  readonly localParty: string;
  readonly remoteParty: string;
  readonly localCseq: number;
  readonly remoteCseq: number | undefined;
  /** The peer's Contact URI. */
  readonly remoteTarget: string;
  /** Route values, nearest first. */
  readonly routeSet: readonly string[];
  readonly secure: boolean;
}

/** Where a request in a dialog goes. RFC 3261 §12.2.1.1 */
export interface DialogRouting {
  /** The Request-URI. */
  readonly uri: string;
  readonly routes: readonly string[];
  /** The URI whose host the request is sent to. */
  readonly nextHop: string;
}

const MAX_CSEQ = 2 ** 31 - 1;

/** Dialog state without sockets and timers: sequence numbers, remote target, route set. */
export class DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localParty: string;
  readonly remoteParty: string;
  readonly secure: boolean;
  phase: "early" | "confirmed" | "terminated";
  #localCseq: number;
  #remoteCseq: number | undefined;
  #remoteTarget: string;
  #routeSet: readonly string[];
  #routing: DialogRouting | undefined;

  constructor(facts: DialogFacts, phase: "early" | "confirmed" | "terminated") {
    this.callId = facts.callId;
    this.localTag = facts.localTag;
    this.remoteTag = facts.remoteTag;
    this.localParty = facts.localParty;
    this.remoteParty = facts.remoteParty;
    this.secure = facts.secure;
    this.phase = phase;
    this.#localCseq = facts.localCseq;
    this.#remoteCseq = facts.remoteCseq;
    this.#remoteTarget = facts.remoteTarget;
    this.#routeSet = facts.routeSet;
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  get localCseq(): number {
    return this.#localCseq;
  }

  /** Our From value, tag and all; their To value. */
  get localValue(): string {
    return valueOf(this.localParty, this.localTag);
  }
  get remoteValue(): string {
    return valueOf(this.remoteParty, this.remoteTag);
  }

  /** For the next request of ours; starts again at 1 after 2^31−1 (no call gets there). */
  nextCseq(): number {
    this.#localCseq = this.#localCseq >= MAX_CSEQ ? 1 : this.#localCseq + 1;
    return this.#localCseq;
  }

  /** Somebody else numbers our requests: the next one is to be higher than this. */
  raiseCseq(sent: number): void {
    if (sent > this.#localCseq) this.#localCseq = sent;
  }

  /** @returns False: lower than one seen before, to be answered 500 (RFC 3261 §12.2.2). The number is kept otherwise. */
  takeRemoteCseq(cseq: number): boolean {
    if (this.#remoteCseq !== undefined && cseq < this.#remoteCseq) return false;
    this.#remoteCseq = cseq;
    return true;
  }

  /** A target refresh brought this Contact URI. */
  retarget(uri: string): void {
    if (uri === this.#remoteTarget) return;
    this.#remoteTarget = uri;
    this.#routing = undefined;
  }

  /** The 2xx may name another route set than the 1xx did: it is computed anew (RFC 3261 §13.2.2.4). */
  reroute(routeSet: readonly string[]): void {
    this.#routeSet = routeSet;
    this.#routing = undefined;
  }

  routing(): DialogRouting {
    return (this.#routing ??= route(this.#remoteTarget, this.#routeSet));
  }

  facts(): DialogFacts {
    return {
      callId: this.callId,
      localTag: this.localTag,
      remoteTag: this.remoteTag,
      localParty: this.localParty,
      remoteParty: this.remoteParty,
      localCseq: this.#localCseq,
      remoteCseq: this.#remoteCseq,
      remoteTarget: this.#remoteTarget,
      routeSet: this.#routeSet,
      secure: this.secure,
    };
  }
}

/** A peer of RFC 2543 may have no tag. */
const valueOf = (party: string, tag: string): string => (tag === "" ? party : withTag(party, tag));

/** RFC 3261 §12.2.1.1 and §16.12: behind a loose router the target stays the Request-URI, a strict router becomes it. */
export function route(target: string, routeSet: readonly string[]): DialogRouting {
  const first = routeSet[0];
  if (first === undefined) return { uri: target, routes: routeSet, nextHop: target };
  const firstUri = uriOf(first) ?? first;
  if (isLooseRouter(firstUri)) return { uri: target, routes: routeSet, nextHop: firstUri };
  return { uri: withoutHeaders(firstUri), routes: [...routeSet.slice(1), `<${target}>`], nextHop: firstUri };
}

/** `lr` with or without a value. RFC 3261 §19.1.1 */
const isLooseRouter = (uri: string): boolean => /;lr(?=[;=?]|$)/i.test(uri);

/** §12.2.1.1: what a Request-URI may not carry (URI headers, the method parameter) is left out. */
const withoutHeaders = (uri: string): string => uri.replace(/\?.*$/s, "").replace(/;method=[^;]*/i, "");
