import type { NextHopResolver } from "../ports/next-hop-resolver.js";
import type { SipTarget } from "../ports/sip-endpoint.js";
import type { HopChoice, HopSelector, TrunkPolicy } from "./contracts.js";
import type { HopHealth } from "./hop-health.js";
import { weightedRotation } from "./weighted-rotation.js";

export interface HopSettings {
  /** `host:port` or a SIP URI. */
  readonly hop: string;
  /** Lower is tried first. */
  readonly priority: number;
  /** Share among the hops of one priority, ≥ 1. */
  readonly weight: number;
  /** False: requests never switch from UDP to TCP because of their size. */
  readonly mtuSwitch: boolean;
}

export type HopGroups = Readonly<Record<string, readonly HopSettings[]>>;

interface Hop {
  readonly settings: HopSettings;
  /** The resolver's answer that `choice` was made from. */
  source: readonly SipTarget[] | undefined;
  choice: HopChoice;
}

interface Group {
  readonly hops: readonly Hop[];
  /** Health's generation that `orders` was made for. */
  generation: number;
  /** One for each turn of the rotation: all hops in the order to try them. */
  orders: readonly (readonly Hop[])[];
  turn: number;
}

/**
 * Next hops by priority; within the first priority that has a hop up they take turns by weight. Hops that are down come last, so
 * the answer is empty only when the group is, or when no name of it can be resolved.
 */
export class GroupHopSelector implements HopSelector {
  readonly #resolver: NextHopResolver;
  readonly #health: HopHealth;
  #groups = new Map<string, Group>();

  constructor(groups: HopGroups, deps: { readonly resolver: NextHopResolver; readonly health: HopHealth }) {
    this.#resolver = deps.resolver;
    this.#health = deps.health;
    this.reconfigure(groups);
  }

  /** Calls that have chosen already are not touched. */
  reconfigure(groups: HopGroups): void {
    const next = new Map<string, Group>();
    for (const [name, settings] of Object.entries(groups)) {
      const hops = settings.map((each): Hop => ({
        settings: each,
        source: undefined,
        choice: { name: each.hop, targets: [] },
      }));
      next.set(name, { hops, generation: -1, orders: [], turn: 0 });
    }
    this.#groups = next;
    this.#health.watch(
      [...next.values()].flatMap((group) =>
        group.hops.map((hop) => ({ name: hop.settings.hop, redundant: group.hops.length > 1 })),
      ),
    );
  }

  choose(trunk: TrunkPolicy): readonly HopChoice[] | Promise<readonly HopChoice[]> {
    const group = this.#groups.get(trunk.hopGroup);
    if (group === undefined || group.hops.length === 0) return [];
    const order = this.#nextOrder(group);
    const choices = this.#resolved(order);
    return choices.length > 0 ? choices : this.#resolveAll(order);
  }

  report(hop: string, outcome: "answered" | "failed" | "silent", retryAfterMs?: number): void {
    this.#health.report(hop, outcome, retryAfterMs);
  }

  #nextOrder(group: Group): readonly Hop[] {
    if (group.generation !== this.#health.generation) {
      group.generation = this.#health.generation;
      group.orders = this.#makeOrders(group.hops);
      group.turn %= group.orders.length;
    }
    const order = group.orders[group.turn] ?? group.hops;
    group.turn = (group.turn + 1) % group.orders.length;
    return order;
  }

  #makeOrders(hops: readonly Hop[]): readonly (readonly Hop[])[] {
    const byPriority = hops.toSorted((x, y) => x.settings.priority - y.settings.priority);
    const up = byPriority.filter((hop) => this.#health.isUp(hop.settings.hop));
    const down = byPriority.filter((hop) => !up.includes(hop));
    const usable = up.length > 0 ? up : down;
    const last = up.length > 0 ? down : [];
    const priority = usable[0]?.settings.priority;
    const level = usable.filter((hop) => hop.settings.priority === priority);
    const rest = usable.filter((hop) => hop.settings.priority !== priority);
    const rotation = weightedRotation(level.map((hop) => hop.settings.weight)).flatMap((index) =>
      level.slice(index, index + 1),
    );
    return rotation.map((_first, turn) => {
      const fromHere = [...rotation.slice(turn), ...rotation.slice(0, turn)];
      return [...new Set([...fromHere, ...rest, ...last])];
    });
  }

  /** Those whose address is known; the others are looked up for the next call. */
  #resolved(order: readonly Hop[]): readonly HopChoice[] {
    const choices: HopChoice[] = [];
    let missing = false;
    for (const hop of order) {
      const targets = this.#resolver.cached(hop.settings.hop);
      if (targets === undefined) missing = true;
      else if (targets.length > 0) choices.push(choiceOf(hop, targets));
    }
    if (missing && choices.length > 0) void this.#resolveAll(order);
    return choices;
  }

  async #resolveAll(order: readonly Hop[]): Promise<readonly HopChoice[]> {
    const answers = await Promise.allSettled(order.map((hop) => this.#resolver.resolve(hop.settings.hop)));
    return order.flatMap((hop, index) => {
      const answer = answers[index];
      return answer?.status === "fulfilled" && answer.value.length > 0 ? [choiceOf(hop, answer.value)] : [];
    });
  }
}

function choiceOf(hop: Hop, targets: readonly SipTarget[]): HopChoice {
  if (hop.source === targets) return hop.choice;
  hop.source = targets;
  hop.choice = {
    name: hop.settings.hop,
    targets: hop.settings.mtuSwitch ? targets : targets.map((target) => ({ ...target, mtuSwitch: false })),
  };
  return hop.choice;
}
