import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";

export interface Refusal {
  /** `auth.refused` (401), `auth.forbidden` (403), `rate.limited` (429). */
  readonly action: "auth.refused" | "auth.forbidden" | "rate.limited";
  readonly actor: string;
  readonly role: string;
  /** `METHOD /route/pattern`, never what the client wrote. */
  readonly target: string;
  readonly source: string;
  readonly status: number;
}

interface Tally {
  readonly refusal: Refusal;
  repeats: number;
}

export interface RefusalAuditOptions {
  /** Repeats within this time become one entry, ms. */
  readonly windowMs: number;
  /** Different refusals told apart within a window; more are counted together. */
  readonly maxKinds: number;
}

/**
 * Every refusal reaches the audit log, a flood of them does not fill the disk: the first of a kind is written at once, its
 * repeats within the window as one entry with their number. At most 2 × `maxKinds` + 1 entries a window.
 */
export class RefusalAudit {
  readonly #options: RefusalAuditOptions;
  readonly #clock: Clock;
  readonly #write: (refusal: Refusal, count: number) => void;
  #tallies = new Map<string, Tally>();
  #rest: Tally | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, write: (refusal: Refusal, count: number) => void, options: RefusalAuditOptions) {
    this.#clock = clock;
    this.#write = write;
    this.#options = options;
  }

  add(refusal: Refusal): void {
    this.#cancel ??= this.#clock.callAt(monoMs(this.#clock.mono() + this.#options.windowMs), () => this.flush());
    const key = `${refusal.action} ${refusal.actor} ${refusal.source} ${refusal.target}`;
    const tally = this.#tallies.get(key);
    if (tally !== undefined) {
      tally.repeats++;
    } else if (this.#tallies.size < this.#options.maxKinds) {
      this.#tallies.set(key, { refusal, repeats: 0 });
      this.#write(refusal, 1);
    } else {
      this.#rest ??= {
        refusal: { ...refusal, actor: "several", role: "none", target: "several", source: "several" },
        repeats: 0,
      };
      this.#rest.repeats++;
    }
  }

  /** Writes what was counted and starts a new window. Called at the window's end and on close. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const counted = [...this.#tallies.values(), ...(this.#rest === undefined ? [] : [this.#rest])];
    this.#tallies = new Map();
    this.#rest = undefined;
    for (const { refusal, repeats } of counted) if (repeats > 0) this.#write(refusal, repeats);
  }
}
