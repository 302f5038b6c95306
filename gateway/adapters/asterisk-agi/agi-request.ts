import { fail, ok, type Result } from "../../core/result.js";

/** What Asterisk says of a call before the first command. Hostile; without control characters but tabs. */
export interface AgiRequest {
  /** `callerid`, `uniqueid` …: without `agi_`. Arguments are not among them. */
  readonly fields: ReadonlyMap<string, string>;
  /** `AGI(agi://host/script,one,two)`, in order. */
  readonly args: readonly string[];
  /** Something stood in it that Asterisk does not write by itself: a line break or another control character in a value. */
  readonly isOdd: boolean;
}

export interface AgiRequestError {
  /** `agi.malformed`: its first line is not `agi_name: value`. */
  readonly code: "agi.too-long" | "agi.malformed";
}

export interface AgiRequestLimits {
  /** More is refused. */
  readonly maxBytes: number;
  /** What a line has beyond that is cut. */
  readonly maxLineBytes: number;
  /** Further ones are not looked at. */
  readonly maxLines: number;
}

/** Asterisk sends about 25 lines and up to 128 arguments; an application is given 8,192 characters at most. */
export const DEFAULT_AGI_REQUEST: AgiRequestLimits = { maxBytes: 32_768, maxLineBytes: 8_448, maxLines: 400 };

const LINE = /^agi_([a-z0-9_]{1,64}):(?: (.*))?$/s;
const ARGUMENT = /^arg_(\d{1,3})$/;
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]+/g;
const LF = 0x0a;

/** Asterisk's order (res/res_agi.c, setup_env): of these the first line is its own, as what a caller chooses comes after them. */
const BEFORE_THE_CALLER: ReadonlySet<string> = new Set([
  "network",
  "network_script",
  "request",
  "channel",
  "language",
  "type",
  "uniqueid",
  "version",
  "callerid",
]);
/** These come after: the last is its own, and arguments are what follows them. */
const AFTER_THE_CALLER: ReadonlySet<string> = new Set([
  "calleridname",
  "callingpres",
  "callingani2",
  "callington",
  "callingtns",
  "dnid",
  "rdnis",
  "context",
  "extension",
  "priority",
  "enhanced",
  "accountcode",
  "threadid",
]);

/** @returns The text without control characters; a tab may be. */
export const withoutControls = (text: string): string => text.replace(CONTROL, "");

/**
 * Reads an AGI environment: lines `agi_name: value`, then an empty one. Asterisk writes values as they are, line breaks included, and
 * callers choose some: nothing in a value makes the request none. What cannot be a line of Asterisk's is the rest of a value, and
 * ignored. An empty line in a value ends the environment early: then fields are missing, or invented ones are there, and what Asterisk
 * still has to say comes as answers (agi-conversation.ts). No clock, no socket; as much memory as its limits say.
 */
export class AgiRequestReader {
  readonly #limits: AgiRequestLimits;
  readonly #fields = new Map<string, string>();
  readonly #args = new Map<number, string>();
  /** The line that is not whole yet, one character a byte. */
  #line = "";
  #bytes = 0;
  #lines = 0;
  #isOdd = false;

  constructor(limits: AgiRequestLimits = DEFAULT_AGI_REQUEST) {
    this.#limits = limits;
  }

  /** @returns The request and what came after it; undefined while it is not whole; the first reason why it is none. */
  push(chunk: Uint8Array): Result<{ request: AgiRequest; rest: Uint8Array } | undefined, AgiRequestError> {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LF, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      this.#bytes += piece.length + 1;
      if (this.#bytes > this.#limits.maxBytes) return fail({ code: "agi.too-long" });
      const room = Math.min(piece.length, this.#limits.maxLineBytes - this.#line.length);
      this.#line += Buffer.from(piece.buffer, piece.byteOffset, room).toString("latin1");
      if (end < 0) return ok(undefined);
      from = end + 1;
      const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
      this.#line = "";
      if (line === "" && this.#lines > 0) return ok({ request: this.#whole(), rest: chunk.subarray(from) });
      const isTaken = ++this.#lines <= this.#limits.maxLines && this.#take(line);
      if (!isTaken && this.#lines === 1) return fail({ code: "agi.malformed" });
      if (!isTaken) this.#isOdd = true;
    }
  }

  /** @returns False: it is no line of Asterisk's own. */
  #take(line: string): boolean {
    const match = LINE.exec(line);
    if (match === null) return false;
    const [, name = "", bytes = ""] = match;
    const text = Buffer.from(bytes, "latin1").toString("utf8");
    const value = withoutControls(text);
    if (value !== text) this.#isOdd = true;
    const index = ARGUMENT.exec(name)?.[1];
    if (index !== undefined) {
      const isFirst = !this.#args.has(Number(index));
      this.#args.set(Number(index), value);
      return isFirst;
    }
    const isFirst = !this.#fields.has(name);
    // What looked like an argument stood in a value.
    const isLater = AFTER_THE_CALLER.has(name);
    const hadArguments = isLater && this.#args.size > 0;
    if (hadArguments) this.#args.clear();
    if (isFirst || !BEFORE_THE_CALLER.has(name)) this.#fields.set(name, value);
    return isFirst && !hadArguments;
  }

  #whole(): AgiRequest {
    const args = [...this.#args].toSorted(([a], [b]) => a - b).map(([, value]) => value);
    return { fields: this.#fields, args, isOdd: this.#isOdd };
  }
}
