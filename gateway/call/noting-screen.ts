import type { CallAnswered, CallEnded, CallStarted, Decision } from "../../detection/index.js";
import type { CallScreen } from "./contracts.js";
import type { KnownCallers } from "./known-callers.js";

/** Tells of every call that is decided on, whichever system carries it, who called and whether anything was found against it. */
export class NotingScreen implements CallScreen {
  readonly #screen: CallScreen;
  readonly #callers: Pick<KnownCallers, "began" | "answered" | "ended">;

  constructor(screen: CallScreen, callers: Pick<KnownCallers, "began" | "answered" | "ended">) {
    this.#screen = screen;
    this.#callers = callers;
  }

  callStarted(event: CallStarted): Decision {
    const decision = this.#screen.callStarted(event);
    this.#callers.began(event, decision.verdict === "allow" && !decision.detected && !decision.wouldRefuse);
    return decision;
  }

  callAnswered(event: CallAnswered): void {
    this.#screen.callAnswered(event);
    this.#callers.answered(event);
  }

  callEnded(event: CallEnded): void {
    this.#screen.callEnded(event);
    this.#callers.ended(event);
  }
}
