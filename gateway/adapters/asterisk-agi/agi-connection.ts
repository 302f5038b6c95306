import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import { AgiConversation, type AgiOutcome } from "./agi-conversation.js";
import type { AgiRequest } from "./agi-request.js";
import type { AgiScriptReply } from "./agi-scripts.js";

/** A peer has so long to close its side after we closed ours, ms. */
export const LINGER_MS = 1_000;

/** How one request went. */
export interface AgiEnd {
  readonly outcome: AgiOutcome;
  /** `none`: it never became one. */
  readonly script: AgiScriptReply["script"] | "none";
  readonly tookMs: number;
  readonly unread: readonly string[];
  /** As `AgiRequest.isOdd`. */
  readonly isOdd: boolean;
}

export interface AgiConnectionDeps {
  readonly clock: Clock;
  readonly deadline: MonoMs;
  readonly reply: (request: AgiRequest) => AgiScriptReply;
  readonly onFinish: (end: AgiEnd) => void;
  /** The socket is closed. */
  readonly onGone: () => void;
}

/** One socket and its conversation, until both are over. */
export class AgiConnection {
  readonly #socket: Socket;
  readonly #deps: AgiConnectionDeps;
  readonly #startedAt: MonoMs;
  readonly #conversation: AgiConversation;
  #reply: AgiScriptReply | undefined;
  #isOdd = false;
  #cancel: () => void;
  #finished = false;

  constructor(socket: Socket, deps: AgiConnectionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#startedAt = deps.clock.mono();
    this.#conversation = new AgiConversation((request) => {
      this.#isOdd = request.isOdd;
      return (this.#reply = deps.reply(request));
    });
    this.#cancel = deps.clock.callAt(deps.deadline, () => this.drop("timed-out"));
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("end", () => this.finish("gone"));
    socket.on("close", () => {
      this.finish("gone");
      this.#cancel();
      deps.onGone();
    });
  }

  get replied(): boolean {
    return this.#conversation.replied;
  }

  /** Closes our side; the peer has a second to close its own, or all of its time. Does nothing when it was finished before. */
  finish(outcome: AgiOutcome): void {
    if (this.#finished) return;
    this.#finished = true;
    const { clock, deadline, onFinish } = this.#deps;
    this.#cancel();
    // Where all was sent without an answer it has yet to be carried out.
    const untilMs = outcome === "refused" || outcome === "hung-up" ? deadline : 0;
    this.#cancel = clock.callAt(monoMs(Math.max(untilMs, clock.mono() + LINGER_MS)), () => this.#socket.destroy());
    this.#socket.end();
    const { script = "none", unread = [] } = this.#reply ?? {};
    onFinish({ outcome, script, tookMs: clock.mono() - this.#startedAt, unread, isOdd: this.#isOdd });
  }

  /** At once, whatever the peer does. */
  drop(outcome: AgiOutcome): void {
    this.finish(outcome);
    this.#socket.destroy();
  }

  #read(chunk: Uint8Array): void {
    // What comes after the end is read and forgotten: unread bytes would turn our close into a reset.
    if (this.#finished) return;
    for (const step of this.#conversation.push(chunk)) {
      if (step.kind === "send") this.#socket.write(`${step.line}\n`);
      else this.finish(step.outcome);
    }
  }
}
