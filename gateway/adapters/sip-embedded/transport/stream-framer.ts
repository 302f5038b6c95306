/** Why a stream cannot be cut into messages any further. */
export type FramingError =
  "stream.not-sip" | "stream.head-too-large" | "stream.body-too-large" | "stream.no-length" | "stream.bad-length";

export interface FrameSink {
  /** One whole message; the bytes are the sink's from now on. */
  onMessage(bytes: Buffer): void;
  /** One CRLF between messages (RFC 5626 §4.4.1: two are a ping, one is a pong). */
  onLineEnd(): void;
}

const CR = 0x0d;
const LF = 0x0a;
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");
const VERSION = "SIP/";
const LENGTH_NAME = "content-length";
const NO_LENGTH = -1;
const BAD_LENGTH = -2;

/**
 * Cuts a byte stream into SIP messages. RFC 3261 §18.3: by Content-Length, which a stream must have.
 *
 * Only CRLF ends a line here: with bare LF the end of the head could be read in two ways. A message without Content-Length,
 * with two that differ, or with one that is no number cannot be framed; nothing after it can be trusted either.
 * Memory: the unfinished message and one chunk. No byte is searched twice for the end of a head.
 */
export class StreamFramer {
  readonly #maxHead: number;
  readonly #maxBody: number;
  /** The unfinished message: `#held` bytes of `#buffer`. */
  #buffer: Buffer = Buffer.alloc(0);
  #held = 0;
  /** Bytes of `#buffer` that hold no end of the head. */
  #searched = 0;
  /** Whole length of the unfinished message, once its head is known. */
  #needed = 0;
  #sawCr = false;

  constructor(maxHeadBytes: number, maxBodyBytes: number) {
    this.#maxHead = maxHeadBytes;
    this.#maxBody = maxBodyBytes;
  }

  /** True while a message has begun and not ended. */
  get partial(): boolean {
    return this.#held > 0;
  }

  /** What has come of the unfinished message; after an error, of the one that could not be framed. */
  get unfinished(): Buffer {
    return this.#buffer.subarray(0, this.#held);
  }

  /** @returns The error after which the stream is of no more use, or undefined. */
  push(chunk: Buffer, sink: FrameSink): FramingError | undefined {
    let data = chunk;
    if (this.#held > 0) {
      this.#append(chunk);
      if (this.#held < this.#needed) return undefined;
      data = this.#buffer.subarray(0, this.#held);
    }
    let at = 0;
    while (at < data.length) {
      if (!this.partial) at = this.#skipLineEnds(data, at, sink);
      if (at === data.length) return undefined;
      const length = this.#measure(data, at);
      if (typeof length === "string") {
        this.#keep(data, at);
        return length;
      }
      if (length === undefined || at + length > data.length) {
        this.#keep(data, at);
        return undefined;
      }
      // `#forget` lets go of the buffer, so the message may be a view into it.
      const message = data.subarray(at, at + length);
      at += length;
      this.#forget();
      sink.onMessage(message);
    }
    return undefined;
  }

  /** @returns Bytes of the message at `at`, undefined while its head is not whole, or why it cannot be framed. */
  #measure(data: Buffer, at: number): number | FramingError | undefined {
    if (this.#needed > 0) return this.#needed;
    const first = data[at] ?? 0;
    if (first <= 0x20 || first >= 0x7f) return "stream.not-sip";
    const headEnd = data.indexOf(HEAD_END, at + Math.max(0, this.#searched - 3));
    if (headEnd < 0) {
      this.#searched = data.length - at;
      return this.#searched > this.#maxHead ? "stream.head-too-large" : undefined;
    }
    const headLength = headEnd + HEAD_END.length - at;
    if (headLength > this.#maxHead) return "stream.head-too-large";
    const firstLineEnd = data.indexOf(CR, at);
    if (!data.toString("latin1", at, firstLineEnd).toUpperCase().includes(VERSION)) return "stream.not-sip";
    const bodyLength = contentLength(data, firstLineEnd, headEnd + 2);
    if (bodyLength === NO_LENGTH) return "stream.no-length";
    if (bodyLength === BAD_LENGTH) return "stream.bad-length";
    if (bodyLength > this.#maxBody) return "stream.body-too-large";
    this.#needed = headLength + bodyLength;
    return this.#needed;
  }

  #skipLineEnds(data: Buffer, from: number, sink: FrameSink): number {
    let at = from;
    for (; at < data.length; at++) {
      const byte = data[at];
      if (byte === LF && this.#sawCr) sink.onLineEnd();
      else if (byte !== CR && byte !== LF) break;
      this.#sawCr = byte === CR;
    }
    if (at < data.length) this.#sawCr = false;
    return at;
  }

  #append(chunk: Buffer): void {
    const total = this.#held + chunk.length;
    if (total > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(total, this.#needed, 2 * this.#held));
      this.#buffer.copy(larger, 0, 0, this.#held);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#held);
    this.#held = total;
  }

  /** Keeps what is left of `data` from `at` on as the unfinished message. */
  #keep(data: Buffer, at: number): void {
    if (this.#held > 0) return; // it is there already
    this.#append(data.subarray(at));
  }

  #forget(): void {
    if (this.#buffer.length > 0) this.#buffer = Buffer.alloc(0);
    this.#held = 0;
    this.#searched = 0;
    this.#needed = 0;
  }
}

/**
 * The value of `Content-Length` or `l` in the lines after the one that ends at `from`; folded values and space before the colon
 * are understood, lines that continue another one are not mistaken for a field.
 */
function contentLength(data: Buffer, from: number, end: number): number {
  let found = NO_LENGTH;
  let line = data.indexOf(LF, from) + 1;
  while (line > 0 && line < end) {
    const next = data.indexOf(LF, line) + 1;
    const first = (data[line] ?? 0) | 0x20;
    if (first === 0x63 || first === 0x6c) {
      const colon = data.indexOf(0x3a, line);
      if (colon > 0 && colon < next && isLengthName(data, line, colon)) {
        const value = lengthValue(data, colon + 1, end);
        if (value === BAD_LENGTH || (found !== NO_LENGTH && found !== value)) return BAD_LENGTH;
        found = value;
      }
    }
    line = next;
  }
  return found;
}

function isLengthName(data: Buffer, start: number, colon: number): boolean {
  let end = colon;
  while (end > start && isSpace(data[end - 1])) end--;
  if (end - start === 1) return ((data[start] ?? 0) | 0x20) === 0x6c;
  return end - start === LENGTH_NAME.length && data.toString("latin1", start, end).toLowerCase() === LENGTH_NAME;
}

function lengthValue(data: Buffer, from: number, end: number): number {
  let at = skipSpace(data, from, end);
  let value = 0;
  let digits = 0;
  for (; at < end; at++, digits++) {
    const digit = (data[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  at = skipSpace(data, at, end);
  const ended = data[at] === CR && data[at + 1] === LF;
  return digits === 0 || digits > 9 || !ended ? BAD_LENGTH : value;
}

/** Past spaces, tabs and folds (CRLF followed by one of them). RFC 3261 §7.3.1 */
function skipSpace(data: Buffer, from: number, end: number): number {
  let at = from;
  for (;;) {
    if (isSpace(data[at])) at++;
    else if (data[at] === CR && data[at + 1] === LF && isSpace(data[at + 2]) && at + 2 < end) at += 3;
    else return at;
  }
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;
