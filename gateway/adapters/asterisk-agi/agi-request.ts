import { fail, ok, type Result } from "../../core/result.js";

/** What Asterisk says of a call before the first command. Texts as sent; hostile. */
export interface AgiRequest {
  /** `callerid`, `uniqueid` …: without `agi_`. Arguments are not among them. */
  readonly fields: ReadonlyMap<string, string>;
  /** `AGI(agi://host/script,one,two)`, in order. */
  readonly args: readonly string[];
}

export interface AgiRequestError {
  /** `agi.malformed`: not `agi_name: value`, a control character, or a name twice. */
  readonly code: "agi.too-long" | "agi.too-many-lines" | "agi.malformed";
}

export interface AgiRequestLimits {
  readonly maxBytes: number;
  readonly maxLineBytes: number;
  readonly maxLines: number;
}

/** Asterisk sends about 25 lines and up to 128 arguments. */
export const DEFAULT_AGI_REQUEST: AgiRequestLimits = { maxBytes: 32_768, maxLineBytes: 4_096, maxLines: 200 };

const LINE = /^agi_([a-z0-9_]{1,64}):(?: (.*))?$/;
const ARGUMENT = /^arg_(\d{1,3})$/;
/** None of it is in a line; a tab may be. */
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const LF = 0x0a;

/** Reads an AGI environment: lines `agi_name: value`, then an empty one. No clock, no socket; as much memory as its limits say. */
export class AgiRequestReader {
  readonly #limits: AgiRequestLimits;
  readonly #fields = new Map<string, string>();
  readonly #args = new Map<number, string>();
  /** The line that is not whole yet, one character a byte. */
  #line = "";
  #bytes = 0;
  #lines = 0;

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
      if (this.#line.length + piece.length > this.#limits.maxLineBytes) return fail({ code: "agi.too-long" });
      this.#line += Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
      if (end < 0) return ok(undefined);
      from = end + 1;
      const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
      this.#line = "";
      if (line === "" && this.#lines > 0) return ok({ request: this.#whole(), rest: chunk.subarray(from) });
      if (++this.#lines > this.#limits.maxLines) return fail({ code: "agi.too-many-lines" });
      if (!this.#take(line)) return fail({ code: "agi.malformed" });
    }
  }

  #take(line: string): boolean {
    const match = LINE.exec(line);
    if (match === null || CONTROL.test(line)) return false;
    const [, name = "", bytes = ""] = match;
    const value = Buffer.from(bytes, "latin1").toString("utf8");
    const index = ARGUMENT.exec(name)?.[1];
    // A name that comes twice has been smuggled in with a value.
    if (index === undefined ? this.#fields.has(name) : this.#args.has(Number(index))) return false;
    if (index === undefined) this.#fields.set(name, value);
    else this.#args.set(Number(index), value);
    return true;
  }

  #whole(): AgiRequest {
    const args = [...this.#args].toSorted(([a], [b]) => a - b).map(([, value]) => value);
    return { fields: this.#fields, args };
  }
}
