import type { CdrCause } from "../../../../detection/index.js";

type EndCause = Extract<CdrCause, "fraud" | "operator" | "refused">;

/** The Q.850 cause with which we have calls hung up: call rejected. */
export const CALL_REJECTED = 21;

/**
 * What was ordered to end one call, so that its CDR says that we ended it where that is so, and only there: an order that Asterisk did
 * not take, or was never answered, ends nothing.
 */
export class EndOrders {
  #cause: EndCause | undefined;
  #open = 0;
  /** Requests that are not answered yet: the channel's end may be told before the answer comes. */
  #unanswered = 0;
  #sent = false;
  #taken = false;
  #leftToDialplan = false;

  /** Somebody is about to end it. */
  get underWay(): boolean {
    return this.#open > 0;
  }

  /** It is to end. The first reason counts. */
  want(cause: EndCause): void {
    this.#cause ??= cause;
  }

  /** Its dialplan refuses it by itself. */
  leaveToDialplan(): void {
    this.#leftToDialplan = true;
  }

  /** @returns To be called once the order has ended it, or is given up. */
  begin(cause: EndCause): () => void {
    this.want(cause);
    this.#open++;
    return () => {
      if (--this.#open === 0) this.#taken = false;
    };
  }

  /** A request leaves. @returns To be told whether Asterisk has taken it. */
  send(): (taken: boolean) => void {
    this.#sent = true;
    this.#unanswered++;
    return (taken) => {
      this.#unanswered--;
      this.#taken ||= taken;
    };
  }

  /** Its caller may have heard what Asterisk makes of our cause, not what a dialplan says. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Why we ended it; undefined: others did. @param q850 With which cause it ended. */
  causeOf(call: { readonly q850: number | undefined; readonly answered: boolean }): EndCause | undefined {
    const inTime = this.#open > 0 && (this.#unanswered > 0 || this.#taken);
    const byOurCause = call.q850 === CALL_REJECTED && (this.#sent || this.#leftToDialplan);
    return inTime || byOurCause || (this.#leftToDialplan && !call.answered) ? this.#cause : undefined;
  }
}
