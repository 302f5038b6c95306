import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { HeardCall, Listening } from "../../ports/listening.js";

export interface HeardCallsDeps {
  readonly listening: Pick<Listening, "open" | "close">;
  /** Somebody listens to that call. */
  readonly isHeard: (callId: string) => boolean;
  readonly clock: Clock;
}

interface Held {
  channels: number;
  cancelEnd: () => void;
}

/** The last words become text, and the other side may still come (or come back), ms. */
const LINGER_MS = 2_000;

/** The calls whose sound comes in over channels: heard from the first of them on, until a moment after the last. */
export class HeardCalls {
  readonly #deps: HeardCallsDeps;
  readonly #held = new Map<string, Held>();

  constructor(deps: HeardCallsDeps) {
    this.#deps = deps;
  }

  /** One more channel of that call. @returns False: somebody else hears the call already, and each word would be heard twice. */
  take(call: HeardCall): boolean {
    const { listening, isHeard } = this.#deps;
    let held = this.#held.get(call.callId);
    if (held === undefined) {
      if (isHeard(call.callId)) return false;
      held = { channels: 0, cancelEnd: () => undefined };
      this.#held.set(call.callId, held);
      listening.open(call);
    }
    held.cancelEnd();
    held.channels++;
    return true;
  }

  /** One channel less. */
  leave(callId: string): void {
    const { clock } = this.#deps;
    const held = this.#held.get(callId);
    if (held === undefined || --held.channels > 0) return;
    held.cancelEnd = clock.callAt(monoMs(clock.mono() + LINGER_MS), () => this.#end(callId));
  }

  /** All of them end now. */
  close(): void {
    for (const [callId, held] of [...this.#held]) {
      held.cancelEnd();
      this.#end(callId);
    }
  }

  #end(callId: string): void {
    this.#held.delete(callId);
    this.#deps.listening.close(callId);
  }
}
