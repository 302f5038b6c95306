import type { CallHands } from "./carry-out.js";
import type { CallRegistry } from "./call-registry.js";

/** Steps about calls that another system carries. */
export interface ForeignHands extends CallHands {
  /** It carries that call. */
  knows(callId: string): boolean;
}

/** Gives each step to who carries the call: the hop first, then the other systems; what nobody knows goes to the hop, which counts it. */
export class RoutedHands implements CallHands {
  readonly #registry: Pick<CallRegistry, "has">;
  readonly #hop: CallHands;
  readonly #others: readonly ForeignHands[];

  constructor(registry: Pick<CallRegistry, "has">, hop: CallHands, others: readonly ForeignHands[]) {
    this.#registry = registry;
    this.#hop = hop;
    this.#others = others;
  }

  tag(order: Parameters<CallHands["tag"]>[0]): void {
    this.#of(order.callId).tag(order);
  }

  warn(order: Parameters<CallHands["warn"]>[0]): void {
    this.#of(order.callId).warn(order);
  }

  hold(order: Parameters<CallHands["hold"]>[0]): void {
    this.#of(order.callId).hold(order);
  }

  #of(callId: string): CallHands {
    if (this.#registry.has(callId)) return this.#hop;
    return this.#others.find((other) => other.knows(callId)) ?? this.#hop;
  }
}
