import { readAnswer } from "./agi-command.js";
import { AgiRequestReader, type AgiRequest, type AgiRequestLimits } from "./agi-request.js";

/** How a request ended. */
export type AgiOutcome =
  /** All was set. */
  | "answered"
  /** No verdict could be had; the dialplan was told so, and lets the call through. */
  | "unavailable"
  | "unknown-script"
  | "malformed"
  | "too-long"
  /** The caller hung up meanwhile, or the dialplan waited no longer: Asterisk says HANGUP of both, so that it does not end the call. */
  | "hung-up"
  /** Asterisk refused a command, or answered with something else. All were sent. */
  | "refused"
  /** The connection was gone before the end. */
  | "gone"
  | "timed-out"
  /** The gateway is being shut down. */
  | "closing";

export interface AgiReply {
  /** Sent one after the other: Asterisk reads the next command when it has answered the last. */
  readonly commands: readonly string[];
  readonly outcome: Extract<AgiOutcome, "answered" | "unavailable" | "unknown-script">;
}

export type AgiStep =
  { readonly kind: "send"; readonly line: string } | { readonly kind: "finish"; readonly outcome: AgiOutcome };

/** Longest answer to a command. */
const MAX_ANSWER_BYTES = 2_048;
const LF = 0x0a;
const WAIT: readonly AgiStep[] = [];

/** One AGI connection without its socket: bytes in, lines to send and the end out. */
export class AgiConversation {
  readonly #reader: AgiRequestReader;
  readonly #reply: (request: AgiRequest) => AgiReply;
  #answers: AgiAnswers | undefined;

  /** @param reply Called once, when the request is whole. Must not throw. */
  constructor(reply: (request: AgiRequest) => AgiReply, limits?: AgiRequestLimits) {
    this.#reader = new AgiRequestReader(limits);
    this.#reply = reply;
  }

  /** The request is whole and was replied to; what is missing is Asterisk's answers. */
  get replied(): boolean {
    return this.#answers !== undefined;
  }

  /** Not to be called after `finish`. */
  push(chunk: Uint8Array): readonly AgiStep[] {
    if (this.#answers !== undefined) return this.#answers.push(chunk);
    const read = this.#reader.push(chunk);
    if (!read.ok) return [{ kind: "finish", outcome: read.error.code === "agi.malformed" ? "malformed" : "too-long" }];
    if (read.value === undefined) return WAIT;
    this.#answers = new AgiAnswers(this.#reply(read.value.request));
    const first = this.#answers.next();
    return first.kind === "finish" || read.value.rest.length === 0
      ? [first]
      : [first, ...this.#answers.push(read.value.rest)];
  }
}

/**
 * Sends commands and checks what comes back. What does not fit, a hang-up included, may stand in the rest of an environment that an
 * empty line in a value has ended early: whoever chose the value is not to choose what we do. Then all that is left is sent at once, and
 * nothing more is believed; who closes our side has Asterisk carry it out (it reads a line whenever there is something, the end too).
 */
class AgiAnswers {
  readonly #reply: AgiReply;
  #sent = 0;
  #line = "";

  constructor(reply: AgiReply) {
    this.#reply = reply;
  }

  next(): AgiStep {
    const line = this.#reply.commands[this.#sent++];
    return line === undefined ? { kind: "finish", outcome: this.#reply.outcome } : { kind: "send", line };
  }

  push(chunk: Uint8Array): readonly AgiStep[] {
    const steps: AgiStep[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LF, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (this.#line.length + piece.length > MAX_ANSWER_BYTES) return [...steps, ...this.#allThen("refused")];
      this.#line += Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
      if (end < 0) return steps;
      from = end + 1;
      const taken = this.#take(this.#line.replace(/\r$/, ""));
      this.#line = "";
      steps.push(...taken);
      if (taken.some(({ kind }) => kind === "finish")) return steps;
    }
  }

  #take(line: string): readonly AgiStep[] {
    const answer = readAnswer(line);
    if (answer.kind === "done") return [this.next()];
    return this.#allThen(answer.kind === "hangup" ? "hung-up" : "refused");
  }

  #allThen(outcome: AgiOutcome): readonly AgiStep[] {
    const left = this.#reply.commands.slice(this.#sent).map((line) => ({ kind: "send", line }) as const);
    return [...left, { kind: "finish", outcome }];
  }
}
