import type { Random } from "../core/random.js";
import { LEG_HEADER, type HopLegs } from "../ports/hop-legs.js";
import type { OutgoingSpec } from "../ports/sip-endpoint.js";
import type { CallObserver, LiveCall } from "./contracts.js";

/** The ids of one call, and the mark of its called side. */
interface CallLegs {
  /** Undefined: it is over. */
  live: LiveCall | undefined;
  readonly received: string;
  /** How often an INVITE left under it: a hop that fails is followed by another. */
  readonly placed: Map<string, number>;
  mark: string | undefined;
  /** Calls elsewhere that have shown the mark: as many as there are legs, at most. */
  readonly shownBy: Set<string>;
}

/** Legs that left under one Call-ID. */
interface Placed {
  readonly calls: Set<CallLegs>;
  legs: number;
  claimed: number;
}

/** 128 bits: nobody guesses it within a call. */
const MARK_BYTES = 16;

/** The legs of the hop's calls, those of the last ones that are over included. */
export class HopLegBook implements HopLegs, CallObserver {
  readonly #random: Random;
  readonly #ofCall = new WeakMap<LiveCall, CallLegs>();
  /** How many calls, live or remembered, came with it. */
  readonly #received = new Map<string, number>();
  readonly #placed = new Map<string, Placed>();
  /** Of calls that are over, round and round. */
  readonly #over: (CallLegs | undefined)[];
  #next = 0;

  /** @param remembered Calls that are over, at least 1. */
  constructor(random: Random, remembered = 4_096) {
    this.#random = random;
    this.#over = new Array<CallLegs | undefined>(remembered).fill(undefined);
  }

  received(sipCallId: string): boolean {
    return this.#received.has(sipCallId);
  }

  placed(sipCallId: string): "no" | "yes" | "marked" {
    const legs = this.#placed.get(sipCallId);
    if (legs === undefined) return "no";
    for (const call of legs.calls) if (!isMarked(call, sipCallId)) return "yes";
    return "marked";
  }

  show(sipCallId: string, mark: string, by: string): boolean {
    for (const { mark: own, shownBy, placed } of this.#placed.get(sipCallId)?.calls ?? []) {
      if (own !== mark) continue;
      if (shownBy.size < (placed.get(sipCallId) ?? 0)) shownBy.add(by);
      return shownBy.has(by);
    }
    return false;
  }

  claim(sipCallId: string): boolean {
    const legs = this.#placed.get(sipCallId);
    if (legs === undefined || legs.claimed >= legs.legs) return false;
    legs.claimed++;
    return true;
  }

  /** The call whose called side that leg is, while it is up. @param mark Undefined: it bears none. */
  call(sipCallId: string, mark: string | undefined): LiveCall | undefined {
    for (const call of this.#placed.get(sipCallId)?.calls ?? [])
      if (call.live !== undefined && (!isMarked(call, sipCallId) || call.mark === mark)) return call.live;
    return undefined;
  }

  /** An INVITE of the call is about to leave. A Call-ID of our own is a secret already. */
  marked(call: LiveCall, spec: OutgoingSpec): OutgoingSpec {
    if (spec.callId === undefined) return spec;
    const legs = this.#of(call);
    legs.mark ??= this.#random.token(MARK_BYTES);
    return { ...spec, headers: [...(spec.headers ?? []), [LEG_HEADER, legs.mark]] };
  }

  /** Calls that a former process had come with both legs, and without what it had marked them with. */
  onStarted(call: LiveCall): void {
    this.#of(call);
    const restored = call.snapshots()?.b.callId;
    if (restored !== undefined) this.onInvited(call, restored);
  }

  onInvited(call: LiveCall, bCallId: string): void {
    const legs = this.#of(call);
    legs.placed.set(bCallId, (legs.placed.get(bCallId) ?? 0) + 1);
    const known = this.#placed.get(bCallId);
    if (known === undefined) this.#placed.set(bCallId, { calls: new Set([legs]), legs: 1, claimed: 0 });
    else {
      known.calls.add(legs);
      known.legs++;
    }
  }

  onEnded(call: LiveCall): void {
    const legs = this.#ofCall.get(call);
    if (legs?.live === undefined) return;
    legs.live = undefined;
    const oldest = this.#over[this.#next];
    if (oldest !== undefined) this.#forget(oldest);
    this.#over[this.#next] = legs;
    this.#next = (this.#next + 1) % this.#over.length;
  }

  #of(call: LiveCall): CallLegs {
    let legs = this.#ofCall.get(call);
    if (legs === undefined) {
      const { sipCallId } = call;
      this.#ofCall.set(
        call,
        (legs = { live: call, received: sipCallId, placed: new Map(), mark: undefined, shownBy: new Set() }),
      );
      this.#received.set(sipCallId, (this.#received.get(sipCallId) ?? 0) + 1);
    }
    return legs;
  }

  #forget(legs: CallLegs): void {
    const left = (this.#received.get(legs.received) ?? 1) - 1;
    if (left <= 0) this.#received.delete(legs.received);
    else this.#received.set(legs.received, left);
    for (const [id, count] of legs.placed) {
      const known = this.#placed.get(id);
      if (known === undefined) continue;
      known.calls.delete(legs);
      known.legs -= count;
      if (known.calls.size === 0) this.#placed.delete(id);
    }
  }
}

/** Its Call-ID is its caller's, and the mark tells it from others that bear the same. */
const isMarked = ({ received, mark }: CallLegs, sipCallId: string): boolean =>
  sipCallId === received && mark !== undefined;
