import { unixMs, type UnixMs } from "../../../core/time.js";
import type { AriLink } from "../ari-contracts.js";
import { readVariable } from "../hearing/channel-variables.js";
import type { WatchedCall } from "./watched-call.js";

/** Questions at a time: thousands of calls may be up when we come, and orders to end some of them must not wait. */
const AT_A_TIME = 2;
/** Asterisk begins a new record of a channel that goes on after a transfer; what that says of the answer is not the call's. */
const SAME_START_MS = 1_000;

/**
 * When calls were answered that were up before we heard of them: a channel has the time of its creation only, its CDR in Asterisk
 * (func_cdr) both. What it does not tell, or not in time, stays what it was.
 */
export class AnswerTimes {
  readonly #link: AriLink;
  readonly #waiting: WatchedCall[] = [];
  #asking = 0;

  constructor(link: AriLink) {
    this.#link = link;
  }

  /** Sets its `answeredAt` later. */
  ask(call: WatchedCall): void {
    this.#waiting.push(call);
    if (this.#asking < AT_A_TIME) void this.#askAll();
  }

  /** Who still waits is not asked about. */
  close(): void {
    this.#waiting.length = 0;
  }

  async #askAll(): Promise<void> {
    this.#asking++;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      const at = call.gone ? undefined : await this.#answerOf(call);
      if (at !== undefined) call.answeredAt = at;
    }
    this.#asking--;
  }

  async #answerOf({ uniqueId, startedAt }: WatchedCall): Promise<UnixMs | undefined> {
    const answer = timeOf(await readVariable(this.#link, uniqueId, "CDR(answer,u)"));
    if (answer === undefined || answer < startedAt) return undefined;
    const start = timeOf(await readVariable(this.#link, uniqueId, "CDR(start,u)"));
    return start !== undefined && Math.abs(start - startedAt) <= SAME_START_MS ? answer : undefined;
  }
}

/** `1796123760.148799`, seconds. */
function timeOf(text: string | undefined): UnixMs | undefined {
  return text !== undefined && /^\d{1,12}\.\d{1,6}$/.test(text) ? unixMs(Math.floor(Number(text) * 1_000)) : undefined;
}
