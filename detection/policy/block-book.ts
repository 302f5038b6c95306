import type { CallStarted, CalledId, CallerId, TrunkId } from "../model/events.js";
import type { Action, Block } from "../model/findings.js";
import { fail, ok, type Result } from "../model/result.js";
import { unixMs, type UnixMs } from "../model/time.js";
import type { WatchList, WatchedNumber } from "./watch-list.js";

/** What a person asks to be blocked. */
export interface BlockRequest {
  readonly called: CalledId;
  /** At least one of the three is needed; all that are present must match. */
  readonly caller?: CallerId;
  readonly callerPrefix?: string;
  readonly trunk?: TrunkId;
  readonly incidentId?: string;
  readonly reason: string;
  readonly createdBy: string;
  /** 1 s to 30 days. */
  readonly ttlMs: number;
}

export interface BlockError {
  /** `block.too-broad`: it would block everybody to that number. `block.ttl`: out of range. `block.full`: no room. */
  readonly code: "block.too-broad" | "block.ttl" | "block.full";
}

const MAX_TTL_MS = 30 * 86_400_000;

/** The blocks in force, by id and by called number. Bounded: when it is full, no block is added. */
export class BlockBook {
  readonly #blocks = new Map<string, Block>();
  readonly #watch: WatchList;
  readonly #limit: number;

  constructor(watch: WatchList, limit: number) {
    this.#watch = watch;
    this.#limit = limit;
  }

  get size(): number {
    return this.#blocks.size;
  }

  list(): readonly Block[] {
    return [...this.#blocks.values()];
  }

  add(request: BlockRequest, id: string, now: UnixMs): Result<Block, BlockError> {
    const { caller, callerPrefix, trunk, incidentId, ttlMs, called, reason, createdBy } = request;
    const hasPrefix = callerPrefix !== undefined && callerPrefix !== "" && callerPrefix !== "+";
    if (caller === undefined && !hasPrefix && trunk === undefined) return fail({ code: "block.too-broad" });
    if (!(ttlMs >= 1_000 && ttlMs <= MAX_TTL_MS)) return fail({ code: "block.ttl" });
    const block: Block = {
      id,
      called,
      ...(caller === undefined ? {} : { caller }),
      ...(hasPrefix ? { callerPrefix } : {}),
      ...(trunk === undefined ? {} : { trunk }),
      ...(incidentId === undefined ? {} : { incidentId }),
      createdAt: now,
      expiresAt: unixMs(now + ttlMs),
      createdBy,
      reason,
    };
    return this.restore(block) ? ok(block) : fail({ code: "block.full" });
  }

  /** Puts a block back as it is. @returns False when there is no room. */
  restore(block: Block): boolean {
    if (this.#blocks.size >= this.#limit) return false;
    const watched = this.#watch.watch(block.called);
    if (watched === undefined) return false;
    if (this.#blocks.has(block.id)) return true;
    this.#blocks.set(block.id, block);
    const key = keyOf(block);
    if (key !== undefined && !watched.callerBlocks.has(key)) watched.callerBlocks.set(key, block);
    else watched.blocks = [...watched.blocks, block];
    return true;
  }

  remove(id: string): Block | undefined {
    const block = this.#blocks.get(id);
    if (block === undefined) return undefined;
    this.#blocks.delete(id);
    const watched = this.#watch.get(block.called);
    if (watched === undefined) return block;
    const key = keyOf(block);
    if (key !== undefined && watched.callerBlocks.get(key)?.id === id) watched.callerBlocks.delete(key);
    else watched.blocks = watched.blocks.filter((other) => other.id !== id);
    return block;
  }

  /** @returns One action for each block whose time is over; `trunk` blocks of incidents still open are not over. */
  expire(now: UnixMs): Action[] {
    const actions: Action[] = [];
    for (const block of this.#blocks.values()) {
      if (block.expiresAt > now || isHeldOpen(block, this.#watch.get(block.called))) continue;
      this.remove(block.id);
      actions.push({ kind: "block", change: "expired", block });
    }
    return actions;
  }

  /** Lifts the blocks that an incident made: all of them, or only those of trunks and prefixes. */
  lift(watched: WatchedNumber, incidentId: string, which: "all" | "wide"): Action[] {
    const all = [...watched.callerBlocks.values(), ...watched.blocks];
    const lifted = all.filter(
      (block) => block.incidentId === incidentId && (which === "all" || block.caller === undefined),
    );
    for (const block of lifted) this.remove(block.id);
    return lifted.map((block) => ({ kind: "block", change: "removed", block }));
  }
}

/**
 * The block that a call runs into, undefined when none does. Blocks of trunks and prefixes that an incident made let regular
 * callers through.
 *
 * @param isRegular Did this caller reach the number before `moment`? Asked only when it matters.
 */
export function blockOf(
  watched: WatchedNumber,
  event: CallStarted,
  now: UnixMs,
  isRegular: (moment: UnixMs) => boolean,
): Block | undefined {
  const { callerBlocks } = watched;
  if (callerBlocks.size > 0) {
    const here = callerBlocks.get(callerKey(event.caller, event.trunk));
    if (here !== undefined && here.expiresAt > now) return here;
    const anywhere = callerBlocks.get(callerKey(event.caller));
    if (anywhere !== undefined && anywhere.expiresAt > now) return anywhere;
  }
  for (const block of watched.blocks) {
    if (block.expiresAt <= now && !isHeldOpen(block, watched)) continue;
    if (block.caller !== undefined && block.caller !== event.caller) continue;
    if (block.callerPrefix !== undefined && !event.caller.startsWith(block.callerPrefix)) continue;
    if (block.trunk !== undefined && block.trunk !== event.trunk) continue;
    const aimed = block.caller !== undefined || block.incidentId === undefined;
    if (!aimed && isRegular(block.createdAt)) continue;
    return block;
  }
  return undefined;
}

/** A block of one caller, by all trunks or by one, is found by this key. */
export const callerKey = (caller: CallerId, trunk?: TrunkId): string =>
  trunk === undefined ? caller : `${caller}\n${trunk}`;

const keyOf = ({ caller, callerPrefix, trunk }: Block): string | undefined =>
  caller === undefined || callerPrefix !== undefined ? undefined : callerKey(caller, trunk);

/** The block of a trunk or prefix lasts as long as the incident that made it. */
const isHeldOpen = (block: Block, watched: WatchedNumber | undefined): boolean =>
  block.caller === undefined && block.incidentId !== undefined && watched?.incident?.id === block.incidentId;
