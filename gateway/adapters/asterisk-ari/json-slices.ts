const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/**
 * Reads a JSON array piece by piece, so that a list of thousands of channels never holds the thread as one `JSON.parse` would.
 * What is no array is kept and parsed whole at the end. Finds where elements end; `JSON.parse` says whether they are JSON.
 */
export class JsonSlices {
  readonly #elements: unknown[] = [];
  #kind: "unknown" | "array" | "whole" = "unknown";
  /** Not parsed yet. In an array: from the start of the element that is not complete. */
  #rest = "";
  /** Of `#rest`, looked at. */
  #at = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #closed = false;

  /** @throws SyntaxError */
  push(text: string): void {
    this.#rest += text;
    if (this.#kind === "unknown") this.#begin();
    if (this.#kind === "array") this.#scan();
  }

  /** @returns The value; undefined where nothing came. @throws SyntaxError */
  end(): unknown {
    if (this.#kind !== "array") return this.#rest.trim() === "" ? undefined : (JSON.parse(this.#rest) as unknown);
    if (!this.#closed || this.#rest.trim() !== "") throw new SyntaxError("an array that does not end where it should");
    return this.#elements;
  }

  #begin(): void {
    const start = this.#rest.search(/\S/);
    if (start < 0) return;
    this.#kind = this.#rest.charCodeAt(start) === OPEN_BRACKET ? "array" : "whole";
    if (this.#kind === "array") this.#rest = this.#rest.slice(start + 1);
  }

  #scan(): void {
    let from = 0;
    let at = this.#at;
    for (; at < this.#rest.length && !this.#closed; at++) {
      const code = this.#rest.charCodeAt(at);
      if (this.#inText) this.#inside(code);
      else if (code === QUOTE) this.#inText = true;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#depth++;
      else if (this.#depth === 0 && (code === COMMA || code === CLOSE_BRACKET)) {
        this.#take(this.#rest.slice(from, at), code === COMMA);
        from = at + 1;
        this.#closed = code === CLOSE_BRACKET;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#depth--;
    }
    this.#rest = this.#rest.slice(from);
    this.#at = at - from;
  }

  #inside(code: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) this.#inText = false;
  }

  #take(element: string, more: boolean): void {
    if (!more && this.#elements.length === 0 && element.trim() === "") return;
    this.#elements.push(JSON.parse(element) as unknown);
  }
}
